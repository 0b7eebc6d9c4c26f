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
from engine.samplers.quad_rows import (
    BESIDE,
    VAST,
    WHOLE,
    find_lines,
    find_nodes,
    judge_quads,
    place_quads,
)
from engine.samplers.tap_runs import RUN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.samplers.placement import CanvasPart, LevelAffine

NEAREST = 0
BILINEAR = 1
CUBIC = 2


@kernel
def _is_any(flags, first, count):
    found = np.uint8(0)
    for k in range(count):
        found |= flags[first + np.uint64(k)]
    return found != 0


@kernel
def _mark(flags, first, count):
    for k in range(count):
        flags[first + np.uint64(k)] = 1


@using("engine.samplers.tap_runs", "engine.samplers.quad_rows", "engine.samplers.interpolation")
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
    rows_of_nodes,  # float64 (2, 2, node columns): scratch
    lines,  # int64 (4, quad columns + 8): scratch
    kinds,  # uint8 (quad columns): scratch
    taps,  # five uint32 (columns of all quads + 16): scratch of a run: taps, fractions, two pairs of samples
    corners,  # four of the source's type, as long where its samples are wide: scratch of a run
    skip,  # uint8 (rows, cols): pixels to leave alone; set where a pixel is written
    canvas,  # (bands, rows, cols)
    canvas_valid,  # uint8 (0, 1 or bands, rows, cols); 0 = `skip` says it
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
    flat, flat_skip, flat_valid = canvas.reshape(-1), skip.reshape(-1), canvas_valid.reshape(-1)
    canvas_cols = canvas.shape[2]
    is_empty = True
    for row in range(part[4], part[5]):
        first = np.uint64(row * canvas_cols + part[2])
        is_empty = is_empty and not _is_any(flat_skip, first, part[3] - part[2])
    canvas_plane = canvas.shape[1] * canvas.shape[2]
    per_step = 1.0 / step  # exact: steps are powers of two
    is_vast = max(affine[6], affine[7]) > VAST
    place_taps = (taps[0], taps[1], taps[2])
    weights = (np.uint32(shift), rounding)
    written, last_below = 0, -1
    for qr in range(quads.shape[0]):
        top = part[1] + qr * step
        r0, r1 = max(part[4], top), min(part[5], top + step)
        if r0 >= r1:
            continue
        above, below = rows_of_nodes[qr % 2], rows_of_nodes[1 - qr % 2]
        if qr != last_below:
            find_nodes(node_x[qr], node_y[qr], affine, above)
        find_nodes(node_x[qr + 1], node_y[qr + 1], affine, below)
        last_below = qr + 1
        judge_quads(above, below, quads[qr], how_far, kinds)
        for row in range(r0, r1):
            t = (row - top) * per_step
            find_lines(above, below, t, per_step, is_vast, lines)
            qc, careful_until = 0, 0
            while qc < quads.shape[1]:
                left = part[0] + qc * step
                c0, c1 = max(part[2], left), min(part[3], left + step)
                if c0 >= c1 or kinds[qc] == BESIDE:
                    qc += 1
                    continue
                if kinds[qc] == WHOLE and qc >= careful_until:
                    # As many quads as are whole and untouched: their taps first, then one pass a band.
                    end = qc
                    while end < quads.shape[1] and kinds[end] == WHOLE:
                        begin = max(c0, part[0] + end * step)
                        stop = min(part[3], part[0] + (end + 1) * step)
                        first = np.uint64(row * canvas_cols + begin)
                        if begin >= stop:
                            break
                        if not is_empty and _is_any(flat_skip, first, stop - begin):
                            break
                        end += 1
                    place_quads(lines, (qc, end), step, window, weights, place_taps)
                    lead, count = c0 - left, min(part[3], part[0] + end * step) - c0
                    is_fresh = count > 0
                    cols = np.uint64(win_cols)
                    for band in range(bands if count > 0 else 0):
                        base = np.uint64(band) * plane
                        out = np.uint64(band * canvas_plane + row * canvas_cols + c0)
                        run = (lead, out, count)
                        if is_narrow:
                            blend_narrow(source, base, cols, taps, bits, flat, run)
                        elif not blend_wide(
                            source, base, cols, taps, corners, is_integer, flat, run
                        ):
                            is_fresh = False
                    # An infinite sample under a weight of 0 gives no number: the loop below is careful.
                    if is_fresh:
                        first = np.uint64(row * canvas_cols + c0)
                        _mark(flat_skip, first, count)
                        for band in range(canvas_valid.shape[0]):
                            _mark(flat_valid, first + np.uint64(band * canvas_plane), count)
                        written += count
                        qc = end
                        continue
                    careful_until = max(end, qc + 1)
                dx, dy = lines[2, qc], lines[3, qc]
                px = lines[0, qc] + rounding + (c0 - left) * dx
                py = lines[1, qc] + rounding + (c0 - left) * dy
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
                        if band < canvas_valid.shape[0]:
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
    if canvas_valid.shape[0] == 1 and np.shares_memory(canvas_valid, skip):
        canvas_valid = canvas_valid[:0]
    counts = np.zeros(1, np.int64)
    wide, is_integer = source.dtype.itemsize > 1, source.dtype.kind in "ui"
    nodes = part.nodes
    bands, rows, cols = source.shape
    longest = nodes.quads.shape[1] * nodes.step + 2 * RUN
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
        np.empty((2, 2, nodes.quads.shape[1] + 1)),
        np.zeros((4, nodes.quads.shape[1] + RUN), np.int64),
        np.empty(nodes.quads.shape[1], np.uint8),
        tuple(np.empty((5, longest), np.uint32)),
        tuple(np.empty((4, longest if wide else 1), source.dtype)),
        skip.view(np.uint8),
        data,
        canvas_valid.view(np.uint8),
        counts,
    )
    return int(counts[0])
