"""Bits that change places, against shifts of numpy's integers."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import TransposeBitsRule
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.functions.transpose_bits import TransposeBits
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import ConstantInput, ItemInput, MosaicInput, RenderingRule

_INPUT, _OUTPUT = (0, 3, 4, 7), (6, 1, 7, 0)
KINDS = (PixelType.U8, PixelType.S8, PixelType.U16, PixelType.S16, PixelType.S32, PixelType.U32)


def _samples(kind: PixelType, seed: int) -> np.ndarray:
    limits = np.iinfo(kind.dtype_name)
    random = np.random.default_rng(seed)
    return random.integers(limits.min, limits.max, (2, 7, 9), kind.dtype_name, endpoint=True)


def _ran(
    arguments: TransposeBitsRule, kind: PixelType, *inputs: MosaicInput | ItemInput | ConstantInput
) -> np.ndarray:
    rule = RenderingRule(function="TransposeBits", arguments=arguments, inputs=inputs)
    tree = function_tree(rule, lambda _: BandsInfo(kind, 2))
    valid = np.ones((1, 7, 9), np.bool_)
    blocks = [PixelBlock(_samples(kind, number), valid) for number in range(len(tree.leaves))]
    got = tree.run(blocks, lambda: GroundCells(np.ones((1, 1)), np.ones((1, 1))))
    assert got.valid.all()
    assert got.data.dtype == kind.dtype_name
    return got.data


def _wanted(samples: np.ndarray, fill: np.ndarray | int) -> np.ndarray:
    unsigned = samples.view(f"u{samples.dtype.itemsize}").astype(np.uint64)
    rest = np.uint64(0xFFFF_FFFF)
    for place in _OUTPUT:
        rest &= ~np.uint64(1 << place)
    made = np.broadcast_to(np.asarray(fill).astype(np.int64).astype(np.uint64), unsigned.shape)
    made = made & rest
    for one, other in zip(_INPUT, _OUTPUT, strict=True):
        made = made | ((unsigned >> np.uint64(one)) & np.uint64(1)) << np.uint64(other)
    return np.asarray(made.astype(f"u{samples.dtype.itemsize}").view(samples.dtype))


@pytest.mark.parametrize("kind", KINDS)
def test_bits_go_to_their_places_and_the_others_are_none(kind: PixelType) -> None:
    got = _ran(TransposeBitsRule(input_bit_positions=_INPUT, output_bit_positions=_OUTPUT), kind)
    np.testing.assert_array_equal(got, _wanted(_samples(kind, 0), 0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0, 0b0011_1100, -1])
def test_the_others_are_those_of_a_constant(kind: PixelType, value: int) -> None:
    arguments = TransposeBitsRule(
        input_bit_positions=_INPUT,
        output_bit_positions=_OUTPUT,
        constant_fill_check=True,
        constant_fill_value=value,
    )
    got = _ran(arguments, kind, MosaicInput(), ItemInput(item=1))
    np.testing.assert_array_equal(got, _wanted(_samples(kind, 0), value))


@pytest.mark.parametrize("kind", KINDS)
def test_the_others_are_those_of_the_raster_that_fills(kind: PixelType) -> None:
    arguments = TransposeBitsRule(input_bit_positions=_INPUT, output_bit_positions=_OUTPUT)
    got = _ran(arguments, kind, MosaicInput(), ItemInput(item=1))
    fill = _samples(kind, 1)
    unsigned = fill.view(f"u{fill.dtype.itemsize}").astype(np.int64)
    np.testing.assert_array_equal(got, _wanted(_samples(kind, 0), unsigned))


def test_of_floating_point_the_whole_part_counts() -> None:
    rule = RenderingRule(function="TransposeBits", arguments=_positions((0, 1), (31, 0)))
    data = np.array([[[1.0, 2.75, 3.5]]], np.float32)
    bound = TransposeBits().bind(BandsInfo(PixelType.F32, 1), rule)
    got = bound.apply(PixelBlock(data, np.ones((1, 1, 3), np.bool_)))
    assert got.data.dtype == np.uint32
    assert got.data[0, 0].tolist() == [1 << 31, 1, (1 << 31) + 1]


def _positions(one: tuple[int, ...], other: tuple[int, ...]) -> TransposeBitsRule:
    return TransposeBitsRule(input_bit_positions=one, output_bit_positions=other)


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        (_positions((), ()), PixelType.U8, "OutputBitPositions"),
        (_positions((1,), (1, 2)), PixelType.U8, "OutputBitPositions"),
        (_positions((8,), (1,)), PixelType.U8, "InputBitPositions.*0 to 7"),
        (_positions((1,), (-1,)), PixelType.U16, "OutputBitPositions.*0 to 15"),
        (_positions((1, 2), (3, 3)), PixelType.U16, "each place once"),
        (_positions((32,), (3,)), PixelType.S32, "0 to 31"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    arguments: TransposeBitsRule, kind: PixelType, told: str
) -> None:
    with pytest.raises(InvalidParameter, match=told):
        _ran(arguments, kind)
