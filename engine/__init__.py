"""Rasters, geometry, mosaics and functions: all pixel work, and no HTTP."""
