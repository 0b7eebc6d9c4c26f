"""What raster types share: how items are made of files, bands, cameras and what products state."""
