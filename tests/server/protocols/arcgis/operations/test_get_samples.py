"""getSamples: questions, answers, and one round through a server; covers sample_text.py too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from config.definition import Interpolation
from engine.errors import InvalidParameter, RequestTooLarge
from engine.request import PointSamplesRequest
from engine.results import PointSample, PointSamplesResult
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import get_samples

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question

_SERVICE = "demo/hills/ImageServer"


def _parsed(question: Question) -> PointSamplesRequest:
    request = get_samples.parse(question).request
    assert isinstance(request, PointSamplesRequest)
    return request


def test_the_javascript_sdk_samples_a_line(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(
            'f=json&geometryType=esriGeometryPolyline&geometry={"paths":[[[0,0],[9,9]]],'
            '"spatialReference":{"wkid":102100}}&interpolation=RSP_BilinearInterpolation'
            "&returnFirstValueOnly=false&sampleCount=20&outFields=Name,AcqDate&pixelSize=2,2"
        )
    )
    assert shapely.from_wkb(request.geometry).length == pytest.approx(9 * 2**0.5)
    assert request.crs == "EPSG:3857"
    assert (request.count, request.distance, request.first_only) == (20, None, False)
    assert request.interpolation is Interpolation.BILINEAR
    assert request.out_fields == ("Name", "AcqDate")
    assert request.pixel_size == (2.0, 2.0)


def test_what_is_left_blank_is_not_asked_for(ask: Callable[..., Question]) -> None:
    request = _parsed(ask("geometry=1,2&sampleCount=&sampleDistance=&outFields=&interpolation="))
    assert request == PointSamplesRequest(geometry=request.geometry)
    assert _parsed(ask("geometry=1,2&outFields=*,Name")).out_fields == ("*",)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "geometry"),
        ({"geometry": "1,2", "sampleDistance": "0"}, "sampleDistance"),
        ({"geometry": "1,2", "sampleCount": "-4"}, "sampleCount"),
        ({"geometry": "1,2", "interpolation": "best"}, "interpolation"),
    ],
)
def test_what_cannot_be_is_named(
    ask: Callable[..., Question], values: dict[str, str], name: str
) -> None:
    with pytest.raises(InvalidParameter, match=name):
        get_samples.parse(ask(values))


def test_more_than_a_thousand_samples_are_refused(ask: Callable[..., Question]) -> None:
    with pytest.raises(RequestTooLarge, match="1000"):
        get_samples.parse(ask({"geometry": "0,0,1,1", "sampleCount": "1001"}))


def _answered(summary: ServiceSummary, *samples: PointSample) -> list[dict[str, Any]]:
    request = PointSamplesRequest(geometry=b"")
    context = AnswerContext(service="s", summary=summary, request=request, options={})
    result = PointSamplesResult(crs="EPSG:4326", samples=samples)
    rows: list[dict[str, Any]] = json.loads(get_samples.answer(result, context)[1])["samples"]
    return rows


def test_bands_are_text_with_blanks_between(mosaic: ServiceSummary) -> None:
    (row,) = _answered(
        mosaic,
        PointSample(
            place=3, x=15.5, y=49, item=12, values=(1, None, 2.5), resolution=30.0,
            attributes={"Name": "a"},
        ),
    )  # fmt: skip
    assert row == {
        "location": {"x": 15.5, "y": 49, "spatialReference": {"wkid": 4326, "latestWkid": 4326}},
        "locationId": 3,
        "value": "1 NaN 2.5",
        "rasterId": 12,
        "resolution": 30,
        "attributes": {"Name": "a"},
    }
    # As both SDKs read it.
    assert [float(text) for text in row["value"].split(" ")][::2] == [1, 2.5]


def test_results_of_functions_have_no_digits_of_their_own(mosaic: ServiceSummary) -> None:
    sample = PointSample(place=0, x=0, y=0, item=1, values=(0.10000000149011612,))
    assert _answered(mosaic, sample)[0]["value"] == "0.1"


def test_a_served_line_runs_from_one_raster_into_the_next(client: httpx.Client) -> None:
    line = '{"paths":[[[500005,5500305],[500955,5500305]]],"spatialReference":{"wkid":32633}}'
    answer = client.post(
        f"{_SERVICE}/getSamples",
        data={
            "geometry": line, "geometryType": "esriGeometryPolyline", "sampleDistance": "100",
            "outFields": "OBJECTID,Name", "f": "json",
        },
    ).json()  # fmt: skip
    rows = answer["samples"]
    assert [row["locationId"] for row in rows] == list(range(11))
    assert [row["value"] for row in rows] == ["10 20 30"] * 7 + ["110 120 130"] * 4
    assert [row["rasterId"] for row in rows] == [1] * 7 + [2] * 4
    assert {row["attributes"]["OBJECTID"] for row in rows} == {1, 2}
    assert rows[0]["resolution"] == pytest.approx(10)
    assert rows[0]["location"]["spatialReference"]["wkid"] == 32633
