"""Colour balance: corrections of each item, worked out from overlaps, as processes of its chain."""
