"""Take rasters into a definition: what is asked, which type suits, what became of it."""
