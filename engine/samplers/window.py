"""Which pixels of a level a canvas part needs: bounds of the interpolated positions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.kernel import kernel

if TYPE_CHECKING:
    from engine.samplers.placement import CanvasPart, LevelAffine


_SMALL_STEP = 16


class PixelWindow(NamedTuple):
    """Pixels of a level, ends excluded."""

    col_start: int
    row_start: int
    col_stop: int
    row_stop: int


@kernel
def _node_bounds_kernel(node_x, node_y, affine, bounds):
    """Find the bounds of nodes: a little more than those of pixels between them, and soon found."""
    a, b, c, d, e, f = affine[0], affine[1], affine[2], affine[3], affine[4], affine[5]
    left, upper, right, lower = np.inf, np.inf, -np.inf, -np.inf
    for i in range(node_x.shape[0]):
        for j in range(node_x.shape[1]):
            col = a * node_x[i, j] + b * node_y[i, j] + c
            row = d * node_x[i, j] + e * node_y[i, j] + f
            left, right = min(left, col), max(right, col)
            upper, lower = min(upper, row), max(lower, row)
    bounds[0], bounds[1], bounds[2], bounds[3] = left, upper, right, lower


@kernel
def _bounds_kernel(  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    node_x, node_y, quads, step, part, affine, bounds
):
    a, b, c, d, e, f = affine[0], affine[1], affine[2], affine[3], affine[4], affine[5]
    for qr in range(quads.shape[0]):
        top = part[1] + qr * step
        r0, r1 = max(part[4], top) - top, min(part[5], top + step) - 1 - top
        if r0 > r1:
            continue
        for qc in range(quads.shape[1]):
            left = part[0] + qc * step
            c0, c1 = max(part[2], left) - left, min(part[3], left + step) - 1 - left
            if c0 > c1 or quads[qr, qc] == 0:
                continue
            # A bilinear patch has its extremes at the corners of any rectangle of it.
            for r in (r0, r1):
                for k in (c0, c1):
                    t, s = r / step, k / step
                    x = (node_x[qr, qc] * (1 - s) + node_x[qr, qc + 1] * s) * (1 - t) + (
                        node_x[qr + 1, qc] * (1 - s) + node_x[qr + 1, qc + 1] * s
                    ) * t
                    y = (node_y[qr, qc] * (1 - s) + node_y[qr, qc + 1] * s) * (1 - t) + (
                        node_y[qr + 1, qc] * (1 - s) + node_y[qr + 1, qc + 1] * s
                    ) * t
                    col, row = a * x + b * y + c, d * x + e * y + f
                    bounds[0], bounds[1] = min(bounds[0], col), min(bounds[1], row)
                    bounds[2], bounds[3] = max(bounds[2], col), max(bounds[3], row)


def _touched(part: CanvasPart, axis: int) -> slice:
    """Return the nodes around the pixels to fill, along columns (0) or rows (1)."""
    first = int(part.array[axis])
    start, stop = (int(value) - first for value in part.array[2 + 2 * axis : 4 + 2 * axis])
    step = part.nodes.step
    return slice(start // step, (stop - 1) // step + 2)


def window_of(affine: LevelAffine, part: CanvasPart, taps: int) -> PixelWindow | None:
    """Return the pixels that a canvas part touches, or None where it lies beside the raster.

    Parameters
    ----------
    taps : int
        Neighbours needed on each side of a position: 1 for bilinear, 2 for cubic.
    """
    bounds = np.array([np.inf, np.inf, -np.inf, -np.inf])
    nodes = part.nodes
    if nodes.step <= _SMALL_STEP and nodes.quads.all():
        touched = (_touched(part, 1), _touched(part, 0))
        _node_bounds_kernel(nodes.x[touched], nodes.y[touched], affine.array, bounds)
    else:
        _bounds_kernel(
            nodes.x,
            nodes.y,
            nodes.quads,
            nodes.step,
            part.array,
            affine.array,
            bounds,
        )
    left, top, right, bottom = bounds.tolist()
    # A hundredth of a pixel for rounding; inf where no quad is usable.
    if not (
        right > -0.01
        and bottom > -0.01
        and left < affine.width + 0.01
        and top < affine.height + 0.01
    ):
        return None
    cols, rows = math.ceil(affine.width), math.ceil(affine.height)
    return PixelWindow(
        min(max(math.floor(left - 0.51) - taps + 1, 0), cols - 1),
        min(max(math.floor(top - 0.51) - taps + 1, 0), rows - 1),
        max(min(math.floor(right + 0.51) + taps, cols), 1),
        max(min(math.floor(bottom + 0.51) + taps, rows), 1),
    )
