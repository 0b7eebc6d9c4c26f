"""Move the border between two items to where it shows least; never to where it shows more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from engine.build.seamlines.least_path import border_cost, divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.build.seamlines.label_grid import Labels
    from engine.build.seamlines.overlap_pixels import Overlap

# A path costs this much a pixel where nothing is to be seen, against 1 on the average: it stays short.
_LEAST_COST = 0.15
# Near the edge of the overlap there is no room to fade; the cost there is so many times as much.
_ROOM_PX = 6
_EDGE_FACTOR = 3.0
# Smaller overlaps are not worth a path.
_LEAST_PIXELS = 16


def cost_of(difference: NDArray[np.float32], area: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the cost of a path through each pixel of an overlap."""
    room = np.minimum(ndimage.distance_transform_edt(area), _ROOM_PX) / _ROOM_PX
    cost = (difference.astype(np.float64) + _LEAST_COST) * (1.0 + _EDGE_FACTOR * (1.0 - room))
    return np.asarray(cost)


def settle_border(
    labels: Labels, pair: tuple[int, int], overlap: Overlap, both: NDArray[np.bool_]
) -> tuple[Labels, bool]:
    """Return the labels of a window with the border between two items moved, and whether it was.

    Parameters
    ----------
    labels : int64 (rows, cols)
        OBJECTIDs.
    both : bool (rows, cols)
        Where both footprints are.

    Returns
    -------
    labels, moved
        The cost of the border, inside the overlap, is at most what it was.
    """
    first, second = pair
    labels = _to_who_has_pixels(labels, pair, overlap, both)
    mine = (labels == first) | (labels == second)
    area = both & mine & overlap.first & overlap.second
    area[[0, -1]] = area[:, [0, -1]] = False
    parts, _ = ndimage.label(area)
    moved = False
    for number, box in enumerate(ndimage.find_objects(parts), 1):
        if np.count_nonzero(parts[box] == number) < _LEAST_PIXELS:
            continue
        # With a pixel around: the area never touches the border of the window.
        rows, cols = (slice(max(s.start - 1, 0), s.stop + 1) for s in box)
        window = labels[rows, cols]
        part = parts[rows, cols] == number
        better = _divided(window, pair, part, overlap.difference[rows, cols])
        if better is not None:
            labels[rows, cols] = better
            moved = True
    return labels, moved


def _to_who_has_pixels(
    labels: Labels, pair: tuple[int, int], overlap: Overlap, both: NDArray[np.bool_]
) -> Labels:
    """Give pixels that one of the two lacks to the other."""
    first, second = pair
    labels = labels.copy()
    labels[both & (labels == first) & ~overlap.first & overlap.second] = second
    labels[both & (labels == second) & ~overlap.second & overlap.first] = first
    return labels


def _divided(
    labels: Labels, pair: tuple[int, int], part: NDArray[np.bool_], difference: NDArray[np.float32]
) -> Labels | None:
    """Return better labels of a connected part of the overlap, None where there are none."""
    first, second = pair
    # Holes are pixels that somebody else has, or nobody: the path may cross them, their labels stay.
    area = ndimage.binary_fill_holes(part)
    sides = np.where(area, 0, (labels == first) + 2 * (labels == second)).astype(np.uint8)
    cost = cost_of(difference, area)
    found = divide(area, sides, cost)
    if found is None:
        return None
    new = labels.copy()
    new[part & (found == 1)] = first
    new[part & (found == 2)] = second
    around = ndimage.binary_dilation(part)
    before, after = (_as_bytes(each, pair) for each in (labels, new))
    reach = around & ((before > 0) | part)
    if border_cost(reach, after, cost) >= border_cost(reach, before, cost):
        return None
    return new


def _as_bytes(labels: Labels, pair: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray((labels == pair[0]) + 2 * (labels == pair[1]), np.uint8)
