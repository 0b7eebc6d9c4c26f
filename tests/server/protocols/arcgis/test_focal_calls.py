"""Focal functions inside expressions become rasters of their own."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter, RequestTooLarge
from engine.function_rules import RasterCalculatorRule, StatisticsRule
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.request_parts import ItemInput, MosaicInput, RenderingRule
from server.protocols.arcgis.focal_calls import without_focal_calls


def _rule(expression: str) -> RenderingRule:
    return RenderingRule(
        function="RasterCalculator",
        arguments=RasterCalculatorRule(input_names=("DEM", "b"), expression=expression),
        inputs=(MosaicInput(), ItemInput(item=3)),
    )


def test_each_neighbourhood_is_one_raster_however_often_it_is_named() -> None:
    made = without_focal_calls(
        _rule(
            "Sqrt(Focal_Max(DEM,3,3) - focal_min( DEM ) + FOCAL_MAX(dem, 3) * focal_mean(b, 5, 7))"
        )
    )
    assert isinstance(made.arguments, RasterCalculatorRule)
    expression = "Sqrt(focal_2_ - focal_3_ + focal_2_ * focal_4_)"
    assert made.arguments.expression == expression
    assert made.arguments.input_names == ("DEM", "b", "focal_2_", "focal_3_", "focal_4_")
    kinds = [each.arguments for each in made.inputs[2:] if isinstance(each, RenderingRule)]
    assert kinds == [
        StatisticsRule(kind=2),
        StatisticsRule(kind=1),
        StatisticsRule(kind=3, kernel_columns=5, kernel_rows=7),
    ]
    last = made.inputs[-1]
    assert isinstance(last, RenderingRule)
    assert last.inputs == (ItemInput(item=3),)
    tree = function_tree(made, lambda _: BandsInfo(PixelType.F32, 1))
    assert tree.halo_px >= 3


def test_other_rules_stay_as_they_are() -> None:
    plain = _rule("DEM + b")
    assert without_focal_calls(plain) is plain
    other = RenderingRule(function="Slope")
    assert without_focal_calls(other) is other


def test_a_raster_that_is_none_is_shown_by_the_expression_s_own_error() -> None:
    made = without_focal_calls(_rule("Focal_Max(zap, 3, 3)"))
    with pytest.raises(InvalidParameter, match="Focal_Max"):
        function_tree(made, lambda _: BandsInfo(PixelType.F32, 1))


def test_very_many_of_them_are_refused() -> None:
    with pytest.raises(RequestTooLarge):
        without_focal_calls(_rule("+".join(["focal_max(DEM)"] * 65)))
