"""Samplers: values of a raster at the positions of output pixels."""
