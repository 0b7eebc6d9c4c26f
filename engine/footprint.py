"""Footprints in raster space: packing to bytes, and clipping the validity of a block.

Positions are level-0 pixels, corner origin. A polygon with holes is its rings, filled even-odd.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rings:
    """Unpacked rings as edges.

    Attributes
    ----------
    edges : float64 (n, 4)
        x0, y0, x1, y1 of each edge, horizontal edges left out, sorted by their upper end.
    """

    edges: Floats


def pack_rings(rings: Sequence[Floats]) -> bytes:
    """Pack rings, each (n, 2) float64 of (col, row) positions, closed or not; [] gives b""."""
    if not rings:
        return b""
    counts = np.array([len(rings), *(len(ring) for ring in rings)], "<u4")
    points = np.concatenate([np.asarray(ring, "<f8").reshape(-1, 2) for ring in rings])
    pad = b"\0" * (-counts.nbytes % 8)
    return counts.tobytes() + pad + points.tobytes()


def unpack_rings(packed: bytes) -> list[Floats]:
    """Return the rings of `pack_rings`."""
    if not packed:
        return []
    count = int(np.frombuffer(packed, "<u4", 1)[0])
    lengths = np.frombuffer(packed, "<u4", count, 4)
    head = 4 * (count + 1)
    points = np.frombuffer(packed, "<f8", offset=head + (-head % 8)).reshape(-1, 2)
    return [np.array(part) for part in np.split(points, np.cumsum(lengths)[:-1])]


def edges_of(packed: bytes) -> Rings:
    """Return the rings as edges, ready for `clip_valid`."""
    edges: list[Floats] = []
    for ring in unpack_rings(packed):
        closed = ring if np.array_equal(ring[0], ring[-1]) else np.vstack([ring, ring[:1]])
        edges.append(np.hstack([closed[:-1], closed[1:]]))
    joined = np.concatenate(edges) if edges else np.empty((0, 4))
    joined = joined[joined[:, 1] != joined[:, 3]]
    order = np.argsort(np.minimum(joined[:, 1], joined[:, 3]), kind="stable")
    return Rings(np.ascontiguousarray(joined[order]))


@kernel
def _clip_valid_kernel(  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    edges, x0, y0, step_x, step_y, crossings, valid
):
    rows, cols = valid.shape
    for row in range(rows):
        y = y0 + (row + 0.5) * step_y
        count = 0
        for k in range(edges.shape[0]):
            ya, yb = edges[k, 1], edges[k, 3]
            if min(ya, yb) > y:
                break
            if (ya <= y) != (yb <= y):
                crossings[count] = edges[k, 0] + (y - ya) * (edges[k, 2] - edges[k, 0]) / (yb - ya)
                count += 1
        # Insertion sort: a row meets few edges.
        for i in range(1, count):
            value = crossings[i]
            j = i - 1
            while j >= 0 and crossings[j] > value:
                crossings[j + 1] = crossings[j]
                j -= 1
            crossings[j + 1] = value
        start = 0
        for k in range(0, count + 1, 2):
            # Outside from `start` to the crossing that enters the polygon.
            entry = (crossings[k] - x0) / step_x - 0.5 if k < count else float(cols)
            stop = min(max(int(np.ceil(entry)), 0), cols) if entry < cols else cols
            for col in range(start, stop):
                valid[row, col] = False
            if k + 1 < count:
                leave = (crossings[k + 1] - x0) / step_x - 0.5
                start = max(start, stop, min(max(int(np.ceil(leave)), 0), cols))


def clip_valid(
    rings: Rings, origin: tuple[float, float], step: tuple[float, float], valid: NDArray[np.bool_]
) -> None:
    """Clear `valid` at pixels whose centre lies outside the rings.

    Parameters
    ----------
    origin : (x, y)
        Level-0 position of the block's outer corner.
    step : (x, y)
        Level-0 pixels per block pixel.
    valid : bool (rows, cols)
        Changed in place.
    """
    if valid.ndim != 2 or valid.dtype != np.bool_:
        raise ValueError("valid must be bool (rows, cols)")
    crossings = np.empty(max(1, rings.edges.shape[0]), np.float64)
    (x0, y0), (step_x, step_y) = origin, step
    _clip_valid_kernel(
        rings.edges, float(x0), float(y0), float(step_x), float(step_y), crossings, valid
    )
