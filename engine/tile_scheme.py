"""Tile schemes: where tiles lie, from level, row and column to a box and to pixels.

Rule: the front imports this, so no numbers of pixels, no projections here. A tile has 256 pixels a
side; tiles of 512 pixels are the same tiles at twice the resolution (`TileAddress.scale`).

References
----------
OGC 17-083r4, Two Dimensional Tile Matrix Set, Annexes D.1 (WebMercatorQuad) and D.3 (WorldCRS84Quad).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from config.definition import TileSchemeName
from engine.errors import TileOutsideLimits
from engine.extent import Extent

if TYPE_CHECKING:
    from engine.request_parts import TileAddress
    from engine.summary import ServiceSummary

TILE_PIXELS = 256
HALF_WORLD_M = 20037508.342789244
MOST_LEVELS = 25
INCHES_PER_METRE = 39.37
SCALE_DPI = 96
# What Esri's geographic schemes take for the length of a degree: on a sphere of 6,370,997 m.
_DEGREE_M = 6370997.0 * math.pi / 180
# The edge of a box counts as the edge of a tile when it is nearer than this.
_SLACK_PX = 1e-4
# Sizes of pixels nearer to each other than this are the same.
SAME_SIZE = 1e-9


class TileScheme(msgspec.Struct, frozen=True, kw_only=True):
    """Tiles of one map at falling pixel sizes.

    Attributes
    ----------
    name : TileSchemeName
        What requests call it; `WEB_MERCATOR` is the one they mean without a name.
    crs : str
        Canonical key.
    origin_x, origin_y : float
        Upper left corner of row 0, column 0 of every level.
    width, height : float
        How far the tiles reach from there, in map units.
    resolutions : tuple of float
        Map units a pixel by level, falling.
    counts : tuple of (rows, columns)
        Of tiles, by level; see `make_scheme`.
    """

    name: TileSchemeName
    crs: str
    origin_x: float
    origin_y: float
    width: float
    height: float
    resolutions: tuple[float, ...]
    counts: tuple[tuple[int, int], ...]

    def rows(self, level: int) -> int:
        """Return how many rows of tiles a level has."""
        return self.counts[level][0]

    def cols(self, level: int) -> int:
        """Return how many columns of tiles a level has."""
        return self.counts[level][1]

    def check(self, level: int, row: int, col: int) -> None:
        """Refuse an address that the scheme does not have.

        Raises
        ------
        TileOutsideLimits
        """
        if 0 <= level < len(self.counts):
            rows, cols = self.counts[level]
            if 0 <= row < rows and 0 <= col < cols:
                return
        raise TileOutsideLimits(level, row, col)

    def extent(self, level: int, row: int, col: int, rows: int = 1, cols: int = 1) -> Extent:
        """Return the box of a tile, or of a block of them from that tile on."""
        side = self.resolutions[level] * TILE_PIXELS
        xmin = self.origin_x + col * side
        ymax = self.origin_y - row * side
        return Extent(xmin, ymax - rows * side, xmin + cols * side, ymax)

    def level_of_pixel_size(self, pixel_size: float) -> int:
        """Return the first level whose pixels are at least as fine, the last where none are."""
        limit = pixel_size * (1 + SAME_SIZE)
        fine = (level for level, size in enumerate(self.resolutions) if size <= limit)
        return next(fine, len(self.resolutions) - 1)


def make_scheme(
    name: TileSchemeName,
    crs: str,
    origin: tuple[float, float],
    size: tuple[float, float],
    resolutions: tuple[float, ...],
) -> TileScheme:
    """Return a scheme whose tiles reach `size` = (width, height) to the right of and below `origin`."""
    width, height = size

    def count(length: float, resolution: float) -> int:
        return max(1, math.ceil((length / resolution - _SLACK_PX) / TILE_PIXELS))

    return TileScheme(
        name=name,
        crs=crs,
        origin_x=origin[0],
        origin_y=origin[1],
        width=width,
        height=height,
        resolutions=resolutions,
        counts=tuple((count(height, each), count(width, each)) for each in resolutions),
    )


def _halving(coarsest: float, levels: int) -> tuple[float, ...]:
    return tuple(coarsest / 2**level for level in range(levels))


_LARGEST_MERCATOR = 2 * HALF_WORLD_M / TILE_PIXELS
_LARGEST_DEGREES = 180.0 / TILE_PIXELS
WEB_MERCATOR = make_scheme(
    TileSchemeName.WEB_MERCATOR,
    "EPSG:3857",
    (-HALF_WORLD_M, HALF_WORLD_M),
    (2 * HALF_WORLD_M, 2 * HALF_WORLD_M),
    _halving(_LARGEST_MERCATOR, MOST_LEVELS),
)
GEOGRAPHIC = make_scheme(
    TileSchemeName.GEOGRAPHIC,
    "EPSG:4326",
    (-180.0, 90.0),
    (360.0, 180.0),
    _halving(_LARGEST_DEGREES, MOST_LEVELS),
)
_WORLDS = {scheme.name: scheme for scheme in (WEB_MERCATOR, GEOGRAPHIC)}


def tile_scheme(summary: ServiceSummary, name: TileSchemeName | None = None) -> TileScheme:
    """Return a tile scheme of a service; None = Web Mercator."""
    if name is None:
        return WEB_MERCATOR
    return _WORLDS.get(name) or own_scheme(summary)


def scheme_of(summary: ServiceSummary, address: TileAddress) -> TileScheme:
    """Return the scheme that a tile's address is meant in."""
    return WEB_MERCATOR if address.scheme is None else tile_scheme(summary, address.scheme)


