"""Radiometric processes: pixels become pixels, one function a file."""
