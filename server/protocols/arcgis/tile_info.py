"""tileInfo: the Web Mercator scheme that every service offers its tiles in."""

from __future__ import annotations

from typing import Any

from server.tile_schemes import HALF_WORLD, TILE_SIZE

MAX_LEVEL = 23
_DPI = 96
_LEVEL_0_RESOLUTION = 2 * HALF_WORLD / TILE_SIZE
# The standard scheme counts 39.37 inches to the metre, not 1 / 0.0254; clients know its scales by heart.
_INCHES_PER_METRE = 39.37

# Clients compare the origin and level-0 scale with these very numbers of the standard scheme.
_STATED_ORIGIN = 20037508.342787


def tile_info(quality: int) -> dict[str, Any]:
    """Return the tileInfo object."""
    return {
        "rows": TILE_SIZE,
        "cols": TILE_SIZE,
        "dpi": _DPI,
        "format": "JPEG",
        "compressionQuality": quality,
        "origin": {"x": -_STATED_ORIGIN, "y": _STATED_ORIGIN},
        "spatialReference": {"wkid": 102100, "latestWkid": 3857},
        "lods": [_level(level) for level in range(MAX_LEVEL + 1)],
    }


def _level(level: int) -> dict[str, Any]:
    resolution = _LEVEL_0_RESOLUTION / 2**level
    return {
        "level": level,
        "resolution": resolution,
        "scale": resolution * _DPI * _INCHES_PER_METRE,
    }
