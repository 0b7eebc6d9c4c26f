"""Rows of quads of a position grid: what each quad is, and where a row of its pixels lies on the raster.

The steps that the sampling kernels share. Kernels in other files that use these say so to
`engine.kernel.using`, with `engine.samplers.tap_runs`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.kernel import IS_COMPILING, intrinsic, ir, kernel, types, unaliased_kernel, using
from engine.samplers.tap_runs import RUN, place_eight

FIXED = 4294967296.0
VAST = 500_000.0
# 1.5 · 2^52, and the bits of it.
_ROUND = 6755399441055744.0
_ROUND_BITS = 0x4338000000000000
# What a quad is: beside the raster, partly on it or to be looked at pixel by pixel, wholly inside.
BESIDE, PARTLY, WHOLE = 0, 1, 2


@unaliased_kernel
def find_nodes(node_x, node_y, affine, into):
    """Write the level positions of a row of nodes: x, y (2, nodes)."""
    a, b, c, d, e, f = affine[0], affine[1], affine[2], affine[3], affine[4], affine[5]
    for k in range(node_x.size):
        i = np.uint64(k)
        into[0, i] = a * node_x[i] + b * node_y[i] + c
        into[1, i] = d * node_x[i] + e * node_y[i] + f


@kernel
def judge_quads(above, below, usable, how_far, kinds):
    """Write what each quad between two rows of nodes is."""
    width, height, is_plain = how_far
    for k in range(kinds.size):
        i, j = np.uint64(k), np.uint64(k + 1)
        x_lo = min(above[0, i], above[0, j], below[0, i], below[0, j])
        x_hi = max(above[0, i], above[0, j], below[0, i], below[0, j])
        y_lo = min(above[1, i], above[1, j], below[1, i], below[1, j])
        y_hi = max(above[1, i], above[1, j], below[1, i], below[1, j])
        beside = x_hi < -1.0 or y_hi < -1.0 or x_lo > width + 1.0 or y_lo > height + 1.0
        # All taps of the quad surely lie on the raster.
        whole = is_plain and min(x_lo, y_lo) >= 0.52
        whole = whole and x_hi <= width - 0.52 and y_hi <= height - 0.52
        kinds[i] = WHOLE if whole else PARTLY
        if beside or usable[i] == 0:
            kinds[i] = BESIDE


@intrinsic
def _nearest_vector(_typing, value):  # noqa: ARG001 -- numba's protocol
    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        shifted = builder.fadd(args[0], ir.Constant(ir.DoubleType(), _ROUND))
        bits = builder.bitcast(shifted, ir.IntType(64))
        return builder.sub(bits, ir.Constant(ir.IntType(64), _ROUND_BITS))

    return types.int64(types.float64), codegen


@kernel
def _nearest_plain(value):
    return np.int64(np.round(value))


# The nearest whole number of values below 2^51, ties to even. Processors before AVX-512 convert to 64
# bits one value at a time; an addition that leaves the number in the lowest bits makes vectors of it.
_nearest: Any = _nearest_vector if IS_COMPILING else _nearest_plain


@unaliased_kernel
def find_lines(above, below, t, per_step, is_vast, lines):
    """Write x, y, dx, dy of one row of each quad, 32.32 fixed point.

    is_vast: positions may be 2^19 pixels and more.
    """
    for axis in range(2):
        if is_vast:
            for k in range(above.shape[1] - 1):
                start = above[axis, k] + t * (below[axis, k] - above[axis, k])
                stop = above[axis, k + 1] + t * (below[axis, k + 1] - above[axis, k + 1])
                lines[axis, k] = np.int64(np.round(start * FIXED))
                lines[axis + 2, k] = np.int64(np.round((stop - start) * (per_step * FIXED)))
            continue
        for k in range(above.shape[1] - 1):
            i, j = np.uint64(k), np.uint64(k + 1)
            start = above[axis, i] + t * (below[axis, i] - above[axis, i])
            stop = above[axis, j] + t * (below[axis, j] - above[axis, j])
            lines[axis, i] = _nearest(start * FIXED)
            lines[axis + 2, i] = _nearest((stop - start) * (per_step * FIXED))


@kernel
def line_of(above, below, quad, t, per_step):
    """Return x, y, dx, dy of one row of one quad, as `find_lines` writes them."""
    i, j = np.uint64(quad), np.uint64(quad + 1)
    x = above[0, i] + t * (below[0, i] - above[0, i])
    y = above[1, i] + t * (below[1, i] - above[1, i])
    far_x = above[0, j] + t * (below[0, j] - above[0, j])
    far_y = above[1, j] + t * (below[1, j] - above[1, j])
    by = per_step * FIXED
    return (
        np.int64(np.round(x * FIXED)),
        np.int64(np.round(y * FIXED)),
        np.int64(np.round((far_x - x) * by)),
        np.int64(np.round((far_y - y) * by)),
    )


@using("engine.samplers.tap_runs")
@kernel
def place_quads(lines, quads, step, window, weights, taps):
    """Write the taps of all pixels of one row of some quads.

    weights: by how much fractions are shifted down to weights, and the half that rounds them.
    """
    first, end = quads
    shift, rounding = weights
    back_x = np.uint64(rounding - (1 << 31) - (window[0] << 32))
    back_y = np.uint64(rounding - (1 << 31) - (window[1] << 32))
    cols = np.uint64(window[2])
    at = np.uint64(0)
    # Eight pixels at a time: several small quads, or one part of a large one.
    for k in range(first, end, max(1, RUN // step)):
        for more in range(0, max(step, RUN), RUN):
            origin = (back_x, back_y, cols, np.uint64(more))
            place_eight(lines, np.uint64(k), step, origin, shift, taps, at)
            at += np.uint64(RUN)
