"""Mosaic methods: the order of items, one method a file."""
