"""Sample planes of any type onto a canvas: nearest, bilinear or cubic, per-band validity.

The plain path beside `rgbv.py`: same positions (32.32 fixed point from the start of each row of a
quad) and, for 8-bit samples, the same weights, so both give the same pixels. Wider types take 14 bits
an axis, whose products float64 holds exactly. All sums are of whole numbers, or of floats in one order:
a position on a pixel centre returns that pixel bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.kernel import kernel, unaliased_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.samplers.placement import CanvasPart, LevelAffine

NEAREST = 0
BILINEAR = 1
CUBIC = 2

_FIXED = 4294967296.0


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
def _cubic_value(source, valid, vbase, base, all_valid, taps, tx, ty, clamp):
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


@unaliased_kernel
def _place_run(x, y, dx, dy, bits, win_cols, taps, count):
    """Write the upper left taps of `count` pixels and their fractions, in units of a weight.

    x and y stand half a pixel back and count from the window's first pixel.
    """
    at, fx, fy = taps
    shift = np.uint64(32) - bits
    mask = (np.uint64(1) << bits) - np.uint64(1)
    for k in range(count):
        ux, uy = x + np.uint64(k) * dx, y + np.uint64(k) * dy
        at[k] = np.uint32((uy >> np.uint64(32)) * win_cols + (ux >> np.uint64(32)))
        fx[k] = np.uint32((ux >> shift) & mask)
        fy[k] = np.uint32((uy >> shift) & mask)


@unaliased_kernel
def _blend_narrow(source, base, win_cols, taps, bits, out, first, count):
    """Interpolate integers of at most 16 bits, exactly as the sum of four products, rounded."""
    at, fx, fy = taps
    one = np.int32(np.int32(1) << np.int32(bits))
    for k in range(count):
        here = base + np.uint64(at[k])
        x, y = np.int32(fx[k]), np.int32(fy[k])
        if bits == 8:
            w11 = np.int32(np.int32(x * y + np.int32(128)) >> np.int32(8))
            total = np.int32(source[here]) * np.int32(one - x - y + w11)
            total += np.int32(source[here + np.uint64(1)]) * np.int32(x - w11)
            total += np.int32(source[here + win_cols]) * np.int32(y - w11)
            total += np.int32(source[here + win_cols + np.uint64(1)]) * w11
            out[first + np.uint64(k)] = (total + 128) >> 8
        else:
            rest = np.int32(one - x)
            upper = np.int32(
                np.int32(source[here]) * rest + np.int32(source[here + np.uint64(1)]) * x
            )
            here += win_cols
            lower = np.int32(
                np.int32(source[here]) * rest + np.int32(source[here + np.uint64(1)]) * x
            )
            both = np.int64(upper) * np.int64(np.int32(one - y)) + np.int64(lower) * np.int64(y)
            out[first + np.uint64(k)] = (both + (1 << 27)) >> 28


@unaliased_kernel
def _blend_wide(source, base, win_cols, taps, is_integer, out, first, count):
    """Interpolate floats and wide integers in float64; False where a result is no number."""
    at, fx, fy = taps
    unit = 1.0 / (16384.0 * 16384.0)
    good = True
    for k in range(count):
        here = base + np.uint64(at[k])
        x, y = float(fx[k]), float(fy[k])
        value = float(source[here]) * ((16384.0 - x) * (16384.0 - y))
        value += float(source[here + np.uint64(1)]) * (x * (16384.0 - y))
        value += float(source[here + win_cols]) * ((16384.0 - x) * y)
        value += float(source[here + win_cols + np.uint64(1)]) * (x * y)
        value *= unit
        good = good and not np.isnan(value)
        out[first + np.uint64(k)] = np.floor(value + 0.5) if is_integer else value
    return good


@kernel
def _sample_planes_kernel(
    source,  # flat (bands, rows, cols) window of level pixels
    valid,  # bool flat (1 or bands, rows, cols); one element when all_valid
    window,  # int64: first col, first row, cols, rows, bands, bands of valid
    all_valid,
    affine,  # float64: a b c d e f width height of the level
    node_x,
    node_y,
    quads,
    step,
    part,  # int64: col, row, col_start, col_stop, row_start, row_stop on the canvas
    how,  # int64: interpolation, bits of a weight (8 or 14), 1 for integers, 1 for narrow ones
    taps,  # three uint32 (256): scratch for the taps of a run and their fractions
    skip,  # bool (rows, cols): pixels to leave alone; set where a pixel is written
    canvas,  # (bands, rows, cols)
    canvas_valid,  # bool (1 or bands, rows, cols)
    counts,  # int64 (1)
):
    a, b, c, d, e, f = affine[0], affine[1], affine[2], affine[3], affine[4], affine[5]
    interpolation, bits, is_integer = how[0], how[1], how[2] == 1
    one = 1 << bits
    half = one >> 1
    shift = 32 - bits
    rounding = 1 << (shift - 1)
    end_x, end_y = np.int64(np.round(affine[6] * one)), np.int64(np.round(affine[7] * one))
    last_col, last_row = np.int64(np.ceil(affine[6])) - 1, np.int64(np.ceil(affine[7])) - 1
    win_col, win_row, win_cols = window[0], window[1], window[2]
    plane = np.uint64(window[2] * window[3])
    bands, valid_bands = window[4], window[5]
    unit = 1.0 / one if bits == 8 else 1.0 / (float(one) * one)
    is_narrow = how[3] == 1
    is_plain = all_valid and interpolation == BILINEAR
    flat = canvas.reshape(-1)
    canvas_plane = canvas.shape[1] * canvas.shape[2]
    per_step = 1.0 / step  # exact: steps are powers of two
    written = 0
    for qr in range(quads.shape[0]):
        top = part[1] + qr * step
        r0, r1 = max(part[4], top), min(part[5], top + step)
        if r0 >= r1:
            continue
        for qc in range(quads.shape[1]):
            left = part[0] + qc * step
            c0, c1 = max(part[2], left), min(part[3], left + step)
            if c0 >= c1 or quads[qr, qc] == 0:
                continue
            x_nw = a * node_x[qr, qc] + b * node_y[qr, qc] + c
            y_nw = d * node_x[qr, qc] + e * node_y[qr, qc] + f
            x_ne = a * node_x[qr, qc + 1] + b * node_y[qr, qc + 1] + c
            y_ne = d * node_x[qr, qc + 1] + e * node_y[qr, qc + 1] + f
            x_sw = a * node_x[qr + 1, qc] + b * node_y[qr + 1, qc] + c
            y_sw = d * node_x[qr + 1, qc] + e * node_y[qr + 1, qc] + f
            x_se = a * node_x[qr + 1, qc + 1] + b * node_y[qr + 1, qc + 1] + c
            y_se = d * node_x[qr + 1, qc + 1] + e * node_y[qr + 1, qc + 1] + f
            if (
                max(x_nw, x_ne, x_sw, x_se) < -1.0
                or max(y_nw, y_ne, y_sw, y_se) < -1.0
                or min(x_nw, x_ne, x_sw, x_se) > affine[6] + 1.0
                or min(y_nw, y_ne, y_sw, y_se) > affine[7] + 1.0
            ):
                continue
            # All taps of the quad surely lie on the raster.
            whole = (
                is_plain
                and min(x_nw, x_ne, x_sw, x_se) >= 0.52
                and min(y_nw, y_ne, y_sw, y_se) >= 0.52
                and max(x_nw, x_ne, x_sw, x_se) <= affine[6] - 0.52
                and max(y_nw, y_ne, y_sw, y_se) <= affine[7] - 0.52
            )
            for row in range(r0, r1):
                t = (row - top) * per_step
                xl = x_nw + t * (x_sw - x_nw)
                xr = x_ne + t * (x_se - x_ne)
                yl = y_nw + t * (y_sw - y_nw)
                yr = y_ne + t * (y_se - y_ne)
                dx = np.int64(np.round((xr - xl) * (per_step * _FIXED)))
                dy = np.int64(np.round((yr - yl) * (per_step * _FIXED)))
                px = np.int64(np.round(xl * _FIXED)) + rounding + (c0 - left) * dx
                py = np.int64(np.round(yl * _FIXED)) + rounding + (c0 - left) * dy
                is_fresh = whole
                if whole:
                    for col in range(c0, c1):
                        is_fresh = is_fresh and not skip[row, col]
                if is_fresh:
                    count, cols = c1 - c0, np.uint64(win_cols)
                    ux = np.uint64(px - (1 << 31) - (win_col << 32))
                    uy = np.uint64(py - (1 << 31) - (win_row << 32))
                    udx, udy = np.uint64(dx), np.uint64(dy)
                    _place_run(ux, uy, udx, udy, np.uint64(bits), cols, taps, count)
                    for band in range(bands):
                        base = np.uint64(band) * plane
                        out = np.uint64(band * canvas_plane + row * canvas.shape[2] + c0)
                        if is_narrow:
                            _blend_narrow(source, base, cols, taps, bits, flat, out, count)
                        elif not _blend_wide(
                            source, base, cols, taps, is_integer, flat, out, count
                        ):
                            is_fresh = False
                    # An infinite sample under a weight of 0 gives no number: the loop below is careful.
                    if is_fresh:
                        for band in range(canvas_valid.shape[0]):
                            for col in range(c0, c1):
                                canvas_valid[band, row, col] = True
                        for col in range(c0, c1):
                            skip[row, col] = True
                        written += count
                        continue
                for col in range(c0, c1):
                    qx, qy = px >> shift, py >> shift
                    px += dx
                    py += dy
                    if skip[row, col] or qx < 0 or qy < 0 or qx >= end_x or qy >= end_y:
                        continue
                    near = np.uint64(
                        (min(qy >> bits, last_row) - win_row) * win_cols
                        + (min(qx >> bits, last_col) - win_col)
                    )
                    usable = all_valid
                    if not all_valid:
                        for band in range(valid_bands):
                            usable = usable or valid[np.uint64(band) * plane + near]
                        if not usable:
                            continue
                    skip[row, col] = True
                    written += 1
                    tap_c, tap_r = (qx - half) >> bits, (qy - half) >> bits
                    fx, fy = (qx - half) & (one - 1), (qy - half) & (one - 1)
                    left_c, right_c = max(tap_c, 0) - win_col, min(tap_c + 1, last_col) - win_col
                    upper = (max(tap_r, 0) - win_row) * win_cols
                    lower = (min(tap_r + 1, last_row) - win_row) * win_cols
                    nw, ne = np.uint64(upper + left_c), np.uint64(upper + right_c)
                    sw, se = np.uint64(lower + left_c), np.uint64(lower + right_c)
                    if bits == 8:
                        corner = (fx * fy + half) >> 8
                        w11, w01, w10 = float(corner), float(fx - corner), float(fy - corner)
                        w00 = float(one - fx - fy + corner)
                    else:
                        w11, w01 = float(fx * fy), float(fx * (one - fy))
                        w10, w00 = float((one - fx) * fy), float((one - fx) * (one - fy))
                    for band in range(bands):
                        base = np.uint64(band) * plane
                        vbase = base if valid_bands > 1 else np.uint64(0)
                        good = all_valid or valid[vbase + near]
                        if canvas_valid.shape[0] > 1 or band == 0:
                            canvas_valid[band, row, col] = good
                        if not good:
                            canvas[band, row, col] = 0
                            continue
                        if interpolation == NEAREST:
                            canvas[band, row, col] = source[base + near]
                            continue
                        if interpolation == CUBIC:
                            corner_taps = (tap_c, tap_r, last_col, last_row, win_cols)
                            shifted = base - np.uint64(win_row * win_cols + win_col)
                            vshifted = vbase - np.uint64(win_row * win_cols + win_col)
                            value = _cubic_value(
                                source,
                                valid,
                                vshifted,
                                shifted,
                                all_valid,
                                corner_taps,
                                fx / one,
                                fy / one,
                                is_integer,
                            )
                            if np.isnan(value):
                                value = float(source[base + near])
                            if is_integer:
                                value = np.floor(value + 0.5)
                        elif all_valid:
                            value = float(source[base + nw]) * w00
                            # A tap of weight 0 may be infinite, and 0 × inf is no number.
                            if w01 > 0:
                                value += float(source[base + ne]) * w01
                            if w10 > 0:
                                value += float(source[base + sw]) * w10
                            if w11 > 0:
                                value += float(source[base + se]) * w11
                            value *= unit
                            if is_integer:
                                value = np.floor(value + 0.5)
                        else:
                            value, total = 0.0, 0.0
                            if w00 > 0 and valid[vbase + nw]:
                                value, total = float(source[base + nw]) * w00, w00
                            if w01 > 0 and valid[vbase + ne]:
                                value, total = value + float(source[base + ne]) * w01, total + w01
                            if w10 > 0 and valid[vbase + sw]:
                                value, total = value + float(source[base + sw]) * w10, total + w10
                            if w11 > 0 and valid[vbase + se]:
                                value, total = value + float(source[base + se]) * w11, total + w11
                            if is_integer:
                                value = np.floor((value + np.floor(total * 0.5)) / total)
                            else:
                                value /= total
                        canvas[band, row, col] = value
    counts[0] += written


def sample_planes(
    source: NDArray[Any],
    valid: NDArray[np.bool_] | None,
    origin: tuple[int, int],
    place: tuple[LevelAffine, CanvasPart],
    interpolation: int,
    canvas: tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]],
) -> int:
    """Sample a window of level pixels onto the pixels of a canvas part that are not skipped.

    Parameters
    ----------
    source : (bands, rows, cols)
        The window, C-contiguous.
    valid : bool (1 or bands, rows, cols) or None
        None = all valid.
    origin : (col, row)
        Level pixel of the window's first pixel.
    interpolation : int
        NEAREST, BILINEAR or CUBIC.
    canvas : (data, valid, skip)
        (bands, rows, cols) of the source's type; bool (1 or bands, rows, cols), as many as `valid` at
        least; bool (rows, cols): left alone where True, set where written.

    Returns
    -------
    int
        Pixels written.
    """
    affine, part = place
    data, canvas_valid, skip = canvas
    if data.dtype != source.dtype or data.shape[0] != source.shape[0]:
        raise ValueError("canvas and source differ in type or bands")
    counts = np.zeros(1, np.int64)
    wide, is_integer = source.dtype.itemsize > 1, source.dtype.kind in "ui"
    nodes = part.nodes
    bands, rows, cols = source.shape
    usable = np.ones((1, 1, 1), np.bool_) if valid is None else valid
    _sample_planes_kernel(
        source.reshape(-1),
        usable.reshape(-1),
        np.array((*origin, cols, rows, bands, usable.shape[0]), np.int64),
        valid is None,
        affine.array,
        nodes.x,
        nodes.y,
        nodes.quads,
        nodes.step,
        part.array,
        np.array(
            (
                interpolation,
                14 if wide else 8,
                is_integer,
                is_integer and source.dtype.itemsize <= 2,
            ),
            np.int64,
        ),
        (np.empty(256, np.uint32), np.empty(256, np.uint32), np.empty(256, np.uint32)),
        skip,
        data,
        canvas_valid,
        counts,
    )
    return int(counts[0])
