"""Make seamlines: where each item of a mosaic wins in its overlaps with others."""
