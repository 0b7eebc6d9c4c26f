"""Weigh Rgbv words: all four lanes of a word at once.

Away from edges by one multiply-add of pairs a row of taps, elsewhere by one 64-bit multiply a tap.
Kernels in other files that use these say so to `engine.kernel.using`.
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from engine.kernel import IS_COMPILING, cgutils, intrinsic, ir, kernel, types


@kernel
def spread(word):
    """Spread the bytes R, G, B, V of a word to 16-bit lanes in the order R, B, G, V."""
    wide = np.uint64(word)
    return (wide | (wide << np.uint64(24))) & np.uint64(0x00FF00FF00FF00FF)


@kernel
def pack(lanes):
    """Take the high byte of four 16-bit lanes back into a word."""
    wide = (lanes >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    return np.uint32((wide | (wide >> np.uint64(24))) & np.uint64(0xFFFFFFFF))


@kernel
def divide_lanes(lanes, total):
    """Divide the lanes R, B, G by the weight of the valid taps, rounded, into a valid word."""
    half = total // np.uint64(2)
    red = ((lanes & np.uint64(0xFFFF)) + half) // total
    blue = (((lanes >> np.uint64(16)) & np.uint64(0xFFFF)) + half) // total
    green = (((lanes >> np.uint64(32)) & np.uint64(0xFFFF)) + half) // total
    return np.uint32(
        red | (green << np.uint64(8)) | (blue << np.uint64(16)) | np.uint64(0xFF000000)
    )


@kernel
def _blend_taps_anywhere(words, at, win_cols, top, bottom):
    """Return sum(tap * weight) / 256, rounded; weights are pairs of 16 bits, the left one low."""
    low = np.uint64(0xFFFF)
    lanes = (
        spread(words[at]) * (np.uint64(top) & low)
        + spread(words[at + np.uint64(1)]) * (np.uint64(top) >> np.uint64(16))
        + spread(words[at + win_cols]) * (np.uint64(bottom) & low)
        + spread(words[at + win_cols + np.uint64(1)]) * (np.uint64(bottom) >> np.uint64(16))
    )
    return pack(lanes + np.uint64(0x0080008000800080))


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
blend_taps: Any = _blend_taps_x86 if _HAS_X86 else _blend_taps_anywhere
