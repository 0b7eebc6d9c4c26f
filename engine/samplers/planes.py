"""Sample planes of any type onto a canvas: nearest, bilinear or cubic, per-band validity.

The plain path beside `rgbv.py`: same positions (32.32 fixed point from the start of each row of a
quad) and, for 8-bit samples, the same weights, so both give the same pixels. Wider types take 14 bits
an axis, whose products float64 holds exactly. All sums are of whole numbers, or of floats in one order:
a position on a pixel centre returns that pixel bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.kernel import kernel, using
from engine.samplers.interpolation import blend_narrow, blend_wide, cubic_value
from engine.samplers.tap_runs import RUN, place_eight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.samplers.placement import CanvasPart, LevelAffine

NEAREST = 0
BILINEAR = 1
CUBIC = 2

_FIXED = 4294967296.0
# What a quad is: beside the raster, partly on it or to be looked at pixel by pixel, wholly inside.
_BESIDE, _PARTLY, _WHOLE = 0, 1, 2


@kernel
def _find_corners(quad_row, nodes, how_far, corners, kinds):
    """Write level positions of the corners of a row of quads, and what each quad is."""
    node_x, node_y, quads, affine = nodes
    a, b, c, d, e, f = affine[0], affine[1], affine[2], affine[3], affine[4], affine[5]
    width, height, is_plain = how_far
    for qc in range(quads.shape[1]):
        kinds[qc] = _BESIDE
        if quads[quad_row, qc] == 0:
            continue
        x_lo, y_lo, x_hi, y_hi = np.inf, np.inf, -np.inf, -np.inf
        for k in range(4):
            nx, ny = node_x[quad_row + k // 2, qc + k % 2], node_y[quad_row + k // 2, qc + k % 2]
            x, y = a * nx + b * ny + c, d * nx + e * ny + f
            corners[2 * k, qc], corners[2 * k + 1, qc] = x, y
            x_lo, x_hi = min(x_lo, x), max(x_hi, x)
            y_lo, y_hi = min(y_lo, y), max(y_hi, y)
        if x_hi < -1.0 or y_hi < -1.0 or x_lo > width + 1.0 or y_lo > height + 1.0:
            continue
        # All taps of the quad surely lie on the raster.
        whole = is_plain and min(x_lo, y_lo) >= 0.52
        whole = whole and x_hi <= width - 0.52 and y_hi <= height - 0.52
        kinds[qc] = _WHOLE if whole else _PARTLY


@kernel
def _line(corners, qc, t, per_step):
    """Return (x, y, dx, dy) of one row of a quad in 32.32 fixed point."""
    xl = corners[0, qc] + t * (corners[4, qc] - corners[0, qc])
    yl = corners[1, qc] + t * (corners[5, qc] - corners[1, qc])
    xr = corners[2, qc] + t * (corners[6, qc] - corners[2, qc])
    yr = corners[3, qc] + t * (corners[7, qc] - corners[3, qc])
    return (
        np.int64(np.round(xl * _FIXED)),
        np.int64(np.round(yl * _FIXED)),
        np.int64(np.round((xr - xl) * (per_step * _FIXED))),
        np.int64(np.round((yr - yl) * (per_step * _FIXED))),
    )


@kernel
def _place_whole(line, window, shift, rounding, taps, first, count):
    """Write the taps of `count` pixels of a row of a quad from scratch place `first` on."""
    x, y, dx, dy = line
    ux = np.uint64(x + rounding - (1 << 31) - (window[0] << 32))
    uy = np.uint64(y + rounding - (1 << 31) - (window[1] << 32))
    udx, udy, cols = np.uint64(dx), np.uint64(dy), np.uint64(window[2])
    for k in range(0, count, RUN):
        by = np.uint64(k)
        place_eight(
            *(ux + by * udx, uy + by * udy, udx, udy, cols, shift, taps, np.uint64(first + k))
        )


@using("engine.samplers.tap_runs", "engine.samplers.interpolation")
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
    corners,  # float64 (8, quad columns): scratch
    kinds,  # uint8 (quad columns): scratch
    taps,  # five uint32 (256 + 8): scratch of a run: taps, fractions, two pairs of samples
    skip,  # bool (rows, cols): pixels to leave alone; set where a pixel is written
    canvas,  # (bands, rows, cols)
    canvas_valid,  # bool (1 or bands, rows, cols)
    counts,  # int64 (1)
):
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
    how_far = (affine[6], affine[7], all_valid and interpolation == BILINEAR)
    flat = canvas.reshape(-1)
    canvas_plane = canvas.shape[1] * canvas.shape[2]
    per_step = 1.0 / step  # exact: steps are powers of two
    place_taps = (taps[0], taps[1], taps[2])
    written = 0
    for qr in range(quads.shape[0]):
        top = part[1] + qr * step
        r0, r1 = max(part[4], top), min(part[5], top + step)
        if r0 >= r1:
            continue
        _find_corners(qr, (node_x, node_y, quads, affine), how_far, corners, kinds)
        for row in range(r0, r1):
            t = (row - top) * per_step
            qc, careful_until = 0, 0
            while qc < quads.shape[1]:
                left = part[0] + qc * step
                c0, c1 = max(part[2], left), min(part[3], left + step)
                if c0 >= c1 or kinds[qc] == _BESIDE:
                    qc += 1
                    continue
                if kinds[qc] == _WHOLE and qc >= careful_until:
                    # As many quads as are whole and untouched: their taps first, then one pass a band.
                    lead, count, end = c0 - left, 0, qc
                    while end < quads.shape[1] and kinds[end] == _WHOLE:
                        stop = min(part[3], part[0] + (end + 1) * step)
                        begin = c0 + count
                        is_taken = False
                        for col in range(begin, stop):
                            is_taken |= skip[row, col]
                        if begin >= stop or is_taken:
                            break
                        line = _line(corners, end, t, per_step)
                        at = np.int64(0) if end == qc else lead + count
                        length = stop - part[0] - end * step
                        _place_whole(
                            line, window, np.uint32(shift), rounding, place_taps, at, length
                        )
                        count += stop - begin
                        end += 1
                    is_fresh = count > 0
                    cols = np.uint64(win_cols)
                    for band in range(bands if count > 0 else 0):
                        base = np.uint64(band) * plane
                        out = np.uint64(band * canvas_plane + row * canvas.shape[2] + c0)
                        run = (lead, out, count)
                        if is_narrow:
                            blend_narrow(source, base, cols, taps, bits, flat, run)
                        elif not blend_wide(source, base, cols, taps, is_integer, flat, run):
                            is_fresh = False
                    # An infinite sample under a weight of 0 gives no number: the loop below is careful.
                    if is_fresh:
                        for band in range(canvas_valid.shape[0]):
                            for col in range(c0, c0 + count):
                                canvas_valid[band, row, col] = True
                        for col in range(c0, c0 + count):
                            skip[row, col] = True
                        written += count
                        qc = end
                        continue
                    careful_until = max(end, qc + 1)
                px, py, dx, dy = _line(corners, qc, t, per_step)
                px += rounding + (c0 - left) * dx
                py += rounding + (c0 - left) * dy
                qc += 1
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
                            value = cubic_value(
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
        np.empty((8, nodes.quads.shape[1])),
        np.empty(nodes.quads.shape[1], np.uint8),
        tuple(np.empty((5, 256 + 2 * RUN), np.uint32)),
        skip,
        data,
        canvas_valid,
        counts,
    )
    return int(counts[0])
