"""Arguments of Remap, Convolution and Arithmetic as clients write them."""

from __future__ import annotations

import json

import pytest
import shapely

from engine.errors import RequestError
from engine.function_rules import (
    ArithmeticRule,
    ClipRule,
    ConvolutionRule,
    CurvatureRule,
    RemapRule,
    StatisticsRule,
    StretchRule,
)
from engine.request_parts import RenderingRule
from engine.summary import Histogram
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rendering_rule import rendering_rule


def _rule(name: str, **arguments: object) -> RenderingRule | None:
    plain = {"rasterFunction": name, "rasterFunctionArguments": {"Raster": "$$", **arguments}}
    return rendering_rule(Parameters([("renderingRule", json.dumps(plain))]))


def test_a_remap_as_the_python_api_sends_it() -> None:
    rule = _rule(
        "Remap",
        InputRanges=[0, 10, 10, 20],
        OutputValues=[1, 2],
        NoDataRanges=[255, 255],
        AllowUnmatched=False,
    )
    assert rule == RenderingRule(
        function="Remap",
        arguments=RemapRule(
            input_ranges=(0, 10, 10, 20), output_values=(1, 2), no_data_ranges=(255, 255)
        ),
    )


def test_a_remap_may_replace_what_it_does_not_match() -> None:
    rule = _rule("remap", InputRanges=[0, 1], OutputValues=[5], ReplacementValue=9)
    assert rule is not None
    assert rule.arguments == RemapRule(input_ranges=(0, 1), output_values=(5,), replacement_value=9)


def test_a_convolution_by_number_and_by_kernel() -> None:
    by_number = _rule("Convolution", Type=13)
    assert by_number is not None
    assert by_number.arguments == ConvolutionRule(kind=13)
    own = _rule("Convolution", Type=-1, Rows=1, Columns=3, Kernel=[1, 2, 1])
    assert own is not None
    assert own.arguments == ConvolutionRule(kind=-1, rows=1, columns=3, kernel=(1, 2, 1))


def test_arithmetic_with_a_number() -> None:
    rule = _rule("Arithmetic", Raster2=0.5, Operation=3)
    assert rule is not None
    assert rule.arguments == ArithmeticRule(operation=3, constants=(0.5,))


def test_arguments_go_by_the_other_names_that_clients_send() -> None:
    sides = _rule("Statistics", Type=1, Columns=5, Rows=7)
    assert sides is not None
    assert sides.arguments == StatisticsRule(kind=1, kernel_columns=5, kernel_rows=7)
    both = _rule("Statistics", Type=1, KernelColumns=9, Columns=5)
    assert both is not None
    assert both.arguments == StatisticsRule(kind=1, kernel_columns=9)
    bend = _rule("Curvature", Type=2)
    assert bend is not None
    assert bend.arguments == CurvatureRule(curvature_type=2)
    with pytest.raises(RequestError, match="Columns"):
        _rule("Statistics", Columns="wide")


@pytest.mark.parametrize(
    "row", [[1, 9, None, None], {"min": 1, "max": 9, "avg": None, "stddev": None}]
)
def test_statistics_may_lack_means_and_deviations(row: object) -> None:
    rule = _rule("Stretch", StretchType=5, Statistics=[row])
    assert rule is not None
    assert rule.arguments == StretchRule(stretch_type=5, statistics=((1.0, 9.0, 0.0, 0.0),))


def test_arguments_are_found_in_any_case_and_unknown_ones_are_no_matter() -> None:
    rule = _rule("convolution", TYPE="13", cellsizetype=3, Kernel=[[1, 2], [3, 4]])
    assert rule is not None
    assert rule.arguments == ConvolutionRule(kind=13, kernel=(1, 2, 3, 4))


def test_a_number_may_be_a_word() -> None:
    rule = _rule("Stretch", StretchType="Percent Clip")
    assert rule is not None
    assert rule.arguments == StretchRule(stretch_type=6)


def test_statistics_and_histograms_may_be_objects() -> None:
    rule = _rule(
        "Stretch",
        StretchType="Histogram Equalization",
        Statistics=[{"min": 0, "max": 4, "avg": 2, "stddev": 1}],
        Histograms=[{"size": 2, "Min": "0", "max": 4, "counts": [1, 3]}],
    )
    assert rule is not None
    histogram = Histogram(min=0, max=4, counts=(1, 3))
    assert rule.arguments == StretchRule(
        stretch_type=4, statistics=((0, 4, 2, 1),), histograms=(histogram,)
    )


@pytest.mark.parametrize(
    ("uses", "wanted"),
    [
        (True, StretchRule(gamma=(2,), compute_gamma=True)),
        (False, StretchRule()),
        ([True, True], StretchRule(gamma=(2,), compute_gamma=True)),
        ([True, False, True], StretchRule(gamma=(2, 1, 2), compute_gamma=True)),
        ([False, False], StretchRule()),
    ],
)
def test_gammas_count_where_they_are_to_be_used(uses: object, wanted: StretchRule) -> None:
    rule = _rule("Stretch", UseGamma=uses, Gamma=2, ComputeGamma=True)
    assert rule is not None
    assert rule.arguments == wanted


_RING = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]


@pytest.mark.parametrize(
    ("geometry", "crs"),
    [
        ({"rings": [_RING], "spatialReference": {"wkid": 102100}}, "EPSG:3857"),
        ({"rings": [_RING]}, ""),
        (
            {"xmin": 0, "ymin": 0, "xmax": 10, "ymax": 10, "spatialReference": {"wkid": 4326}},
            "EPSG:4326",
        ),
        ({"XMin": 0, "YMin": 0, "XMax": 10, "YMax": 10}, ""),
        ("0,0,10,10", ""),
    ],
)
def test_geometries_of_clip_are_polygons_or_envelopes(geometry: object, crs: str) -> None:
    rule = _rule("Clip", ClippingGeometry=geometry, ClippingType=2)
    assert rule is not None
    assert isinstance(rule.arguments, ClipRule)
    shape = rule.arguments.clipping_geometry
    assert shape is not None
    assert shapely.from_wkb(shape.wkb).equals(shapely.box(0, 0, 10, 10))
    assert (shape.crs, rule.arguments.clipping_type) == (crs, 2)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("Clip", {"ClippingGeometry": {"x": 1, "y": 2}}, "ClippingGeometry"),
        ("Clip", {"ClippingGeometry": {"rings": [[[0, 0]] * 60_000]}}, "60000"),
        ("Clip", {"ClippingGeometry": {"rings": [[[0, "a"], [1, 1], [2, 3]]]}}, "ClippingGeometry"),
        ("Clip", {"Extent": {"xmin": 1}}, "Extent"),
        ("Clip", {"Extent": 5}, "Extent"),
        ("Stretch", {"Histograms": [[1, 2]]}, "Histograms"),
        ("Stretch", {"Histograms": [{"min": 1, "max": 2}]}, "counts"),
        ("Stretch", {"Histograms": [{"min": 1, "max": 2, "counts": [0.5]}]}, "Histograms.counts"),
        ("Stretch", {"Histograms": [{}] * 300}, "300 objects"),
        ("Remap", {"InputRanges": ["a", "b"]}, "InputRanges"),
        ("Convolution", {"Type": 1.5}, "Type"),
        ("Convolution", {"Kernel": [0] * 50_000}, "Kernel"),
        ("Stretch", {"Statistics": [[1]]}, "Statistics"),
        ("Hills", {}, "Hills"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    name: str, arguments: dict[str, object], told: str
) -> None:
    with pytest.raises(RequestError, match=told):
        _rule(name, **arguments)
