"""Files that list rasters: tables, tile indexes, mosaics."""
