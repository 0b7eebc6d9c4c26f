"""Which items overlap, and on which box of the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.extent import Extent

if TYPE_CHECKING:
    from collections.abc import Sequence

# In stacks of many scenes of one place each item is compared with so many others, not with all.
_MOST_NEIGHBOURS = 24
_PART = 200_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items, by their numbers, a < b, and the box of what they share in service CRS."""

    a: int
    b: int
    box: Extent
    area: float


def overlapping_pairs(footprints: Sequence[shapely.Geometry]) -> list[Pair]:
    """Return the pairs of footprints that share an area, each item's largest ones where there are many.

    Parameters
    ----------
    footprints
        Polygons; empty ones overlap nothing.
    """
    if not footprints:
        return []
    tree = shapely.STRtree(footprints)
    first, second = tree.query(footprints, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    areas, boxes = _shared(np.asarray(footprints, object), first, second)
    own = shapely.area(footprints)
    # What merely touches is a sliver.
    shares = areas / np.maximum(np.minimum(own[first], own[second]), 1e-300)
    chosen = _chosen(len(footprints), first, second, np.where(shares > 1e-6, shares, 0.0))
    return [
        Pair(int(first[i]), int(second[i]), Extent(*map(float, boxes[i])), float(areas[i]))
        for i in chosen
    ]


def _shared(
    shapes: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return areas and boxes of intersections, a part at a time: they may be very many."""
    areas, boxes = np.zeros(len(first)), np.zeros((len(first), 4))
    for start in range(0, len(first), _PART):
        part = slice(start, start + _PART)
        shared = shapely.intersection(shapes[first[part]], shapes[second[part]])
        areas[part], boxes[part] = shapely.area(shared), shapely.bounds(shared)
    return areas, boxes


def _chosen(count: int, first: np.ndarray, second: np.ndarray, shares: np.ndarray) -> list[int]:
    """Return the pairs to compare: the largest first, while one of the two has too few neighbours."""
    neighbours = np.zeros(count, np.int64)
    chosen = []
    for i in np.argsort(-shares, kind="stable").tolist():
        a, b = first[i], second[i]
        if shares[i] <= 0.0:
            break
        if min(neighbours[a], neighbours[b]) < _MOST_NEIGHBOURS:
            neighbours[a] += 1
            neighbours[b] += 1
            chosen.append(i)
    return sorted(chosen)
