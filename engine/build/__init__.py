"""Make a definition ready to serve: footprints, pixel-size ranges, statistics, overviews, compile."""
