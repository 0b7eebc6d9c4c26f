"""Readers of the sensor files of vendors: text in, geotransform records out."""
