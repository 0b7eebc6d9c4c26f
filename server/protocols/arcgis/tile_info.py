"""tileInfo: the Web Mercator scheme that every service offers its tiles in."""

from __future__ import annotations

from typing import Any

MAX_LEVEL = 23
TILE_PIXELS = 256
ORIGIN = 20037508.342789244
_DPI = 96
_LEVEL_0_RESOLUTION = 2 * ORIGIN / TILE_PIXELS
_METRES_PER_INCH = 0.0254

# Clients compare the origin and level-0 scale with these very numbers of the standard scheme.
_STATED_ORIGIN = 20037508.342787


def tile_side(level: int) -> float:
    """Return the width of a tile of `level` in metres of the projection."""
    return float(2 * ORIGIN / (1 << level))


def tile_info(quality: int) -> dict[str, Any]:
    """Return the tileInfo object."""
    return {
        "rows": TILE_PIXELS,
        "cols": TILE_PIXELS,
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
        "scale": resolution * _DPI / _METRES_PER_INCH,
    }
