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
def _place_eight_plain(lines, quad, step, origin, shift, taps, first):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    """Do as `place_eight`, pixel by pixel."""
    at, fx, fy = taps
    back_x, back_y, win_cols, more = origin
    for k in range(RUN):
        n, own = quad + np.uint64(k // step), np.uint64(k % step) + more
        ux = np.uint64(lines[0, n]) + back_x + own * np.uint64(lines[2, n])
        uy = np.uint64(lines[1, n]) + back_y + own * np.uint64(lines[3, n])
        here = np.uint64(first) + np.uint64(k)
        at[here] = np.uint32(((uy >> _32) * win_cols + (ux >> _32)) & np.uint64(0xFFFFFFFF))
        fx[here] = np.uint32((ux & np.uint64(0xFFFFFFFF)) >> np.uint64(shift))
        fy[here] = np.uint32((uy & np.uint64(0xFFFFFFFF)) >> np.uint64(shift))


def _place_vector(step: int) -> Any:
    """Return the instructions for quads of `step` pixels, 8 standing for all that are larger."""
    quads = RUN // step

    @intrinsic
    def place(_typing, lines, quad, origin, shift, taps, first):  # noqa: ARG001 -- numba's protocol
        signature = types.void(lines, types.uint64, origin, types.uint32, taps, types.uint64)

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            lines, quad, origin, shift, taps, first = args
            array = context.make_array(signature.args[0])(context, builder, lines)
            row_bytes = builder.extract_value(array.strides, 0)
            back_x, back_y, win_cols, more = (builder.extract_value(origin, k) for k in range(4))

            def each(row: int) -> Any:
                """Return a row of `lines` as 8 x i64, each quad's number as often as it has pixels."""
                start = builder.ptrtoint(builder.gep(array.data, [quad]), _I64)
                start = builder.add(start, builder.mul(row_bytes, ir.Constant(_I64, row)))
                kind = ir.VectorType(_I64, quads)
                held = builder.load(builder.inttoptr(start, kind.as_pointer()), align=8)
                mask = [ir.Constant(_I32, k // step) for k in range(RUN)]
                order = ir.Constant(ir.VectorType(_I32, RUN), mask)
                return builder.shuffle_vector(held, ir.Constant(kind, ir.Undefined), order)

            own = [ir.Constant(_I64, k % step) for k in range(RUN)]
            own = builder.add(ir.Constant(ir.VectorType(_I64, RUN), own), _splat(builder, more))
            halves = []
            for axis, back in enumerate((back_x, back_y)):
                wide = builder.add(each(axis), builder.mul(own, each(axis + 2)))
                halves.append(_halves(builder, builder.add(wide, _splat(builder, back))))
            (high_x, low_x), (high_y, low_y) = halves
            by = _splat(builder, shift)
            columns = _splat(builder, builder.trunc(win_cols, _I32))
            values = (
                builder.add(builder.mul(high_y, columns), high_x),
                builder.lshr(low_x, by),
                builder.lshr(low_y, by),
            )
            for index, value in enumerate(values):
                out = builder.extract_value(taps, index)
                data = context.make_array(signature.args[4][index])(context, builder, out).data
                where = builder.bitcast(builder.gep(data, [first]), value.type.as_pointer())
                builder.store(value, where, align=4)
            return context.get_dummy_value()

        return signature, codegen

    return place


_place_1, _place_2, _place_4, _place_8 = (_place_vector(step) for step in (1, 2, 4, 8))


@kernel
def _place_eight_compiled(lines, quad, step, origin, shift, taps, first):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    if step >= 8:
        _place_8(lines, quad, origin, shift, taps, first)
    elif step == 4:
        _place_4(lines, quad, origin, shift, taps, first)
    elif step == 2:
        _place_2(lines, quad, origin, shift, taps, first)
    else:
        _place_1(lines, quad, origin, shift, taps, first)


def _splat(builder: Any, value: Any, count: int = RUN) -> Any:
    nothing = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, count), [ir.Constant(_I32, 0)] * count)
    return builder.shuffle_vector(one, nothing, zeros)


def _halves(builder: Any, wide: Any) -> tuple[Any, Any]:
    """Return the upper and the lower 32 bits of 8 x i64."""
    narrow = ir.VectorType(_I32, RUN)
    high = builder.lshr(wide, ir.Constant(wide.type, [ir.Constant(_I64, 32)] * RUN))
    return builder.trunc(high, narrow), builder.trunc(wide, narrow)


# (lines, quad, step, (back_x, back_y, window's columns, more), shift, (at, fx, fy), first): write the
# upper left taps of eight pixels and their fractions (the upper 32 - shift bits) to uint32 arrays from
# `first` on. `lines` are int64 (4, quads and some more): x, y, dx, dy of a row of each quad of `step`
# pixels (a power of two); the eight begin with pixel `more` of `quad`. back_x and back_y, added, make
# positions stand half a pixel back and count from the window's first pixel.
place_eight: Any = _place_eight_compiled if IS_COMPILING else _place_eight_plain


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
