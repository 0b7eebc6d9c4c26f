"""Interpolate samples at taps: runs of bilinear ones, and single cubic ones.

Weights of 8-bit samples have 8 bits an axis, those of wider types 14, whose products float64 holds
exactly. Kernels in other files that call these say so to `engine.kernel.using`.
"""

from __future__ import annotations

import numpy as np

from engine.kernel import kernel, unaliased_kernel, using
from engine.samplers.tap_runs import left_of, load_pair, right_of


@kernel
def _cubic_weight(t, tap):
    """Return the Catmull-Rom weight (a = -0.5) of tap 0, 1, 2 or 3 (the second is at t = 0)."""
    if tap == 0:
        return ((-0.5 * t + 1.0) * t - 0.5) * t
    if tap == 1:
        return (1.5 * t - 2.5) * t * t + 1.0
    if tap == 2:
        return ((-1.5 * t + 2.0) * t + 0.5) * t
    return (0.5 * t - 0.5) * t * t


@kernel
def cubic_value(source, valid, vbase, base, all_valid, taps, tx, ty, clamp):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    """Return the cubic convolution over valid taps, clamped to them for integers, NaN for none."""
    col, row, last_col, last_row, win_cols = taps
    total, value = 0.0, 0.0
    low, high = np.inf, -np.inf
    for dr in range(4):
        wy = _cubic_weight(ty, dr)
        at = min(max(row + dr - 1, 0), last_row) * win_cols
        for dc in range(4):
            weight = wy * _cubic_weight(tx, dc)
            here = np.uint64(at + min(max(col + dc - 1, 0), last_col))
            if weight != 0.0 and (all_valid or valid[vbase + here]):
                sample = float(source[base + here])
                total += weight
                value += weight * sample
                low, high = min(low, sample), max(high, sample)
    if abs(total) < 1e-3:
        return np.nan
    value /= total
    return min(max(value, low), high) if clamp else value


@using("engine.samplers.tap_runs")
@unaliased_kernel
def blend_narrow(source, base, win_cols, taps, bits, out, run):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    """Interpolate integers of at most 16 bits, exactly as the sum of four products, rounded.

    First the loads, two neighbours each; then what LLVM makes vectors of.
    """
    at, fx, fy, upper, lower = taps
    start, first, count = run
    one = np.int32(np.int32(1) << np.int32(bits))
    for k in range(start, start + count):
        i = np.uint64(k)
        here = base + np.uint64(at[i])
        upper[i] = load_pair(source, here)
        lower[i] = load_pair(source, here + win_cols)
    for k in range(start, start + count):
        i = np.uint64(k)
        x, y = np.int32(fx[i]), np.int32(fy[i])
        nw, ne = left_of(source, upper[i]), right_of(source, upper[i])
        sw, se = left_of(source, lower[i]), right_of(source, lower[i])
        place = first + np.uint64(k - start)
        if bits == 8:
            w11 = np.int32(np.int32(x * y + np.int32(128)) >> np.int32(8))
            total = np.int32(nw * np.int32(one - x - y + w11)) + np.int32(ne * np.int32(x - w11))
            total += np.int32(sw * np.int32(y - w11)) + np.int32(se * w11)
            out[place] = (total + 128) >> 8
        else:
            rest = np.int32(one - x)
            above = np.int32(np.int32(nw * rest) + np.int32(ne * x))
            below = np.int32(np.int32(sw * rest) + np.int32(se * x))
            both = (np.int64(above) << np.int64(14)) + np.int64(np.int32(below - above)) * np.int64(
                y
            )
            out[place] = (both + (1 << 27)) >> 28


@unaliased_kernel
def blend_wide(source, base, win_cols, taps, corners, is_integer, out, run):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    """Interpolate floats and wide integers in float64; False where a result is no number.

    First the loads, into `corners`; then what LLVM makes vectors of.
    """
    at, fx, fy, _, _ = taps
    north_west, north_east, south_west, south_east = corners
    start, first, count = run
    unit = 1.0 / (16384.0 * 16384.0)
    for k in range(start, start + count):
        i = np.uint64(k)
        here = base + np.uint64(at[i])
        below = here + win_cols
        north_west[i], north_east[i] = source[here], source[here + np.uint64(1)]
        south_west[i], south_east[i] = source[below], source[below + np.uint64(1)]
    bad = np.uint8(0)
    for k in range(start, start + count):
        i = np.uint64(k)
        x, y = float(np.int32(fx[i])), float(np.int32(fy[i]))
        value = float(north_west[i]) * ((16384.0 - x) * (16384.0 - y))
        value += float(north_east[i]) * (x * (16384.0 - y))
        value += float(south_west[i]) * ((16384.0 - x) * y)
        value += float(south_east[i]) * (x * y)
        value *= unit
        bad |= np.uint8(np.isnan(value))
        out[first + np.uint64(k - start)] = np.floor(value + 0.5) if is_integer else value
    return bad == 0
