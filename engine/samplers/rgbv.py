"""Sample 3 × uint8 pixels (Rgbv words) onto a canvas and mosaic them "first on top", in one pass.

Positions are 32.32 fixed point from the start of each row of a quad, so any cut of the work gives
the same pixels. Positions are rounded to 1/256 pixel; all four lanes of a word are weighted at once:
away from edges by one multiply-add of pairs a row of taps, elsewhere by one 64-bit multiply a tap. The
fourth lane is the pixel's validity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.kernel import kernel, unaliased_kernel, using
from engine.samplers.quad_rows import (
    BESIDE,
    VAST,
    WHOLE,
    find_lines,
    find_nodes,
    judge_quads,
    line_of,
    place_quads,
)
from engine.samplers.rgbv_taps import blend_taps, divide_lanes, pack, spread
from engine.samplers.tap_runs import RUN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.samplers.placement import CanvasPart, LevelAffine

NEAREST = 0
BILINEAR = 1

_U32 = np.uint64(32)
# What positions lie off pixels, in 1/256 of one.
_FRACTION = np.uint64(0xFF000000)
# From this step on a row of a quad is worth its own pass; below, many quads' rows are put together.
_LONG = 64
_FIXED = 4294967296.0


@kernel
def _inside(start, step, count, low, high):
    """Return the first and the end index k at which low <= start + k * step <= high."""
    if step == 0:
        return (0, count) if low <= start <= high else (0, 0)
    if step > 0:
        first, last = -((start - low) // step), (high - start) // step
    else:
        first, last = -((high - start) // -step), (start - low) // -step
    return min(max(first, 0), count), min(max(last + 1, 0), count)


@unaliased_kernel
def _weigh_row(x, y, dx, dy, top, bottom, count):
    """Write the weights of `count` pixels' taps, in pairs; x, y, dx, dy are the fractions alone."""
    for k in range(count):
        n = np.uint32(k)
        fx = np.uint32(np.uint32(x + np.uint32(n * dx)) >> np.uint32(24))
        fy = np.uint32(np.uint32(y + np.uint32(n * dy)) >> np.uint32(24))
        w11 = np.uint32(np.uint32(fx * fy + np.uint32(128)) >> np.uint32(8))
        w00 = np.uint32(np.uint32(256) - fx - fy + w11)
        top[k] = w00 | np.uint32(np.uint32(fx - w11) << np.uint32(16))
        bottom[k] = np.uint32(fy - w11) | np.uint32(w11 << np.uint32(16))


@unaliased_kernel
def _bilinear_row(words, win_cols, x, y, dx, dy, top, bottom, target, out, count):
    """Interpolate `count` pixels whose four taps all lie in the window; no branch.

    The weights first: LLVM vectorises them, and the processor overlaps the loads of the rest. Pixels
    that all lie on those of the window, to 1/256 of one, are copied.
    """
    last = np.uint64(count - 1)
    end_x, end_y = x + last * dx, y + last * dy
    is_apart = (end_x >> _U32) - (x >> _U32) - last | (end_y >> _U32) - (y >> _U32)
    if is_apart == 0 and (x | y | end_x | end_y) & _FRACTION == 0:
        at = (y >> _U32) * win_cols + (x >> _U32)
        for k in range(count):
            target[out + np.uint64(k)] = words[at + np.uint64(k)]
        return
    _weigh_row(np.uint32(x), np.uint32(y), np.uint32(dx), np.uint32(dy), top, bottom, count)
    for k in range(count):
        at = (y >> _U32) * win_cols + (x >> _U32)
        target[out + np.uint64(k)] = blend_taps(words, at, win_cols, top[k], bottom[k])
        x += dx
        y += dy


@unaliased_kernel
def _weigh_run(fx, fy, first, top, bottom, count):
    """Write the weights of `count` pixels' taps, in pairs, from their fractions."""
    for k in range(count):
        i, place = np.uint64(k), first + np.uint64(k)
        w11 = np.uint32(np.uint32(fx[place] * fy[place] + np.uint32(128)) >> np.uint32(8))
        w00 = np.uint32(np.uint32(256) - fx[place] - fy[place] + w11)
        top[i] = w00 | np.uint32(np.uint32(fx[place] - w11) << np.uint32(16))
        bottom[i] = np.uint32(fy[place] - w11) | np.uint32(w11 << np.uint32(16))


