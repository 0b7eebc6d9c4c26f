"""Definitions of slices as clients write them, and the interval of time they step by.

Covers server.protocols.arcgis.time_interval too.
"""

from __future__ import annotations

import json

import msgspec
import pytest

from engine.dimensions import Dimension, Variable
from engine.errors import InvalidParameter, RequestError
from engine.request_parts import DimensionValues, MosaicRule
from engine.summary import ServiceSummary, TimeInfo
from server.protocols.arcgis.dimensions import definition_of_json
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rules import mosaic_rule
from server.protocols.arcgis.time_interval import default_interval

_DAY = 86_400_000


def _read(value: object) -> tuple[DimensionValues, ...]:
    return definition_of_json("multidimensionalDefinition", value)  # type: ignore[arg-type]  # -- JSON


def test_values_and_ranges_are_read() -> None:
    found = _read(
        [
            {"variableName": "salt", "dimensionName": "StdZ", "values": [-5, [-20, -10]]},
            {"dimensionName": "StdTime", "values": ["2023-01-01T00:00:00Z"], "isSlice": True},
        ]
    )
    assert found == (
        DimensionValues(variable="salt", dimension="StdZ", values=((-5.0, -5.0), (-20.0, -10.0))),
        DimensionValues(dimension="StdTime", values=((1672531200000.0, 1672531200000.0),)),
    )


def test_entries_that_mean_nothing_are_passed_over() -> None:
    assert _read([{}, {"variableName": "", "dimensionName": "", "values": []}]) == ()
    assert _read({"variableName": "salt", "dimensionName": None, "values": None}) == (
        DimensionValues(variable="salt"),
    )


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (["salt"], "multidimensionalDefinition"),
        ([{"variableName": 5}], "variableName"),
        ([{"dimensionName": "x" * 300}], "dimensionName"),
        ([{"dimensionName": "StdZ", "values": ["deep"]}], "values"),
        ([{"dimensionName": "StdZ", "values": [[1, 2, 3]]}], "values"),
        ([{"dimensionName": "StdZ", "values": [[2, 1]]}], "values"),
        ([{"dimensionName": "StdZ", "values": [float("nan")]}], "values"),
        ([{"dimensionName": "StdTime", "values": ["2023-13-01"]}], "values"),
        ([{"dimensionName": "StdZ", "values": [{}]}], "values"),
        ([{"variableName": "a"}] * 1001, "entries"),
    ],
)
def test_a_bad_key_is_named(value: object, key: str) -> None:
    with pytest.raises(RequestError, match=key):
        _read(value)


def test_slices_beside_the_rule_join_it() -> None:
    rule = {
        "mosaicMethod": "esriMosaicCenter",
        "multidimensionalDefinition": [{"variableName": "a"}],
    }
    parameters = {"mosaicRule": json.dumps(rule), "sliceId": "3", "variable": "b"}
    found = mosaic_rule(Parameters.from_mapping(parameters))
    assert found is not None
    assert found.slice_id == 3
    assert [each.variable for each in found.dimensions] == ["a", "b"]
    assert mosaic_rule(Parameters.from_mapping({"variable": "", "sliceId": ""})) is None
    only = mosaic_rule(Parameters.from_mapping({"variable": "undefined", "sliceId": "0"}))
    assert only == MosaicRule(slice_id=0)


@pytest.mark.parametrize("text", ["-1", "x", "1.5", "1e300"])
def test_a_bad_slice_is_told(text: str) -> None:
    with pytest.raises(InvalidParameter, match="sliceId"):
        mosaic_rule(Parameters.from_mapping({"sliceId": text}))


@pytest.mark.parametrize(
    ("span", "interval"),
    [
        (0, (1, "Days")),
        (30_000, (1, "Seconds")),
        (_DAY // 2, (1, "Hours")),
        (60 * _DAY, (1, "Days")),
        (3 * 366 * _DAY, (1, "Months")),
        (40 * 366 * _DAY, (1, "Years")),
    ],
)
def test_time_steps_by_the_longest_unit_of_which_some_fit(
    mosaic: ServiceSummary, span: int, interval: tuple[int, str]
) -> None:
    time = TimeInfo(start_field="AcqDate", end_field="AcqDate", start=5, end=5 + span)
    assert default_interval(mosaic, time) == interval


def test_time_steps_by_the_slices(mosaic: ServiceSummary) -> None:
    days = Dimension(name="StdTime", is_time=True, values=(0, 8 * _DAY, 16 * _DAY))
    summary = msgspec.structs.replace(
        mosaic, variables=(Variable(name="v", dimensions=(days,)),), default_variable="v"
    )
    time = TimeInfo(start_field="StdTime", end_field="StdTime", start=0, end=16 * _DAY)
    assert default_interval(summary, time) == (8, "Days")
