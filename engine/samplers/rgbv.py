"""Sample 3 × uint8 pixels (Rgbv words) onto a canvas and mosaic them "first on top", in one pass.

Positions are 32.32 fixed point from the start of each row of a quad, so any cut of the work gives
the same pixels. Positions are rounded to 1/256 pixel; all four lanes of a word are weighted at once:
away from edges by one multiply-add of pairs a row of taps, elsewhere by one 64-bit multiply a tap. The
fourth lane is the pixel's validity.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.kernel import IS_COMPILING, cgutils, intrinsic, ir, kernel, types, unaliased_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.samplers.placement import CanvasPart, LevelAffine

NEAREST = 0
BILINEAR = 1

_U32 = np.uint64(32)
_FIXED = 4294967296.0


@kernel
def _spread(word):
    """Spread the bytes R, G, B, V of a word to 16-bit lanes in the order R, B, G, V."""
    wide = np.uint64(word)
    return (wide | (wide << np.uint64(24))) & np.uint64(0x00FF00FF00FF00FF)


@kernel
def _pack(lanes):
    """Take the high byte of four 16-bit lanes back into a word."""
    wide = (lanes >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    return np.uint32((wide | (wide >> np.uint64(24))) & np.uint64(0xFFFFFFFF))


@kernel
def _divide_lanes(lanes, total):
    """Divide the lanes R, B, G by the weight of the valid taps, rounded, into a valid word."""
    half = total // np.uint64(2)
    red = ((lanes & np.uint64(0xFFFF)) + half) // total
    blue = (((lanes >> np.uint64(16)) & np.uint64(0xFFFF)) + half) // total
    green = (((lanes >> np.uint64(32)) & np.uint64(0xFFFF)) + half) // total
    return np.uint32(
        red | (green << np.uint64(8)) | (blue << np.uint64(16)) | np.uint64(0xFF000000)
    )


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


@kernel
def _blend_taps_anywhere(words, at, win_cols, top, bottom):
    """Return sum(tap * weight) / 256, rounded; weights are pairs of 16 bits, the left one low."""
    low = np.uint64(0xFFFF)
    lanes = (
        _spread(words[at]) * (np.uint64(top) & low)
        + _spread(words[at + np.uint64(1)]) * (np.uint64(top) >> np.uint64(16))
        + _spread(words[at + win_cols]) * (np.uint64(bottom) & low)
        + _spread(words[at + win_cols + np.uint64(1)]) * (np.uint64(bottom) >> np.uint64(16))
    )
    return _pack(lanes + np.uint64(0x0080008000800080))


@intrinsic
def _blend_taps_x86(_typing, words, at, win_cols, top, bottom):  # noqa: ARG001 -- numba's protocol: used in codegen
    """Do as `_blend_taps_anywhere`, by the multiply-add of pairs that every x86-64 has.

    Four single loads a pixel keep the one port busy that moves words into vectors; two loads of two
    neighbouring words, put in the order of that instruction, take half the time.
    """
    signature = types.uint32(words, types.uint64, types.uint64, types.uint32, types.uint32)

    def codegen(context, builder, signature, args):
        words, at, win_cols, top, bottom = args
        data = context.make_array(signature.args[0])(context, builder, words).data
        below = builder.add(at, win_cols)
        lanes = builder.add(
            _weighted_pair(builder, builder.gep(data, [at]), top),
            _weighted_pair(builder, builder.gep(data, [below]), bottom),
        )
        lanes = builder.lshr(builder.add(lanes, _vector([128] * 4)), _vector([8] * 4))
        return builder.bitcast(builder.trunc(lanes, ir.VectorType(_I8, 4)), _I32)

    return signature, codegen


_I8, _I16, _I32 = ir.IntType(8), ir.IntType(16), ir.IntType(32)


def _vector(values: list[int]) -> Any:
    return ir.Constant(ir.VectorType(_I32, len(values)), [ir.Constant(_I32, v) for v in values])


def _weighted_pair(builder: Any, place: Any, weights: Any) -> Any:
    """Return the lanes of two neighbouring words, weighted and added, as 4 x i32."""

    def shuffled(vector: Any, order: list[int]) -> Any:
        nothing = ir.Constant(vector.type, ir.Undefined)
        return builder.shuffle_vector(vector, nothing, _vector(order))

    eight = builder.bitcast(place, ir.VectorType(_I8, 8).as_pointer())
    pairs = shuffled(builder.load(eight, align=4), [0, 4, 1, 5, 2, 6, 3, 7])
    pairs = builder.zext(pairs, ir.VectorType(_I16, 8))
    nothing = ir.Constant(ir.VectorType(_I32, 4), ir.Undefined)
    four = shuffled(builder.insert_element(nothing, weights, ir.Constant(_I32, 0)), [0] * 4)
    factors = builder.bitcast(four, pairs.type)
    signature = ir.FunctionType(four.type, [pairs.type, factors.type])
    name = "llvm.x86.sse2.pmadd.wd"
    function = cgutils.get_or_insert_function(builder.module, signature, name)
    return builder.call(function, [pairs, factors])


_HAS_X86 = IS_COMPILING and platform.machine() in ("x86_64", "AMD64")
_blend_taps: Any = _blend_taps_x86 if _HAS_X86 else _blend_taps_anywhere


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

    The weights first: LLVM vectorises them, and the processor overlaps the loads of the rest.
    """
    _weigh_row(np.uint32(x), np.uint32(y), np.uint32(dx), np.uint32(dy), top, bottom, count)
    for k in range(count):
        at = (y >> _U32) * win_cols + (x >> _U32)
        target[out + np.uint64(k)] = _blend_taps(words, at, win_cols, top[k], bottom[k])
        x += dx
        y += dy


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
        _spread(words[top_at + left_at]) * (np.uint64(256) - fx - fy + w11)
        + _spread(words[top_at + right_at]) * (fx - w11)
        + _spread(words[low_at + left_at]) * (fy - w11)
        + _spread(words[low_at + right_at]) * w11
    )
    # Invalid taps hold zeros; the validity lane sums 255 times the valid weight, 256 at most.
    total = (lanes >> np.uint64(48)) // np.uint64(255)
    if total == np.uint64(256):
        return _pack(lanes + np.uint64(0x0080008000800080))
    return _divide_lanes(lanes, total)


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
    pixels,  # uint32 (256): scratch for a row of a quad
    upper,  # uint32 (256): scratch for its weights
    lower,  # the same
    canvas,  # uint32 flat
    counts,  # int64 (1): pixels newly filled, added
):
    a, b, c, d, e, f = affine[0], affine[1], affine[2], affine[3], affine[4], affine[5]
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
    filled = 0
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
            x_lo, x_hi = min(x_nw, x_ne, x_sw, x_se), max(x_nw, x_ne, x_sw, x_se)
            y_lo, y_hi = min(y_nw, y_ne, y_sw, y_se), max(y_nw, y_ne, y_sw, y_se)
            if x_hi < -1.0 or y_hi < -1.0 or x_lo > affine[6] + 1.0 or y_lo > affine[7] + 1.0:
                continue
            # All taps of the quad surely lie on the raster: no row needs its own bounds.
            whole = (
                interpolation == BILINEAR
                and min(x_lo, y_lo) >= 0.52
                and x_hi <= affine[6] - 0.52
                and y_hi <= affine[7] - 0.52
            )
            count = c1 - c0
            for row in range(r0, r1):
                t = (row - top) * per_step
                xl = x_nw + t * (x_sw - x_nw)
                xr = x_ne + t * (x_se - x_ne)
                yl = y_nw + t * (y_sw - y_nw)
                yr = y_ne + t * (y_se - y_ne)
                dx = np.int64(np.round((xr - xl) * (per_step * _FIXED)))
                dy = np.int64(np.round((yr - yl) * (per_step * _FIXED)))
                # Half of 1/256 is added, so that the shift to 1/256 pixel rounds.
                px = np.int64(np.round(xl * _FIXED)) + (1 << 23) + (c0 - left) * dx
                py = np.int64(np.round(yl * _FIXED)) + (1 << 23) + (c0 - left) * dy
                out = row * stride + c0
                v0, k0, k1, v1 = 0, 0, count, count
                if not whole:
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
                    win_cols = np.uint64(window[2])
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
    scratch = np.empty((3, 256), np.uint32)
    nodes = part.nodes
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
        scratch[0],
        scratch[1],
        scratch[2],
        canvas.reshape(-1),
        counts,
    )
    return int(counts[0])
