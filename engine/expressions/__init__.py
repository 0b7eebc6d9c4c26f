"""Expressions: what a pixel becomes by itself, as trees, compiled to one pass over all bands.

Raster functions that look at no neighbour say what they do as a tree (`tree`); trees of functions in a
row become one. A program (`program`) is compiled to machine code (`native`) and run over blocks
(`evaluate`). What users write is read by our own grammar (`grammar`).
"""
