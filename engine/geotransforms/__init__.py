"""Geotransforms: processes that change geometry only, in the plane or from the ground to an image."""