@unaliased_kernel
def _blend_run(words, win_cols, taps, first, target, out, count):
    """Interpolate `count` pixels whose taps are placed; no branch."""
    at, top, bottom = taps
    for k in range(count):
        i = np.uint64(k)
        here = np.uint64(at[first + i])
        target[out + i] = blend_taps(words, here, win_cols, top[i], bottom[i])


@kernel
def _careful_pixel(words, window, qx, qy, limits, interpolation):
    """Return one pixel at a position in 1/256 level pixels, 0 where it is not valid."""
    if qx < 0 or qy < 0 or qx >= limits[0] or qy >= limits[1]:
        return np.uint32(0)
    win_col, win_row, win_cols = window[0], window[1], np.uint64(window[2])
    last_col, last_row = limits[2], limits[3]
    near_col, near_row = min(qx >> 8, last_col) - win_col, min(qy >> 8, last_row) - win_row
    nearest = words[np.uint64(near_row) * win_cols + np.uint64(near_col)]
    if interpolation == NEAREST or nearest >> np.uint32(24) == 0:
        return nearest
    qx -= 128
    qy -= 128
    col0, row0 = max(qx >> 8, 0), max(qy >> 8, 0)
    col1, row1 = min((qx >> 8) + 1, last_col), min((qy >> 8) + 1, last_row)
    fx, fy = np.uint64(qx & 255), np.uint64(qy & 255)
    w11 = (fx * fy + np.uint64(128)) >> np.uint64(8)
    top_at = np.uint64(row0 - win_row) * win_cols
    low_at = np.uint64(row1 - win_row) * win_cols
    left_at, right_at = np.uint64(col0 - win_col), np.uint64(col1 - win_col)
    lanes = (
        spread(words[top_at + left_at]) * (np.uint64(256) - fx - fy + w11)
        + spread(words[top_at + right_at]) * (fx - w11)
        + spread(words[low_at + left_at]) * (fy - w11)
        + spread(words[low_at + right_at]) * w11
    )
    # Invalid taps hold zeros; the validity lane sums 255 times the valid weight, 256 at most.
    total = (lanes >> np.uint64(48)) // np.uint64(255)
    if total == np.uint64(256):
        return pack(lanes + np.uint64(0x0080008000800080))
    return divide_lanes(lanes, total)


