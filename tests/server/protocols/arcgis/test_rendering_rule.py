"""renderingRule: None and Stretch, others refused by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.function_rules import ConvolutionRule, LocalRule, NdviRule
from engine.pixel_type import PixelType
from engine.request_parts import ConstantInput, ItemInput, MosaicInput, MosaicRule, RenderingRule
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rendering_rule import RuleScope, rendering_rule, rendering_rules

if TYPE_CHECKING:
    from collections.abc import Callable

_OWN = "https://any.host/server/rest/services/demo/Hills/ImageServer/?token=x"


def _rule(value: object) -> RenderingRule | None:
    text = value if isinstance(value, str) else json.dumps(value)
    return rendering_rule(Parameters([("renderingRule", text)]), RuleScope("demo/hills"))


@pytest.mark.parametrize("text", ["{}", "", "null", "undefined"])
def test_nothing_is_the_default_picture(text: str) -> None:
    assert _rule(text) is None


def test_none_is_raw() -> None:
    assert _rule({"rasterFunction": "None"}) == RenderingRule(function="None")


def test_a_stretch_as_the_javascript_sdk_sends_it() -> None:
    rule = _rule(
        {
            "rasterFunction": "Stretch",
            "rasterFunctionArguments": {
                "StretchType": 3,
                "NumberOfStandardDeviations": 2.5,
                "Statistics": [[0, 255, 100, 20], {"min": 1, "max": 9, "avg": 4, "stddev": 2}],
                "DRA": False,
                "UseGamma": True,
                "Gamma": [1.2, 0.9],
                "Raster": "$$",
            },
            "outputPixelType": "U8",
        }
    )
    assert rule is not None
    assert rule.output_pixel_type is PixelType.U8
    assert rule.stretch is not None
    assert rule.stretch.stretch_type == 3
    assert rule.stretch.standard_deviations == 2.5
    assert rule.stretch.statistics == ((0, 255, 100, 20), (1, 9, 4, 2))
    assert rule.stretch.gamma == (1.2, 0.9)
    assert not rule.stretch.dynamic_range


def test_gamma_counts_only_when_it_is_used() -> None:
    rule = _rule({"rasterFunction": "Stretch", "rasterFunctionArguments": {"Gamma": [5]}})
    assert rule is not None
    assert rule.stretch is not None
    assert rule.stretch.gamma == ()


def test_the_own_url_is_the_own_raster_as_the_python_api_sends_it() -> None:
    arguments = {"StretchType": 5, "Raster": {"url": _OWN, "mosaicRule": {}}}
    rule = _rule({"rasterFunction": "Stretch", "rasterFunctionArguments": arguments})
    assert rule is not None
    assert rule.stretch is not None
    assert rule.stretch.stretch_type == 5


def test_the_template_form_is_read() -> None:
    rule = _rule(
        {
            "name": "s",
            "function": {"type": "StretchFunction", "name": "Stretch"},
            "arguments": {
                "StretchType": {
                    "name": "StretchType",
                    "value": 6,
                    "type": "RasterFunctionVariable",
                },
                "Raster": {"name": "Raster", "isDataset": True, "type": "RasterFunctionVariable"},
            },
        }
    )
    assert rule is not None
    assert rule.stretch is not None
    assert rule.stretch.stretch_type == 6


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"rasterFunction": "Sloped"}, "Sloped"),
        ({"rasterFunction": "PythonAdapter"}, "PythonAdapter"),
        ({"function": {"type": "HillsFunction"}, "arguments": {}}, "Hills"),
        ({"rasterFunction": "Stretch", "rasterFunctionArguments": {"StretchType": "x"}}, "StretchType"),
        ({"rasterFunction": "Stretch", "rasterFunctionArguments": {"Min": "low"}}, "Min"),
        ({"rasterFunction": "Stretch", "rasterFunctionArguments": {"DRA": "perhaps"}}, "DRA"),
        ({"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": "$x"}}, "Raster"),
        ({"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": {"a": 1}}}, "Raster"),
        (
            {"rasterFunction": "Stretch", "rasterFunctionArguments": {"Raster": {"url": "http://127.0.0.1/x"}}},
            "Raster.url",
        ),
        (
            {"rasterFunction": "Stretch", "rasterFunctionArguments": {"Raster": {"rasterFunction": "Sloped"}}},
            "Sloped",
        ),
        ({"rasterFunction": 5}, "rasterFunction"),
        ([1], "renderingRule"),
        ("{not json", "renderingRule"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_named(value: object, named: str) -> None:
    with pytest.raises(RequestError, match=named):
        _rule(value)


def test_rasters_are_rules_numbers_items_or_the_own_service_with_a_mosaic_rule() -> None:
    inner = {"rasterFunction": "Convolution", "rasterFunctionArguments": {"Type": 10}}
    rule = _rule({"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": inner}})
    smooth = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=10))
    assert rule == RenderingRule(function="NDVI", arguments=NdviRule(), inputs=(smooth,))
    for raster, wanted in (
        ("$17", ItemInput(item=17)),
        (5, ConstantInput(value=5.0)),
        (
            {"url": _OWN, "mosaicRule": {"where": "A = 1"}},
            MosaicInput(mosaic=MosaicRule(where="A = 1")),
        ),
    ):
        rule = _rule({"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": raster}})
        assert rule is not None
        assert rule.inputs == (wanted,)
    on = {"url": _OWN, "mosaicRule": {"where": "A = 1"}, "renderingRule": inner}
    rule = _rule({"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": on}})
    assert rule is not None
    (smooth_there,) = rule.inputs
    assert isinstance(smooth_there, RenderingRule)
    assert smooth_there.inputs == (MosaicInput(mosaic=MosaicRule(where="A = 1")),)


def test_nothing_around_a_function_is_that_function() -> None:
    inner = {"rasterFunction": "NDVI"}
    rule = _rule({"rasterFunction": "Identity", "rasterFunctionArguments": {"Raster": inner}})
    assert rule == _rule(inner)


def test_more_functions_than_anybody_needs_are_refused() -> None:
    value: dict[str, object] = {"rasterFunction": "NDVI"}
    for _ in range(40):
        value = {"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": value}}
    with pytest.raises(RequestError, match=r"depth of renderingRule|nested at most"):
        _rule(value)


def test_a_rule_nested_without_end_is_refused() -> None:
    deep = '{"rasterFunction":"None","rasterFunctionArguments":{"Raster":' * 5000
    with pytest.raises(RequestError, match="nested at most"):
        _rule(deep)


def test_several_rules_keep_their_order() -> None:
    text = '[{"rasterFunction":"None"},{"rasterFunction":"Stretch"}]'
    rules = rendering_rules(Parameters([("renderingRules", text)]))
    assert [rule.function for rule in rules] == ["None", "Stretch"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=6),
    lambda c: (
        st.lists(c, max_size=4)
        | st.dictionaries(st.sampled_from(["rasterFunction", "Raster", "url", "min", "type"]), c)
    ),
    max_leaves=6,
)
_ARGUMENTS = st.sampled_from(
    ["StretchType", "Min", "Max", "Statistics", "Gamma", "UseGamma", "DRA", "Raster", "MinPercent"]
)


@given(st.dictionaries(_ARGUMENTS, _VALUES), _VALUES)
def test_any_arguments_give_a_rule_or_a_request_error(
    arguments: dict[str, object], pixel_type: object
) -> None:
    rule = {
        "rasterFunction": "Stretch",
        "rasterFunctionArguments": arguments,
        "outputPixelType": pixel_type,
    }
    try:
        assert isinstance(_rule(rule), RenderingRule)
    except RequestError:
        return


_NUMBERS = tuple(ConstantInput(value=float(number)) for number in range(1, 4))


@pytest.mark.parametrize(
    ("name", "arguments", "operation", "inputs"),
    [
        ("Plus", {"Raster": 1, "Raster2": 2}, 1, _NUMBERS[:2]),
        ("minus", {"Raster1": 1, "Raster2": 2}, 2, _NUMBERS[:2]),
        ("Times", {"Rasters": [1, 2, 3]}, 3, _NUMBERS),
        ("Sqrt", {"Raster": 1}, 4, _NUMBERS[:1]),
        ("Sin", {}, 51, ()),
        ("Con", {"ConditionalRaster": 1, "TrueRaster": 2, "FalseRaster": 3}, 78, _NUMBERS),
        ("Con", {"FalseRaster": 3, "Raster2": 2, "Raster": 1}, 78, _NUMBERS),
        ("SetNull", {"ConditionalRaster": 1, "FalseRaster": 2}, 50, _NUMBERS[:2]),
        ("IsNull", {"Raster": "$$"}, 31, ()),
    ],
)
def test_operations_of_local_go_by_names_of_their_own(
    name: str, arguments: dict[str, object], operation: int, inputs: tuple[ConstantInput, ...]
) -> None:
    rule = _rule({"rasterFunction": name, "rasterFunctionArguments": arguments})
    assert rule is not None
    assert rule.function == "Local"
    assert rule.arguments == LocalRule(operation=operation)
    assert rule.inputs == inputs


@pytest.mark.parametrize(
    "wraps", [lambda items: items, lambda items: {"elements": items, "type": "ArgumentArray"}]
)
def test_variables_in_lists_of_rasters_hold_functions_and_numbers(
    wraps: Callable[[list[object]], object],
) -> None:
    variable = {"name": "Raster", "isDataset": True, "type": "RasterFunctionVariable"}
    inner = {"function": {"type": "NDVIFunction"}, "arguments": {"Raster": variable}}
    rasters = wraps([variable, {**variable, "value": inner}, {**variable, "value": 5}])
    rule = _rule(
        {
            "function": {"type": "LocalFunction"},
            "arguments": {
                "Rasters": {**variable, "name": "Rasters", "value": rasters},
                "Operation": 39,
            },
        }
    )
    assert rule is not None
    ndvi = RenderingRule(function="NDVI", arguments=NdviRule())
    assert rule.inputs == (MosaicInput(), ndvi, ConstantInput(value=5.0))


@pytest.mark.parametrize("rule", [{"functionName": "Stretch"}, {"rasterFunctionDefinition": {}}])
def test_an_object_that_names_no_function_is_no_rule(rule: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="rasterFunction"):
        _rule(rule)
    assert _rule({}) is None
