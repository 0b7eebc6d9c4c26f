"""Decide which service overviews to make: from which pixel size, in how many generations, which files.

Overviews pay where a 256² tile would touch many rasters, or where rasters lack the levels that a small
scale needs. Pure arithmetic on boxes and sizes; nothing is opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import shapely

from engine.extent import Extent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OverviewMode: TypeAlias = Literal["auto", "none", "all"]

TILE_PX = 256
# A file's side; with its own pyramid down to 256 it serves pixel sizes up to 16 times its own.
FILE_PX = 4096
# A file is a whole number of these many pixels wide and high.
LEVEL_STEP = 8
MOST_RASTERS = 16
# Averaging more than 8 × 8 pixels of a raster without pyramid for each pixel of a tile is too slow.
MOST_REDUCTION = 8.0
# A tile of this times a generation's pixel size touches at most about 9 of its files.
GENERATION_STEP = 32.0
LEAST_STEP = 4.0
_MAX_PROBES = 400
_MAX_GENERATIONS = 8


@dataclass(frozen=True, slots=True)
class PrimaryBox:
    """What the decision needs to know of a primary, in service units.

    Attributes
    ----------
    parts : tuple of Extent
        Boxes of a footprint on both sides of the map's edge, whose box is the world's; () = one.
    """

    id: int
    extent: Extent
    low_ps: float
    high_ps: float
    parts: tuple[Extent, ...] = ()


@dataclass(frozen=True, slots=True)
class OverviewFile:
    """One file to be made.

    Attributes
    ----------
    generation : int
        From 1.
    extent : Extent
        Whole pixels of the generation's size.
    prefix : str
        What the names of all files of its set begin with (`engine.build.overview_sets`); not shown, so
        that what depends on a file's text stays for files that no group has.
    """

    name: str
    generation: int
    pixel_size: float
    extent: Extent
    prefix: str = field(default="", repr=False)

    @property
    def width(self) -> int:
        """Columns."""
        return round(self.extent.width / self.pixel_size)

    @property
    def height(self) -> int:
        """Rows."""
        return round(self.extent.height / self.pixel_size)


def overview_sizes(
    primaries: Sequence[PrimaryBox], extent: Extent, mode: OverviewMode
) -> tuple[float, ...]:
    """Return the pixel sizes where generations begin, rising; () = none are needed.

    Parameters
    ----------
    extent
        Of the service.
    """
    if mode == "none" or not primaries:
        return ()
    finest = min(box.low_ps for box in primaries)
    if finest <= 0:
        return ()
    first = 2 * finest if mode == "all" else _first_size(primaries, extent, finest)
    if not first:
        return ()
    sizes = [first]
    while max(extent.width, extent.height) / sizes[-1] > FILE_PX and len(sizes) < _MAX_GENERATIONS:
        sizes.append(sizes[-1] * GENERATION_STEP)
    return tuple(sizes)


def steady_sizes(
    old: tuple[float, ...], new: tuple[float, ...], extent: Extent
) -> tuple[float, ...]:
    """Return the old sizes where they still do, else the new: a scene more must not make all anew.

    Parameters
    ----------
    extent
        Of the service; coarser generations are added until one file holds it.
    """
    sizes = list(old if old and new and 0.45 < old[0] / new[0] < 2.2 else new)
    while sizes and max(extent.width, extent.height) / sizes[-1] > FILE_PX:
        sizes.append(sizes[-1] * GENERATION_STEP)
    return tuple(sizes)


def _first_size(primaries: Sequence[PrimaryBox], extent: Extent, finest: float) -> float:
    """Return the pixel size from which overviews pay, 0 = nowhere."""
    candidates = [size for size in (_crowded(primaries, extent, finest),) if size]
    lacking = min((box.high_ps for box in primaries if box.high_ps > 0), default=0.0)
    reduced = MOST_REDUCTION * lacking
    if reduced and max(extent.width, extent.height) / reduced >= TILE_PX:
        candidates.append(_on_ladder(reduced, finest))
    return max(LEAST_STEP * finest, min(candidates)) if candidates else 0.0


def _on_ladder(size: float, finest: float) -> float:
    """Return the largest power-of-two multiple of `finest` that is not above `size`."""
    return float(finest * 2.0 ** math.floor(math.log2(size / finest) + 1e-9))


def _crowded(primaries: Sequence[PrimaryBox], extent: Extent, finest: float) -> float:
    """Return the last size on the ladder at which no tile touches too many rasters, 0 = no need."""
    if len(primaries) <= MOST_RASTERS:
        return 0.0
    for size, touched in crowds(primaries, extent, finest):
        if touched > MOST_RASTERS:
            return max(finest, size / 2)
    return 0.0


def crowds(
    primaries: Sequence[PrimaryBox], extent: Extent, finest: float
) -> Iterator[tuple[float, int]]:
    """Yield pixel sizes, doubling, and how many rasters the busiest tile then touches.

    The last one is the first size at which a tile holds all of the service.
    """
    tree = _tree([box.extent for box in primaries])
    step = max(1, len(primaries) // _MAX_PROBES)
    centers = [(b.extent.center_x, b.extent.center_y) for b in primaries[::step]]
    size = finest
    while True:
        half = size * TILE_PX / 2
        tiles = shapely.box(
            *np.array([(x - half, y - half, x + half, y + half) for x, y in centers]).T
        )
        touched = np.bincount(tree.query(tiles)[0], minlength=len(centers))
        yield size, int(touched.max(initial=0))
        if half > max(extent.width, extent.height):
            return
        size *= 2


def _tree(extents: Sequence[Extent]) -> shapely.STRtree:
    edges = np.array([(e.xmin, e.ymin, e.xmax, e.ymax) for e in extents])
    return shapely.STRtree(shapely.box(*edges.T))


def overview_files(
    sizes: Sequence[float],
    extent: Extent,
    primaries: Sequence[PrimaryBox],
    prefix: str = "",
) -> Iterator[OverviewFile]:
    """Yield the files to make, generation by generation; none where no primary of it lies.

    The last generation is one file. Files of the others are counted from 0 of the service CRS, so
    they stay the same files when the service grows.
    """
    for generation, size in enumerate(sizes, 1):
        shown = [box for box in primaries if box.low_ps <= size]
        members = [part for box in shown for part in box.parts or (box.extent,)]
        if not members:
            continue
        side = size * FILE_PX
        if max(extent.width, extent.height) <= side:
            whole = _whole_pixels(extent, size)
            yield OverviewFile(f"{prefix}g{generation}_all", generation, size, whole, prefix)
            continue
        for col, row in _places(members, side):
            box = Extent(col * side, row * side, (col + 1) * side, (row + 1) * side)
            cut = _whole_pixels(extent, size).intersection(box)
            name = f"{prefix}g{generation}_{col}_{row}"
            yield OverviewFile(name, generation, size, cut or box, prefix)


def _places(extents: Sequence[Extent], side: float) -> list[tuple[int, int]]:
    """Return the columns and rows of squares that some box overlaps, sorted.

    Counted box by box: where one raster of a millimetre lies in a service of the whole world, nearly
    all of the squares hold nothing.
    """
    edges = np.array([(e.xmin, e.ymin, e.xmax, e.ymax) for e in extents]) / side
    first = np.floor(edges[:, :2]).astype(np.int64)
    last = np.maximum(np.ceil(edges[:, 2:]).astype(np.int64) - 1, first)
    found: set[tuple[int, int]] = set()
    for (col0, row0), (col1, row1) in zip(first.tolist(), last.tolist(), strict=True):
        found.update(product(range(col0, col1 + 1), range(row0, row1 + 1)))
    return sorted(found)


def _whole_pixels(extent: Extent, size: float) -> Extent:
    """Return the box grown to pixels of the coarsest level of a file, so that levels halve exactly."""
    step = size * LEVEL_STEP
    return Extent(
        math.floor(extent.xmin / step + 1e-6) * step,
        math.floor(extent.ymin / step + 1e-6) * step,
        math.ceil(extent.xmax / step - 1e-6) * step,
        math.ceil(extent.ymax / step - 1e-6) * step,
    )
