"""The order of a CRS's own axes: WMS 1.3.0 and other services of the OGC write coordinates in it."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.geometry.projection import wkt_of

_AXES = re.compile(r'AXIS\["([^"]*)",\s*(\w+)', re.IGNORECASE)
_MAPS = ("PROJCRS", "GEOGCRS", "COMPOUNDCRS", "BOUNDCRS", "DERIVEDPROJCRS")


@lru_cache(maxsize=512)
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


@lru_cache(maxsize=512)
def is_map(crs: str) -> bool:
    """Tell whether a CRS has a map: geocentric and vertical ones have none."""
    wkt = wkt_of(crs)
    return wkt.startswith(_MAPS) and len(_AXES.findall(wkt)) >= 2
