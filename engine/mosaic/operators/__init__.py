"""Mosaic operators: how overlapping pixels combine, one operator a file."""
