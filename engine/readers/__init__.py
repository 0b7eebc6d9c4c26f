"""Blocks from files, decoded once; the only code that opens rasters to serve them."""
