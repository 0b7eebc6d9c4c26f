"""Raster types: recognise a product in a folder and make catalog items of it."""
