"""How the files of one item lie on each other: the finest is the item's grid, others may be coarser.

A file counts as on a grid that is coarser by a whole factor when it strays by less than a tenth of a fine
pixel from corner to corner; by at most half a fine pixel it may be shifted against it as a whole, as the
panchromatic band of Landsat is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.item import BandSource, CoarseGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.build.band_mapping import BandMapping
    from engine.build.raster_record import RasterDefinition
    from engine.item import Level
    from engine.readers.header import RasterHeader

_STRAY_PX = 0.1
_MOST_FACTOR = 1000


@dataclass(frozen=True, slots=True)
class Arranged:
    """An item's sources with one of the finest first.

    Attributes
    ----------
    grids : one per source
        None = on the first one's grid.
    """

    raster: RasterDefinition
    headers: tuple[RasterHeader, ...]
    mapping: BandMapping
    grids: tuple[CoarseGrid | None, ...] = (None,)

    def shared_levels(self) -> tuple[Level, ...]:
        """Return the levels that all files on the item's own grid have."""
        own = [
            header.levels
            for header, grid, source in zip(
                self.headers, self.grids, self.raster.sources, strict=True
            )
            if grid is None and source.enabled
        ]
        shared: list[Level] = []
        for levels in zip(*own, strict=False):
            sizes = {(level.width, level.height) for level in levels}
            if len(sizes) > 1:
                break
            shared.append(levels[0])
        return tuple(shared)


def arranged(
    raster: RasterDefinition, headers: tuple[RasterHeader, ...], mapping: BandMapping
) -> Arranged:
    """Return an item's record, headers and bands with the finest enabled source first.

    Raises
    ------
    ValueError
        Its files do not lie on each other; the text is a sentence without its end.
    """
    if len(headers) == 1:
        return Arranged(raster, headers, mapping)
    enabled = [number for number, source in enumerate(raster.sources) if source.enabled]
    if not enabled:
        return Arranged(raster, headers, mapping, (None,) * len(headers))
    finest = min(enabled, key=lambda number: _fineness(headers[number]))
    order = (finest, *(number for number in range(len(headers)) if number != finest))
    sources = tuple(raster.sources[number] for number in order)
    in_order = tuple(headers[number] for number in order)
    crs = sources[0].crs or in_order[0].crs
    grids: list[CoarseGrid | None] = [None]
    for source, header in zip(sources[1:], in_order[1:], strict=True):
        if not source.enabled:
            grids.append(None)
            continue
        own = source.crs or header.crs
        if own and crs and own != crs:
            names = f"{_name(header)} and {_name(in_order[0])}"
            raise ValueError(f"its files {names} differ in coordinate system")
        grids.append(grid_on(in_order[0], header))
    moved = msgspec.structs.replace(raster, sources=sources)
    return Arranged(moved, in_order, _renumbered(mapping, order), tuple(grids))


def grid_on(fine: RasterHeader, other: RasterHeader) -> CoarseGrid | None:
    """Return how a file lies in the grid of a finer one, None where it is on that grid.

    Raises
    ------
    ValueError
        Not by a whole factor, turned against it, or not over the same area.
    """
    if fine.geotransform is None or other.geotransform is None:
        return _by_size(fine, other)
    there = np.asarray(
        np.linalg.solve(_matrix(fine.geotransform), _matrix(other.geotransform)), np.float64
    )
    factor = _whole_factor(there, fine, other)
    offset_x, offset_y = float(there[0, 2]), float(there[1, 2])
    end_x, end_y = offset_x + factor * other.width, offset_y + factor * other.height
    ends = (offset_x, offset_y, end_x - fine.width, end_y - fine.height)
    # Files of one scene may end within a pixel of each other.
    if max(map(abs, ends)) > factor + 0.5 + _STRAY_PX:
        raise ValueError(f"its files {_name(fine)} and {_name(other)} cover different areas")
    if factor == 1 and max(map(abs, ends)) < _STRAY_PX:
        return None
    offset_x, offset_y = _halves(offset_x), _halves(offset_y)
    return CoarseGrid(factor, offset_x, offset_y, other.levels)


def _fineness(header: RasterHeader) -> tuple[float, int]:
    """Return what is least for the finest of some files."""
    if header.geotransform is None:
        return 0.0, -header.width * header.height
    _, b, c, _, e, f = header.geotransform
    # Eleven digits: sizes differ in their last ones where files are written by different programs.
    return float(f"{abs(b * f - c * e):.11g}"), -header.width * header.height


def _by_size(fine: RasterHeader, other: RasterHeader) -> CoarseGrid | None:
    if (other.width, other.height) == (fine.width, fine.height):
        return None
    factor = round(fine.width / other.width)
    if (other.width * factor, other.height * factor) != (fine.width, fine.height):
        sizes = f"{fine.width} × {fine.height} and {other.width} × {other.height} pixels"
        raise ValueError(
            f"its files differ in size, {sizes}, and not by a whole factor ({_name(other)})"
        )
    return CoarseGrid(factor, 0.0, 0.0, other.levels)


def _matrix(geotransform: tuple[float, ...]) -> NDArray[np.float64]:
    a, b, c, d, e, f = geotransform
    return np.array([[b, c, a], [e, f, d], [0.0, 0.0, 1.0]])


def _whole_factor(there: NDArray[np.float64], fine: RasterHeader, other: RasterHeader) -> int:
    """Return how many fine pixels make one of the other's."""
    factor = round(float(there[0, 0]))
    stray = np.abs(there[:2, :2] - factor * np.eye(2)) @ [[other.width, 0], [0, other.height]]
    if not 1 <= factor <= _MOST_FACTOR or float(np.max(stray)) > _STRAY_PX:
        x, y = float(there[0, 0]), float(there[1, 1])
        ratio = f"{x:.6g}" if abs(x - y) < 1e-6 * abs(x) else f"{x:.6g} × {y:.6g}"
        raise ValueError(
            f"the pixels of its file {_name(other)} are {ratio} times as large as those of "
            f"{_name(fine)}; bands of one item may be coarser by whole factors of one grid"
        )
    return factor


def _halves(offset: float) -> float:
    """Return an offset without the dust of its computation."""
    near = round(offset * 2) / 2
    return near if abs(near - offset) < _STRAY_PX else offset


def _renumbered(mapping: BandMapping, order: tuple[int, ...]) -> BandMapping:
    places = {number: place for place, number in enumerate(order)}

    def moved(band: BandSource) -> BandSource:
        return band if band.source < 0 else BandSource(places[band.source], band.band)

    alpha = None if mapping.alpha is None else moved(mapping.alpha)
    return replace(mapping, bands=tuple(map(moved, mapping.bands)), alpha=alpha)


def _name(header: RasterHeader) -> str:
    return PurePath(header.path).name
