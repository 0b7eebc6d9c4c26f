"""STAC documents, and the items that they make."""