def own_scheme(summary: ServiceSummary) -> TileScheme:
    """Return the scheme in the service's own CRS, as its author states it or by its pixels and extent.

    Then the last level has the service's own pixels, from its upper left corner on, and level 0 shows
    all of it on one tile.
    """
    properties = summary.properties
    stated = properties.tile_resolutions
    if properties.tile_scales:
        unit = metres_per_unit(summary, is_degrees=False)
        stated = tuple(
            scale / (SCALE_DPI * INCHES_PER_METRE * unit) for scale in properties.tile_scales
        )
    native = (summary.pixel_size_x, summary.pixel_size_y)
    return _own(
        summary.crs, summary.extent, native, properties.tile_origin, stated, properties.tile_size
    )


def metres_per_unit(summary: ServiceSummary, *, is_degrees: bool) -> float:
    """Return what scales are counted with: of degrees, or of the service's own units.

    Degrees have the length that Esri's own schemes give them.
    """
    return _DEGREE_M if is_degrees or summary.is_geographic else summary.metres_per_unit


@lru_cache(maxsize=256)
def _own(
    crs: str,
    extent: Extent,
    native: tuple[float, float],
    origin: tuple[float, ...],
    stated: tuple[float, ...],
    tile_size: int,
) -> TileScheme:
    left, top = origin or (extent.xmin, extent.ymax)
    width, height = extent.xmax - left, top - extent.ymin
    times = tile_size // TILE_PIXELS
    if stated:
        sizes = tuple(known_size(crs, size * times, native) for size in stated)
    else:
        finest = known_size(crs, min(native) * times, native)
        tiles = max(width, height) / (finest * TILE_PIXELS)
        doublings = math.ceil(math.log2(max(tiles, 1.0)) - SAME_SIZE)
        # GDAL takes no scheme of one level.
        levels = min(MOST_LEVELS, max(2, doublings + 1))
        sizes = tuple(finest * 2.0 ** (levels - 1 - level) for level in range(levels))
    return make_scheme(
        TileSchemeName.OWN, crs, (left, top), (max(width, 0.0), max(height, 0.0)), sizes
    )


def known_size(crs: str, pixel: float, native: tuple[float, ...] = ()) -> float:
    """Return a pixel size, or that of the world's tiles or of `native`, times a power of two.

    What clients compute, and tables of schemes round, is meant to be these when it is nearer than 1e-9.
    """
    worlds = tuple(world.resolutions[0] for world in _WORLDS.values() if world.crs == crs)
    for anchor in (*worlds, *native):
        if anchor > 0 and pixel > 0:
            nearest = anchor * 2.0 ** round(math.log2(pixel / anchor))
            if math.isclose(pixel, nearest, rel_tol=SAME_SIZE):
                return nearest
    return pixel


def covered(summary: ServiceSummary, scheme: TileScheme) -> Extent | None:
    """Return the box of a service on a scheme's map, None where it has no place there."""
    if scheme is WEB_MERCATOR:
        return summary.extent_mercator
    return summary.extent_lonlat if scheme.name is TileSchemeName.GEOGRAPHIC else summary.extent


def shows_service(
    summary: ServiceSummary, scheme: TileScheme, level: int, row: int, col: int
) -> bool:
    """Tell whether a tile and the service share an area; a shared edge alone is none."""
    box = covered(summary, scheme)
    if box is None:
        return False
    tile = scheme.extent(level, row, col)
    slack = scheme.resolutions[level] * _SLACK_PX
    width = min(tile.xmax, box.xmax) - max(tile.xmin, box.xmin)
    height = min(tile.ymax, box.ymax) - max(tile.ymin, box.ymin)
    return width > slack and height > slack


def shown_block(
    summary: ServiceSummary, scheme: TileScheme, level: int
) -> tuple[int, int, int, int] | None:
    """Return the first row and column of the tiles that `shows_service`, and the ones after the last."""
    box = covered(summary, scheme)
    if box is None:
        return None
    side = scheme.resolutions[level] * TILE_PIXELS
    # Half of it, so that rounding leaves no tile out.
    slack = scheme.resolutions[level] * _SLACK_PX / 2
    first_row = math.floor((scheme.origin_y - box.ymax + slack) / side)
    first_col = math.floor((box.xmin + slack - scheme.origin_x) / side)
    end_row = math.ceil((scheme.origin_y - box.ymin - slack) / side)
    end_col = math.ceil((box.xmax - slack - scheme.origin_x) / side)
    rows, cols = scheme.counts[level]
    return max(0, first_row), max(0, first_col), min(rows, end_row), min(cols, end_col)
