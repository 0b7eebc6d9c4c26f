"""The order of coordinates in WMS 1.3.0: as the CRS's own axes stand."""

from __future__ import annotations

import re

from engine.geometry.projection import wkt_of

_AXES = re.compile(r'AXIS\["([^"]*)",\s*(\w+)', re.IGNORECASE)


def is_north_first(crs: str) -> bool:
    """Tell whether the first axis of a CRS is northing or latitude.

    Parameters
    ----------
    crs : str
        Key as `engine.geometry.projection.canonical_crs` returns it.

    References
    ----------
    OGC 06-042 (WMS 1.3.0), 6.7.2 and 6.7.3.3.
    """
    axes = _AXES.findall(wkt_of(crs))[:2]
    if len(axes) < 2:
        return False
    (name, direction), (_, second) = axes
    # Polar grids call both directions north (or south): the name tells.
    return (direction.casefold(), second.casefold()) == ("north", "east") or any(
        word in name.casefold() for word in ("northing", "latitude")
    )
