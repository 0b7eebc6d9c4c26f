"""Remap against the rule in words: first range wins, upper ends excluded."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.expressions.evaluate import ExpressionPass
from engine.function_rules import RemapRule, StretchRule
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.functions.remap import Remap
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule


def remap(values: list[float], kind: PixelType = PixelType.U8, **arguments: object) -> PixelBlock:
    """Remap one row of samples."""
    rule = RenderingRule(function="Remap", arguments=RemapRule(**arguments))  # type: ignore[arg-type]  # -- a shorthand
    data = np.array([[values]]).astype(kind.dtype_name)
    bound = Remap().bind(BandsInfo(kind, 1), rule)
    return bound.apply(PixelBlock(data, np.ones((1, 1, len(values)), np.bool_)))


@pytest.mark.parametrize("kind", [PixelType.U8, PixelType.S16, PixelType.S32, PixelType.F32])
def test_a_range_holds_its_lower_end_and_not_its_upper_one(kind: PixelType) -> None:
    made = remap([0, 9, 10, 19, 20], kind, input_ranges=(0, 10, 10, 20), output_values=(7, 300))
    assert made.data.dtype == np.int16
    assert made.data[0, 0, :4].tolist() == [7, 7, 300, 300]
    assert made.valid[0, 0].tolist() == [True, True, True, True, False]


def test_the_first_range_that_holds_a_sample_decides() -> None:
    made = remap([5, 15], input_ranges=(0, 10, 0, 20), output_values=(1, 2))
    assert made.data[0, 0].tolist() == [1, 2]


def test_samples_in_no_range_are_kept_replaced_or_no_data() -> None:
    ranges = {"input_ranges": (10, 20), "output_values": (1,)}
    kept = remap([5, 15], **ranges, allow_unmatched=True)
    assert (kept.data[0, 0].tolist(), kept.valid.all()) == ([5, 1], True)
    replaced = remap([5, 15], **ranges, replacement_value=99)
    assert (replaced.data[0, 0].tolist(), replaced.valid.all()) == ([99, 1], True)
    assert remap([5, 15], **ranges).valid[0, 0].tolist() == [False, True]


def test_no_data_ranges_win_over_input_ranges_and_equal_ends_are_one_value() -> None:
    made = remap(
        [0, 3, 4, 250], input_ranges=(0, 256), output_values=(1,), no_data_ranges=(3, 3, 200, 255)
    )
    assert made.valid[0, 0].tolist() == [True, False, True, False]


def test_the_last_range_may_hold_its_end() -> None:
    made = remap(
        [10, 20], input_ranges=(0, 10, 10, 20), output_values=(1, 2), is_last_range_inclusive=True
    )
    assert made.data[0, 0].tolist() == [2, 2]
    assert made.valid.all()


def test_fractions_and_kept_floats_stay_floats() -> None:
    assert remap([1], input_ranges=(0, 2), output_values=(0.5,)).data.dtype == np.float32
    kept = remap(
        [1.25, np.nan], PixelType.F64, input_ranges=(5, 6), output_values=(1,), allow_unmatched=True
    )
    assert kept.data[0, 0, 0] == 1.25
    assert kept.valid[0, 0].tolist() == [True, False]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"input_ranges": (1,), "output_values": ()}, "InputRanges"),
        ({"input_ranges": (2, 1), "output_values": (1,)}, "InputRanges"),
        ({"input_ranges": (1, 2), "output_values": (1, 2)}, "OutputValues"),
        ({"input_ranges": (1, 2), "output_values": (float("nan"),)}, "OutputValues"),
        ({"no_data_ranges": (1, 2, 3)}, "NoDataRanges"),
        ({"no_data_ranges": (float("nan"), 2)}, "NoDataRanges"),
        ({}, "InputRanges"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        remap([1], **arguments)


def test_arguments_of_another_function_are_refused() -> None:
    rule = RenderingRule(function="Remap", arguments=StretchRule())
    with pytest.raises(InvalidParameter, match="Stretch"):
        Remap().bind(BandsInfo(PixelType.U8, 1), rule)


@pytest.mark.parametrize("kind", [PixelType.U8, PixelType.S16, PixelType.S32, PixelType.F32])
@pytest.mark.parametrize(
    "arguments",
    [
        {"allow_unmatched": True},
        {"replacement_value": 9.0},
        {},
        {"is_last_range_inclusive": True},
        {"no_data_ranges": (3, 3, 15, 17)},
        {"no_data_ranges": (3, 30), "input_ranges": (), "output_values": ()},
        {"no_data_ranges": (3, 5), "input_ranges": (), "output_values": (), "replacement_value": 1},
    ],
)
def test_in_a_tree_it_melts_into_expressions_with_the_same_results(
    kind: PixelType, arguments: dict[str, object]
) -> None:
    ranges = {"input_ranges": (0, 10, 5, 20, 30, 30, 40, 50), "output_values": (1, 2, 700, 4)}
    rule = RenderingRule(function="Remap", arguments=RemapRule(**(ranges | arguments)))  # type: ignore[arg-type]  # -- a shorthand
    samples = np.random.default_rng(3).integers(0, 60, (2, 9, 13)).astype(kind.dtype_name)
    if kind.is_float:
        samples[0, :3] = np.nan
        samples[1] += 0.25
    block = PixelBlock(samples, np.random.default_rng(4).random((2, 9, 13)) > 0.2)
    info = BandsInfo(kind, 2)
    wanted = Remap().bind(info, rule).apply(block)
    tree = function_tree(rule, lambda _: info)
    assert all(isinstance(node.work, ExpressionPass) for node in tree._nodes)
    got = tree.run([block], lambda: GroundCells(np.ones((1, 1)), np.ones((1, 1))))
    good = np.broadcast_to(wanted.valid, wanted.data.shape)
    np.testing.assert_array_equal(np.broadcast_to(got.valid, good.shape), good)
    np.testing.assert_array_equal(got.data[good], wanted.data[good])
    assert got.data.dtype == wanted.data.dtype


def test_very_many_ranges_of_floating_point_are_gone_over_one_by_one() -> None:
    ends = tuple(float(end) for number in range(90) for end in (number, number + 1))
    rule = RemapRule(input_ranges=ends, output_values=tuple(range(90)))
    bound = Remap().bind(
        BandsInfo(PixelType.F32, 1), RenderingRule(function="Remap", arguments=rule)
    )
    assert bound.pointwise is None
    data = np.array([[[0.5, 88.5, 90.0]]], np.float32)
    got = bound.apply(PixelBlock(data, np.ones((1, 1, 3), np.bool_)))
    assert got.data[0, 0, :2].tolist() == [0, 88]
    assert got.valid[0, 0].tolist() == [True, True, False]
