"""From labels of pixels back to polygons: smooth borders that are the same from both sides.

The labels are traced along their pixels and made simpler as a coverage (shared borders stay shared).
Footprints keep their own edges: a region only says who wins where several have pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from rasterio.features import shapes
from scipy import ndimage

from engine.build.seamlines.carve import Neighbours, polygons_of
from engine.build.seamlines.label_grid import window_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from engine.build.seamlines.label_grid import LabelGrid
    from engine.build.seamlines.members import Member, Shape

# Borders become simpler by what triangles of about this many pixels a side hold.
_SIMPLER_PX = 2.0
# Regions reach so many pixels beyond the footprints, whose edges do not follow pixels.
_BEYOND_PX = 3
# So many items are made simpler together; of more, each with its neighbours: memory stays bounded.
_TOGETHER = 1000
_SLIVER = 1e-4


def cells_of_labels(members: Sequence[Member], grid: LabelGrid) -> Iterator[tuple[int, Shape]]:
    """Yield OBJECTID and area of each item that was not drawn by hand; None where it has none.

    What a region claims outside of its item's footprint goes to the first of the others that is there,
    so cells are a partition whatever the labels say.
    """
    neighbours = Neighbours(members)
    known: dict[int, Shape] = {}
    if len(members) <= _TOGETHER:
        known = _simple(members, grid)
    for number, member in enumerate(members):
        near = neighbours.of(number)
        around = [members[n] for n in near]
        regions = known or _simple([member, *around], grid)
        if member.fixed is None:
            yield member.id, _cell(member, around, regions)


def _cell(member: Member, around: Sequence[Member], regions: dict[int, Shape]) -> Shape:
    """Return what an item claims, and what nobody claims and no item before it has."""
    claims = {each.id: _claim(each, regions) for each in (member, *around)}
    before = [claims[each.id] for each in around if each.id < member.id]
    fixed = [each.fixed for each in around if each.fixed is not None]
    own = shapely.difference(claims[member.id], shapely.union_all([*before, *fixed]))
    others = shapely.union_all([*claims.values(), *fixed])
    left = shapely.difference(member.shape, others)
    if not left.is_empty:
        nearer = [each.shape for each in around if _precedes(each, member)]
        left = shapely.difference(left, shapely.union_all(nearer)) if nearer else left
    return polygons_of(shapely.union_all([own, left]), (_SLIVER * member.low_ps) ** 2)


def _precedes(one: Member, other: Member) -> bool:
    if one.fixed is not None:
        return False
    return (one.rank, one.id) < (other.rank, other.id)


def _claim(member: Member, regions: dict[int, Shape]) -> Any:
    region = regions.get(member.id)
    if member.fixed is not None:
        return shapely.intersection(member.fixed, member.shape)
    return shapely.Polygon() if region is None else shapely.intersection(region, member.shape)


def _simple(members: Sequence[Member], grid: LabelGrid) -> dict[int, Shape]:
    """Return the regions of some items in service units, made simpler together."""
    traced = {member.id: _traced(member, grid) for member in members}
    found = [fid for fid, shape in traced.items() if shape is not None]
    if not found:
        return {}
    simple = shapely.coverage_simplify([traced[fid] for fid in found], _SIMPLER_PX)
    size = grid.pixel_size
    placed = shapely.transform(simple, lambda points: points * np.array([size, -size]))
    return {fid: shapely.make_valid(shape) for fid, shape in zip(found, placed, strict=True)}


def _traced(member: Member, grid: LabelGrid) -> Shape:
    """Return an item's pixels as a polygon in units of the grid, with a point at every pixel's corner."""
    bounds = tuple(shapely.bounds(member.shape).tolist())
    window = window_of(bounds, grid.pixel_size, _BEYOND_PX + 1)
    labels = grid.read(window)
    mine = _spread(labels) == member.id
    if not mine.any():
        return None
    parts = [
        shapely.polygons(
            shapely.linearrings(geometry["coordinates"][0]),
            [shapely.linearrings(hole) for hole in geometry["coordinates"][1:]] or None,
        )
        for geometry, _ in shapes(mine.astype(np.uint8), mask=mine, connectivity=4)
    ]
    # Coverages need the same points on both sides; corners are whole numbers, so they are.
    whole = shapely.segmentize(shapely.MultiPolygon(parts), 1.0)
    corner = np.array([window.col, window.row], np.float64)
    return shapely.transform(whole, lambda points: np.rint(points) + corner)


def _spread(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the labels with what nobody has, near a label, given to a neighbour."""
    spread = labels
    for _ in range(_BEYOND_PX):
        empty = spread == 0
        if not empty.any():
            break
        spread = np.where(empty, ndimage.maximum_filter(spread, size=3), spread)
    return np.asarray(spread)
