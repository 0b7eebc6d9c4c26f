"""Colour ramps as clients write them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ColormapRule, RampPart
from server.protocols.arcgis.colour_ramp import ramp_parts
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json

FIRST: dict[str, Any] = {
    "type": "algorithmic",
    "fromColor": [255, 0, 0, 255],
    "toColor": [0, 0, 255, 255],
    "algorithm": "esriHSVAlgorithm",
}
PART = RampPart(from_color=(255, 0, 0, 255), to_color=(0, 0, 255, 255), algorithm="hsv")


@pytest.mark.parametrize(
    ("word", "algorithm"),
    [
        ("esriCIELabAlgorithm", "lab"),
        ("esriHSVAlgorithm", "hsv"),
        ("esriLabLChAlgorithm", "lch"),
        ("cie-lab", "lab"),
        ("lab-lch", "lch"),
        ("hsv", "hsv"),
        (None, "lab"),
    ],
)
def test_algorithms_go_by_the_names_of_every_client(word: str | None, algorithm: str) -> None:
    (part,) = ramp_parts("ColorRamp", FIRST | {"algorithm": word})
    assert part.algorithm == algorithm


def test_ramps_of_several_parts_may_be_nested() -> None:
    inner: Any = {"type": "multipart", "colorRamps": [FIRST, FIRST]}
    ramp: Any = {"type": "multipart", "colorRamps": [FIRST, inner]}
    assert ramp_parts("ColorRamp", ramp) == (PART,) * 3


@pytest.mark.parametrize("spelling", ["ColorRamp", "Colorramp", "colorRamp"])
def test_a_ramp_is_an_argument_in_any_case(spelling: str) -> None:
    rule = rendering_rule_of_json(
        {"rasterFunction": "Colormap", "rasterFunctionArguments": {spelling: FIRST}}
    )
    assert rule.arguments == ColormapRule(color_ramp=(PART,))


@pytest.mark.parametrize(
    "spelling", ["ColorRampName", "ColorrampName", "colorRampName", "ColorRamp"]
)
def test_a_ramp_may_be_a_name(spelling: str) -> None:
    rule = rendering_rule_of_json(
        {"rasterFunction": "Colormap", "rasterFunctionArguments": {spelling: "Slope"}}
    )
    assert rule.arguments == ColormapRule(colorramp_name="Slope")


@pytest.mark.parametrize(
    ("ramp", "told"),
    [
        ([1], "algorithmic or multipart"),
        ({"type": "multipart", "colorRamps": []}, "colorRamps"),
        ({"type": "multipart", "colorRamps": [FIRST] * 257}, "colorRamps"),
        ({"type": "multipart", "colorRamps": [{"colorRamps": [FIRST] * 200}] * 2}, "at most 256"),
        (FIRST | {"algorithm": "esriOther"}, "algorithm"),
        (FIRST | {"fromColor": [1, 2]}, "fromColor"),
        (FIRST | {"toColor": [1, 2, 300]}, "toColor"),
        (FIRST | {"toColor": [1, 2, "x"]}, "toColor"),
        ({"type": "algorithmic"}, "fromColor"),
    ],
)
def test_what_is_no_ramp_is_refused_by_name(ramp: Any, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        ramp_parts("ColorRamp", ramp)


def test_ramps_within_ramps_within_ramps_end() -> None:
    ramp = FIRST
    for _ in range(50):
        ramp = {"colorRamps": [ramp]}
    with pytest.raises(InvalidParameter, match="ColorRamp"):
        ramp_parts("ColorRamp", ramp)
