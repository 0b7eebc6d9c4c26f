"""ArcGIS REST: the ImageServer protocol."""