@using("engine.samplers.tap_runs", "engine.samplers.quad_rows", "engine.samplers.rgbv_taps")
@kernel
def _sample_rgbv_kernel(
    words,  # uint32 flat window of level pixels
    window,  # int64: first col, first row, cols, rows
    all_valid,  # the window holds no invalid pixel
    affine,  # float64: a b c d e f width height of the level
    node_x,
    node_y,
    quads,
    step,
    part,  # int64: col, row, col_start, col_stop, row_start, row_stop on the canvas
    stride,  # canvas columns
    fresh,  # the canvas part is empty
    interpolation,
    rows_of_nodes,  # float64 (2, 2, node columns): scratch
    lines,  # int64 (4, quad columns + 8): scratch
    kinds,  # uint8 (quad columns): scratch
    scratch,  # six uint32 (columns of all quads + 16): pixels, upper and lower weights; taps, fractions
    canvas,  # uint32 flat
    counts,  # int64 (1): pixels newly filled, added
):
    pixels, upper, lower, at, fx, fy = scratch
    limits = (
        np.int64(np.round(affine[6] * 256.0)),
        np.int64(np.round(affine[7] * 256.0)),
        np.int64(np.ceil(affine[6])) - 1,
        np.int64(np.ceil(affine[7])) - 1,
    )
    low = np.int64(0.51 * _FIXED)
    high_x = np.int64((affine[6] - 0.51) * _FIXED)
    high_y = np.int64((affine[7] - 0.51) * _FIXED)
    per_step = 1.0 / step  # exact: steps are powers of two
    is_vast = max(affine[6], affine[7]) > VAST
    filled = 0
    how_far = (affine[6], affine[7], interpolation == BILINEAR)
    win_cols = np.uint64(window[2])
    last_below = -1
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
            if step < _LONG:
                find_lines(above, below, t, per_step, is_vast, lines)
            qc = 0
            while qc < quads.shape[1]:
                left = part[0] + qc * step
                c0, c1 = max(part[2], left), min(part[3], left + step)
                if c0 >= c1 or kinds[qc] == BESIDE:
                    qc += 1
                    continue
                if step >= _LONG:
                    lines[0, qc], lines[1, qc], lines[2, qc], lines[3, qc] = line_of(
                        above, below, qc, t, per_step
                    )
                if kinds[qc] == WHOLE:
                    end = qc + 1
                    if step < _LONG:
                        while end < quads.shape[1] and kinds[end] == WHOLE:
                            end += 1
                        end = min(end, (part[3] - part[0] + step - 1) // step)
                    lead, out = c0 - left, row * stride + c0
                    k0, k1 = 0, min(part[3], part[0] + end * step) - c0
                    if not fresh:
                        # Filled pixels lie mostly at one end: leave them out.
                        while k0 < k1 and canvas[out + k0] != 0:
                            k0 += 1
                        while k0 < k1 and canvas[out + k1 - 1] != 0:
                            k1 -= 1
                    if k0 < k1:
                        straight = all_valid and fresh
                        target = canvas if straight else pixels
                        start = np.uint64(out + k0) if straight else np.uint64(0)
                        if step < _LONG:
                            place_quads(
                                *(lines, (qc, end), step, window),
                                *((np.uint32(24), 1 << 23), (at, fx, fy)),
                            )
                            first = np.uint64(lead + k0)
                            _weigh_run(fx, fy, first, upper, lower, k1 - k0)
                            _blend_run(
                                *(words, win_cols, (at, upper, lower), first),
                                *(target, start, k1 - k0),
                            )
                        else:
                            dx, dy = lines[2, qc], lines[3, qc]
                            px = lines[0, qc] + (1 << 23) + (lead + k0) * dx
                            py = lines[1, qc] + (1 << 23) + (lead + k0) * dy
                            _bilinear_row(
                                *(words, win_cols),
                                *(
                                    np.uint64(px - (1 << 31) - (window[0] << 32)),
                                    np.uint64(py - (1 << 31) - (window[1] << 32)),
                                    np.uint64(dx),
                                    np.uint64(dy),
                                ),
                                *(upper, lower, target, start, k1 - k0),
                            )
                        if straight:
                            filled += k1 - k0
                        else:
                            for k in range(k0, k1):
                                if canvas[out + k] == 0:
                                    pixel = pixels[k - k0]
                                    if pixel >> np.uint32(24) != 255:
                                        q, n = qc + (lead + k) // step, (lead + k) % step
                                        qx = lines[0, q] + n * lines[2, q]
                                        qy = lines[1, q] + n * lines[3, q]
                                        pixel = _careful_pixel(
                                            words,
                                            window,
                                            (qx + (1 << 23)) >> 24,
                                            (qy + (1 << 23)) >> 24,
                                            limits,
                                            interpolation,
                                        )
                                    canvas[out + k] = pixel
                                    filled += pixel != 0
                    qc = end
                    continue
                count = c1 - c0
                dx, dy = lines[2, qc], lines[3, qc]
                # Half of 1/256 is added, so that the shift to 1/256 pixel rounds.
                px = lines[0, qc] + (1 << 23) + (c0 - left) * dx
                py = lines[1, qc] + (1 << 23) + (c0 - left) * dy
                qc += 1
                out = row * stride + c0
                # The pixels that may lie on the raster, and those whose taps surely do.
                vx0, vx1 = _inside(px, dx, count, 0, limits[0] << 24)
                vy0, vy1 = _inside(py, dy, count, 0, limits[1] << 24)
                v0, v1 = max(vx0, vy0), min(vx1, vy1)
                if v0 >= v1:
                    continue
                k0, k1 = v0, v0
                if interpolation == BILINEAR:
                    kx0, kx1 = _inside(px, dx, count, low, high_x)
                    ky0, ky1 = _inside(py, dy, count, low, high_y)
                    if max(kx0, ky0) < min(kx1, ky1):
                        k0, k1 = max(kx0, ky0), min(kx1, ky1)
                if not fresh:
                    # Filled pixels lie mostly at one end: leave them out of the fast loop.
                    while k0 < k1 and canvas[out + k0] != 0:
                        k0 += 1
                    while k0 < k1 and canvas[out + k1 - 1] != 0:
                        k1 -= 1
                if k0 < k1:
                    # Taps stand half a pixel back; the window's origin leaves as an integer.
                    ux = np.uint64(px + k0 * dx - (1 << 31) - (window[0] << 32))
                    uy = np.uint64(py + k0 * dy - (1 << 31) - (window[1] << 32))
                    udx, udy = np.uint64(dx), np.uint64(dy)
                    straight = all_valid and fresh
                    target = canvas if straight else pixels
                    start = np.uint64(out + k0) if straight else np.uint64(0)
                    _bilinear_row(
                        words, win_cols, ux, uy, udx, udy, upper, lower, target, start, k1 - k0
                    )
                    if straight:
                        filled += k1 - k0
                    else:
                        for k in range(k0, k1):
                            if canvas[out + k] == 0:
                                pixel = pixels[k - k0]
                                if pixel >> np.uint32(24) != 255:
                                    pixel = _careful_pixel(
                                        words,
                                        window,
                                        (px + k * dx) >> 24,
                                        (py + k * dy) >> 24,
                                        limits,
                                        interpolation,
                                    )
                                canvas[out + k] = pixel
                                filled += pixel != 0
                for begin, end in ((v0, k0), (k1, v1)):
                    for k in range(begin, end):
                        if canvas[out + k] == 0:
                            pixel = _careful_pixel(
                                words,
                                window,
                                (px + k * dx) >> 24,
                                (py + k * dy) >> 24,
                                limits,
                                interpolation,
                            )
                            canvas[out + k] = pixel
                            filled += pixel != 0
    counts[0] += filled


def sample_rgbv(
    words: NDArray[np.uint32],
    window: tuple[int, int],
    affine: LevelAffine,
    part: CanvasPart,
    canvas: NDArray[np.uint32],
    options: tuple[int, bool, bool],
) -> int:
    """Sample a window of level pixels onto the empty pixels of a canvas part.

    Parameters
    ----------
    words : uint32 (rows, cols)
        The window, C-contiguous; invalid pixels are 0.
    window : (col, row)
        Level pixel of the window's first word.
    canvas : uint32 (rows, cols)
        Changed in place: pixels that are 0 and where the nearest source pixel is valid.
    options : (interpolation, all_valid, fresh)
        NEAREST or BILINEAR; whether the window holds no invalid pixel; whether the part is empty.

    Returns
    -------
    int
        Pixels newly filled.
    """
    interpolation, all_valid, fresh = options
    counts = np.zeros(1, np.int64)
    nodes = part.nodes
    across = nodes.quads.shape[1]
    _sample_rgbv_kernel(
        words.reshape(-1),
        np.array((*window, words.shape[1], words.shape[0]), np.int64),
        all_valid,
        affine.array,
        nodes.x,
        nodes.y,
        nodes.quads,
        nodes.step,
        part.array,
        canvas.shape[1],
        fresh,
        interpolation,
        np.empty((2, 2, across + 1)),
        np.zeros((4, across + RUN), np.int64),
        np.empty(across, np.uint8),
        tuple(np.empty((6, across * nodes.step + 2 * RUN), np.uint32)),
        canvas.reshape(-1),
        counts,
    )
    return int(counts[0])
