"""Rasters behind registered connections: read by ranges, each of them checked."""
