"""mosaicRule, time and interpolation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.definition import Interpolation, MosaicMethod, MosaicOperator
from engine.errors import RequestError
from engine.request_parts import MapPoint, MosaicRule, TimeRange
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rules import interpolation, mosaic_rule, time_range


def _rule(value: object) -> MosaicRule | None:
    text = value if isinstance(value, str) else json.dumps(value)
    return mosaic_rule(Parameters([("mosaicRule", text)]))


def test_a_whole_rule_is_read() -> None:
    rule = _rule(
        {
            "mosaicMethod": "esriMosaicAttribute",
            "where": "Category = 1",
            "fids": [1, 2, 3],
            "sortField": "AcqDate",
            "sortValue": "2014/04/01",
            "ascending": False,
            "mosaicOperation": "MT_MEAN",
        }
    )
    assert rule == MosaicRule(
        method=MosaicMethod.ATTRIBUTE,
        operator=MosaicOperator.MEAN,
        where="Category = 1",
        fids=(1, 2, 3),
        sort_field="AcqDate",
        sort_value="2014/04/01",
        ascending=False,
    )


@pytest.mark.parametrize(
    ("word", "method"),
    [
        ("esriMosaicNorthwest", MosaicMethod.NORTH_WEST),
        ("NorthWest", MosaicMethod.NORTH_WEST),
        ("center", MosaicMethod.CENTER),
        ("ByAttribute", MosaicMethod.ATTRIBUTE),
        ("esriMosaicAttribute", MosaicMethod.ATTRIBUTE),
        ("esriMosaicSeamline", MosaicMethod.SEAMLINE),
        ("esriMosaicNone", MosaicMethod.NONE),
        ("esriMosaicNadir", MosaicMethod.NADIR),
    ],
)
def test_methods_have_long_and_short_names(word: str, method: MosaicMethod) -> None:
    rule = _rule({"mosaicMethod": word})
    assert rule is not None
    assert rule.method is method


def test_locked_rasters_may_be_a_list_or_a_text() -> None:
    for ids in ([4, 7], "4,7"):
        rule = _rule({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": ids})
        assert rule is not None
        assert rule.lock_ids == (4, 7)


def test_a_viewpoint_keeps_its_reference() -> None:
    point = {"x": 1, "y": 2, "spatialReference": {"wkid": 102100}}
    rule = _rule({"mosaicMethod": "esriMosaicViewpoint", "viewpoint": point})
    assert rule is not None
    assert rule.viewpoint == MapPoint(x=1, y=2, crs="EPSG:3857")


@pytest.mark.parametrize("text", ["{}", "", "null", "undefined", "false", '{"sortField":""}'])
def test_a_rule_that_says_nothing_is_the_default(text: str) -> None:
    assert _rule(text) is None


@pytest.mark.parametrize("value", ["Slope", {"rasterFunction": "Slope"}])
def test_a_rule_for_each_item_is_read_as_rendering_rules_are(value: object) -> None:
    rule = _rule({"itemRenderingRule": value})
    assert rule is not None
    assert rule.item_rule is not None
    assert rule.item_rule.function == "Slope"
    assert _rule({"itemRenderingRule": {"rasterFunction": "None"}}) is None


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"mosaicMethod": "esriMosaicSideways"}, "mosaicMethod"),
        ({"mosaicOperation": "MT_MEDIAN"}, "mosaicOperation"),
        ({"mosaicMethod": "esriMosaicLockRaster"}, "lockRasterIds"),
        ({"mosaicMethod": "esriMosaicViewpoint"}, "viewpoint"),
        ({"fids": ["x"]}, "fids"),
        ({"where": 5}, "where"),
        ({"where": "x" * 20_000}, "where"),
        ({"ascending": "up"}, "ascending"),
        ({"multidimensionalDefinition": [{"variableName": 5}]}, "multidimensionalDefinition"),
        ({"itemRenderingRule": {"rasterFunction": "Sloop"}}, "itemRenderingRule.rasterFunction"),
        ({"itemRenderingRule": [1]}, "itemRenderingRule"),
        ([1], "mosaicRule"),
    ],
)
def test_a_bad_key_is_named(value: object, key: str) -> None:
    with pytest.raises(RequestError, match=key):
        _rule(value)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "mosaicMethod",
                "where",
                "fids",
                "sortField",
                "sortValue",
                "ascending",
                "viewpoint",
                "lockRasterIds",
                "mosaicOperation",
                "itemRenderingRule",
                "multidimensionalDefinition",
            ]
        ),
        st.none()
        | st.booleans()
        | st.floats()
        | st.text(max_size=8)
        | st.lists(st.integers())
        | st.dictionaries(st.sampled_from("xyz"), st.floats() | st.text(max_size=3)),
    )
)
def test_any_object_gives_a_rule_or_a_request_error(value: dict[str, object]) -> None:
    try:
        rule = _rule(value)
    except RequestError:
        return
    assert rule is None or isinstance(rule, MosaicRule)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("null", None),
        ("false", None),
        ("undefined", None),
        ("null,null", None),
        ("1000", TimeRange(start=1000, end=1000)),
        ("1000,2000", TimeRange(start=1000, end=2000)),
        ("null,2000", TimeRange(end=2000)),
        ("1000,null", TimeRange(start=1000)),
        ("[1000.4, 2000]", TimeRange(start=1000, end=2000)),
    ],
)
def test_time_is_an_instant_or_a_range(text: str, expected: TimeRange | None) -> None:
    assert time_range(Parameters([("time", text)])) == expected


@pytest.mark.parametrize("text", ["2,1", "1,2,3", "now", "1e400", "9e18", "NaN,NaN"])
def test_a_bad_time_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="time"):
        time_range(Parameters([("time", text)]))


def test_interpolation_has_esri_names() -> None:
    given_text = Parameters.from_query("interpolation=+RSP_CubicConvolution")
    assert interpolation(given_text) is Interpolation.CUBIC
    assert interpolation(Parameters(())) is None
    with pytest.raises(RequestError, match="RSP_Majority"):
        interpolation(Parameters([("interpolation", "RSP_Magic")]))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-07-05", 1_720_137_600_000, 1_720_223_999_999),
        ("2024-07-05T10:30:00Z", 1_720_175_400_000, 1_720_175_400_000),
        ("2024-07-05,2024-07-06", 1_720_137_600_000, 1_720_310_399_999),
        ("null,2024-07-05", None, 1_720_223_999_999),
        ("1720137600000,2024-07-05", 1_720_137_600_000, 1_720_223_999_999),
    ],
)
def test_time_may_be_iso_dates(text: str, start: int | None, end: int | None) -> None:
    assert time_range(Parameters([("time", text)])) == TimeRange(start=start, end=end)


def test_a_time_that_is_none_names_both_forms() -> None:
    with pytest.raises(RequestError, match="milliseconds since 1970 or an ISO date"):
        time_range(Parameters([("time", "2024-13-45")]))
