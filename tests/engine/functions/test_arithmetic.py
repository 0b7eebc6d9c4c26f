"""Arithmetic between samples and constants."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ArithmeticRule
from engine.functions.arithmetic import Arithmetic
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule


def calculate(operation: int, *constants: float, kind: PixelType | None = None) -> PixelBlock:
    """Take two bands of (7, 0) through an operation."""
    rule = RenderingRule(
        function="Arithmetic",
        arguments=ArithmeticRule(operation=operation, constants=constants),
        output_pixel_type=kind,
    )
    data = np.array([[[7, 0]], [[7, 0]]], np.uint16)
    bound = Arithmetic().bind(BandsInfo(PixelType.U16, 2), rule)
    return bound.apply(PixelBlock(data, np.ones((1, 1, 2), np.bool_)))


@pytest.mark.parametrize(
    ("operation", "expected"), [(1, 9.0), (2, 5.0), (3, 14.0), (4, 3.5), (5, 49.0), (6, 1.0)]
)
def test_each_operation_is_what_its_number_says(operation: int, expected: float) -> None:
    made = calculate(operation, 2.0)
    assert made.data.dtype == np.float32
    assert made.data[0, 0, 0] == expected


def test_constants_may_be_one_for_each_band() -> None:
    assert calculate(1, 1.0, 2.0).data[:, 0, 0].tolist() == [8.0, 9.0]


def test_what_is_no_number_is_no_data() -> None:
    assert not calculate(4, 0.0).valid.any()
    assert calculate(5, -1.0).valid[0, 0].tolist() == [True, False]


def test_the_rule_names_the_output_type() -> None:
    made = calculate(4, 2.0, kind=PixelType.U8)
    assert made.data.dtype == np.uint8
    assert made.data[0, 0, 0] == 4  # 3.5, halves to even


@pytest.mark.parametrize(
    ("operation", "constants", "told"),
    [
        (7, (1.0,), "Operation"),
        (1, (), "Raster2"),
        (1, (1.0,) * 3, "Raster2"),
        (1, (float("inf"),), "Raster2"),
    ],
)
def test_arguments_that_cannot_be_are_refused(
    operation: int, constants: tuple[float, ...], told: str
) -> None:
    with pytest.raises(InvalidParameter, match=told):
        calculate(operation, *constants)
