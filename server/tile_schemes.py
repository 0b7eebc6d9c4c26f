"""Tile schemes: from a tile's address to its extent. Web Mercator, 256-pixel tiles, row 0 in the north.

References
----------
OGC 17-083r4, Two Dimensional Tile Matrix Set, Annex D.1 WebMercatorQuad.
"""

from __future__ import annotations

import math

from engine.errors import TileOutsideLimits
from engine.extent import Extent

MAX_LEVEL = 24
HALF_WORLD = math.pi * 6378137.0
TILE_SIZE = 256


def check_tile(level: int, row: int, col: int) -> None:
    """Refuse an address that the scheme does not have.

    Raises
    ------
    TileOutsideLimits
    """
    if not (0 <= level <= MAX_LEVEL and 0 <= row < 1 << level and 0 <= col < 1 << level):
        raise TileOutsideLimits(level, row, col)


def tile_extent(level: int, row: int, col: int) -> Extent:
    """Return the extent of a tile in EPSG:3857."""
    side = 2 * HALF_WORLD / (1 << level)
    xmin = -HALF_WORLD + col * side
    ymax = HALF_WORLD - row * side
    return Extent(xmin, ymax - side, xmin + side, ymax)


def level_of_pixel_size(pixel_size: float) -> int:
    """Return the first level whose pixels (in EPSG:3857) are at least as fine."""
    coarsest = 2 * HALF_WORLD / TILE_SIZE
    level = math.ceil(math.log2(coarsest / pixel_size) - 1e-9)
    return min(MAX_LEVEL, max(0, level))


def level_of_extent(width: float, height: float) -> int:
    """Return the last level at which one tile is as large as a box of this size in EPSG:3857."""
    side = max(width, height, 1e-9)
    return min(MAX_LEVEL, max(0, math.floor(math.log2(2 * HALF_WORLD / side))))
