"""Output formats: a pixel block becomes bytes, one format a file."""
