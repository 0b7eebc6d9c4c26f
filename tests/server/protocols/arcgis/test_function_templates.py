"""Templates of a service, named in rendering rules, with arguments set or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import InvalidParameter, RequestTooLarge
from engine.function_rules import ColormapRule, NdviRule, StretchRule
from engine.pixel_type import PixelType
from engine.request_parts import ConstantInput, ItemInput, RenderingRule
from engine.summary import FunctionTemplate
from server.protocols.arcgis.rendering_rule import RuleScope, rendering_rule_of_json

GREENNESS: dict[str, Any] = {
    "rasterFunction": "Colormap",
    "rasterFunctionArguments": {
        "ColormapName": "NDVI",
        "Raster": {
            "rasterFunction": "NDVI",
            "rasterFunctionArguments": {"VisibleBandID": 2, "InfraredBandID": 3},
        },
    },
}


def _variable(name: str, value: Any = None, *, is_dataset: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "isDataset": is_dataset,
        "type": "RasterFunctionVariable",
    }


DIFFERENCE: dict[str, Any] = {
    "name": "Difference",
    "function": {"type": "StretchFunction", "pixelType": "U8", "name": "Stretch"},
    "arguments": {
        "StretchType": _variable("Kind", 5),
        "Raster": {
            "type": "RasterFunctionTemplate",
            "function": {"type": "ArithmeticFunction", "pixelType": "UNKNOWN"},
            "arguments": {
                "Raster": _variable("After", is_dataset=True),
                "Raster2": _variable("Before", is_dataset=True),
                "Operation": 2,
            },
        },
    },
}


def _template(name: str, source: dict[str, Any], *known: FunctionTemplate) -> FunctionTemplate:
    rule = rendering_rule_of_json(source, RuleScope(templates=known))
    return FunctionTemplate(name=name, source=json.dumps(source), rule=rule)


def _asked(*templates: FunctionTemplate, name: str, **arguments: Any) -> RenderingRule:
    rule: Any = {"rasterFunction": name, "rasterFunctionArguments": arguments}
    return rendering_rule_of_json(rule, RuleScope("demo/hills", templates))


def _first(rule: RenderingRule) -> RenderingRule:
    found = rule.inputs[0]
    assert isinstance(found, RenderingRule)
    return found


def test_a_name_stands_for_the_whole_rule_in_any_case() -> None:
    greenness = _template("Greenness", GREENNESS)
    plain = rendering_rule_of_json(GREENNESS)
    assert _asked(greenness, name="gREENNESS") == plain
    assert rendering_rule_of_json("Greenness", RuleScope(templates=(greenness,))) == plain


def test_arguments_of_the_outermost_function_and_of_those_within_are_set() -> None:
    rule = _asked(_template("Greenness", GREENNESS), name="Greenness", ColormapName="Gray")
    assert isinstance(rule.arguments, ColormapRule)
    assert rule.arguments.colormap_name == "Gray"
    rule = _asked(_template("Greenness", GREENNESS), name="Greenness", infraredbandid=1)
    inner = _first(rule).arguments
    assert isinstance(inner, NdviRule)
    assert (inner.visible_band, inner.infrared_band) == (2, 1)


def test_arguments_that_the_author_left_out_go_to_the_outermost_function() -> None:
    ndvi = {"rasterFunction": "NDVI"}
    rule = _asked(_template("Index", ndvi), name="Index", ScientificOutput=True)
    assert isinstance(rule.arguments, NdviRule)
    assert rule.arguments.scientific_output


def test_variables_are_set_by_their_names() -> None:
    difference = _template("Difference", DIFFERENCE)
    rule = _asked(difference, name="Difference", kind=3, After="$7", Before=12)
    assert isinstance(rule.arguments, StretchRule)
    assert rule.arguments.stretch_type == 3
    assert rule.output_pixel_type is PixelType.U8
    assert _first(rule).inputs == (ItemInput(item=7), ConstantInput(value=12.0))


def test_the_raster_goes_where_the_service_s_own_would() -> None:
    greenness = _template("Greenness", GREENNESS)
    rule = _asked(greenness, name="Greenness", Raster="$5")
    assert _first(rule).inputs == (ItemInput(item=5),)
    nested = {"rasterFunction": "ExtractBand", "rasterFunctionArguments": {"BandIDs": [3, 2]}}
    rule = _asked(greenness, name="Greenness", Raster=nested)
    assert _first(_first(rule)).function == "ExtractBand"
    assert _asked(greenness, name="Greenness", Raster="$$") == greenness.rule


def test_a_template_goes_before_a_function_of_its_name_and_is_made_of_it() -> None:
    ndvi = _template("NDVI", {"rasterFunction": "NDVI", "rasterFunctionArguments": GREENNESS_IDS})
    rule = _asked(ndvi, name="ndvi")
    assert isinstance(rule.arguments, NdviRule)
    assert rule.arguments.infrared_band == 3
    rule = _asked(ndvi, name="NDVI", VisibleBandID=0)
    assert isinstance(rule.arguments, NdviRule)
    assert (rule.arguments.visible_band, rule.arguments.infrared_band) == (0, 3)


GREENNESS_IDS = {"VisibleBandID": 2, "InfraredBandID": 3}


def test_templates_are_made_of_templates() -> None:
    index = _template("Index", {"rasterFunction": "NDVI", "rasterFunctionArguments": GREENNESS_IDS})
    source = {
        "rasterFunction": "Colormap",
        "rasterFunctionArguments": {"ColormapName": "NDVI", "Raster": {"rasterFunction": "Index"}},
    }
    shown = _template("Shown", source, index)
    rule = _asked(index, shown, name="Shown", ColormapName="Gray")
    assert _first(rule) == index.rule


def test_a6_two_templates_that_name_each_other_end_in_an_error() -> None:
    plain = RenderingRule(function="NDVI")
    one, two = (
        FunctionTemplate(name=name, source=json.dumps({"rasterFunction": other}), rule=plain)
        for name, other in (("one", "two"), ("two", "one"))
    )
    with pytest.raises((InvalidParameter, RequestTooLarge), match="one"):
        _asked(one, two, name="one", Any=1)


def test_an_output_type_goes_around_the_template() -> None:
    greenness = _template("Greenness", GREENNESS)
    rule = rendering_rule_of_json(
        {"rasterFunction": "Greenness", "outputPixelType": "S16"}, RuleScope(templates=(greenness,))
    )
    assert rule == RenderingRule(inputs=(greenness.rule,), output_pixel_type=PixelType.S16)


def test_errors_of_arguments_name_them() -> None:
    greenness = _template("Greenness", GREENNESS)
    with pytest.raises(InvalidParameter, match=r"renderingRule\.InfraredBandID"):
        _asked(greenness, name="Greenness", InfraredBandID="red")


def test_the_variable_of_a_rule_names_its_raster() -> None:
    slope = {"rasterFunction": "Slope", "rasterFunctionArguments": {"DEM": "$$"}}
    rule = rendering_rule_of_json(
        {
            "rasterFunction": "Steepness",
            "rasterFunctionArguments": {"DEM": "$4"},
            "variableName": "DEM",
        },
        RuleScope(templates=(_template("Steepness", slope),)),
    )
    assert rule.inputs == (ItemInput(item=4),)


def test_templates_that_double_their_raster_end_at_the_limit() -> None:
    twice: dict[str, Any] = {
        "rasterFunction": "Arithmetic",
        "rasterFunctionArguments": {"Operation": 1, "Raster": "$$", "Raster2": "$$"},
    }
    scope = RuleScope(templates=(_template("Twice", twice),))
    asked: dict[str, Any] = {"rasterFunction": "Twice"}
    for _ in range(7):
        asked = {"rasterFunction": "Twice", "rasterFunctionArguments": {"Raster": asked}}
    assert rendering_rule_of_json(asked, scope).function == "Arithmetic"
    for _ in range(22):
        asked = {"rasterFunction": "Twice", "rasterFunctionArguments": {"Raster": asked}}
    with pytest.raises(RequestTooLarge, match="number of functions"):
        rendering_rule_of_json(asked, scope)


def test_templates_in_each_other_are_no_deeper_than_all_can_walk() -> None:
    deep: dict[str, Any] = {"rasterFunction": "NDVI"}
    for _ in range(30):
        deep = {"rasterFunction": "NDVI", "rasterFunctionArguments": {"Raster": deep}}
    scope = RuleScope(templates=(_template("Deep", deep),))
    asked: dict[str, Any] = {"rasterFunction": "Deep"}
    for _ in range(2):
        asked = {"rasterFunction": "Deep", "rasterFunctionArguments": {"Raster": asked}}
    rendering_rule_of_json(asked, scope)
    asked = {"rasterFunction": "Deep", "rasterFunctionArguments": {"Raster": asked}}
    with pytest.raises(RequestTooLarge, match="depth"):
        rendering_rule_of_json(asked, scope)
