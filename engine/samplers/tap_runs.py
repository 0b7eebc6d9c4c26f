"""Taps of runs of pixels, eight at a time: the inner step that the sampling kernels share.

Positions are 32.32 fixed point and grow by the same step from pixel to pixel. LLVM's vectoriser takes
three multiplications for each 64-bit one that it cannot see through; put down as additions to a vector
of eight, a pixel takes one cycle instead of five.

Kernels in other files that use these say so to `engine.kernel.using`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.kernel import IS_COMPILING, intrinsic, ir, kernel, types

RUN = 8

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_32 = np.uint64(32)


@kernel
def _place_eight_plain(x, y, dx, dy, win_cols, shift, taps, first):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    """Do as `place_eight`, pixel by pixel."""
    at, fx, fy = taps
    for k in range(RUN):
        ux, uy = x + np.uint64(k) * dx, y + np.uint64(k) * dy
        here = np.uint64(first) + np.uint64(k)
        at[here] = np.uint32(((uy >> _32) * win_cols + (ux >> _32)) & np.uint64(0xFFFFFFFF))
        fx[here] = np.uint32((ux & np.uint64(0xFFFFFFFF)) >> np.uint64(shift))
        fy[here] = np.uint32((uy & np.uint64(0xFFFFFFFF)) >> np.uint64(shift))


@intrinsic
def _place_eight_vector(_typing, x, y, dx, dy, win_cols, shift, taps, first):  # noqa: ARG001, PLR0913, PLR0917 -- numba's protocol
    signature = types.void(
        types.uint64, types.uint64, types.uint64, types.uint64, types.uint64, types.uint32, taps,
        types.uint64,
    )  # fmt: skip

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, y, dx, dy, win_cols, shift, taps, first = args
        high_x, low_x = _halves(builder, _eight(builder, x, dx))
        high_y, low_y = _halves(builder, _eight(builder, y, dy))
        cols = _splat(builder, builder.trunc(win_cols, _I32))
        by = _splat(builder, shift)
        values = (
            builder.add(builder.mul(high_y, cols), high_x),
            builder.lshr(low_x, by),
            builder.lshr(low_y, by),
        )
        for index, value in enumerate(values):
            array = builder.extract_value(taps, index)
            data = context.make_array(signature.args[6][index])(context, builder, array).data
            place = builder.bitcast(builder.gep(data, [first]), value.type.as_pointer())
            builder.store(value, place, align=4)
        return context.get_dummy_value()

    return signature, codegen


def _splat(builder: Any, value: Any, count: int = RUN) -> Any:
    nothing = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, count), [ir.Constant(_I32, 0)] * count)
    return builder.shuffle_vector(one, nothing, zeros)


def _eight(builder: Any, start: Any, step: Any) -> Any:
    """Return start, start + step, ... as 8 x i64."""
    multiples = ir.Constant(ir.VectorType(_I64, RUN), [ir.Constant(_I64, k) for k in range(RUN)])
    return builder.add(_splat(builder, start), builder.mul(_splat(builder, step), multiples))


def _halves(builder: Any, wide: Any) -> tuple[Any, Any]:
    """Return the upper and the lower 32 bits of 8 x i64."""
    narrow = ir.VectorType(_I32, RUN)
    high = builder.lshr(wide, ir.Constant(wide.type, [ir.Constant(_I64, 32)] * RUN))
    return builder.trunc(high, narrow), builder.trunc(wide, narrow)


# (x, y, dx, dy, window's columns, shift, (at, fx, fy), first): write the upper left taps of eight pixels
# and their fractions (the upper 32 - shift bits) to uint32 arrays from `first` on. x and y stand half a
# pixel back and count from the window's first pixel.
place_eight: Any = _place_eight_vector if IS_COMPILING else _place_eight_plain


def _is_narrow(dtype: Any) -> bool:
    return isinstance(dtype, types.Integer) and bool(dtype.bitwidth <= 16)  # type: ignore[attr-defined]  # -- numba sets it from the name


@intrinsic
def _load_pair(_typing, source, at):  # noqa: ARG001 -- numba's protocol
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not _is_narrow(source.dtype):
            return ir.Constant(_I32, 0)  # compiled with the rest of a kernel, and never reached
        bits = 2 * source.dtype.bitwidth
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(bits).as_pointer())
        pair = builder.load(place, align=bits // 16)
        return pair if bits == 32 else builder.zext(pair, _I32)

    return types.uint32(source, types.uint64), codegen


def _of_pair(place: int) -> Any:
    @intrinsic
    def sample(_typing: Any, source: Any, pair: Any) -> Any:  # noqa: ARG001 -- numba's protocol
        def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            if not _is_narrow(source.dtype):
                return ir.Constant(_I32, 0)
            bits, is_signed = source.dtype.bitwidth, source.dtype.signed
            own = builder.lshr(args[1], ir.Constant(_I32, place * bits))
            own = builder.trunc(own, ir.IntType(bits))
            return builder.sext(own, _I32) if is_signed else builder.zext(own, _I32)

        return types.int32(source, types.uint32), codegen

    return sample


def _load_pair_plain(source: Any, at: Any) -> Any:
    two = source[int(at) : int(at) + 2].copy()
    return np.uint32(two.view(f"uint{16 * source.itemsize}")[0])


def _of_pair_plain(place: int) -> Any:
    return lambda source, pair: np.int32(np.array([pair], np.uint32).view(source.dtype)[place])


# Of integers of at most 16 bits: two neighbours in one load, and each of them as int32.
load_pair: Any = _load_pair if IS_COMPILING else _load_pair_plain
left_of: Any = _of_pair(0) if IS_COMPILING else _of_pair_plain(0)
right_of: Any = _of_pair(1) if IS_COMPILING else _of_pair_plain(1)
