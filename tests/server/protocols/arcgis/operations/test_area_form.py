"""computeHistograms and computeStatisticsHistograms: questions, answers, and one round through a server."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely

from engine.errors import InvalidParameter
from engine.request import AreaCountsRequest
from engine.request_parts import MosaicRule, TimeRange
from engine.results import AreaCountsResult, BandCounts
from engine.summary import BandStatistics, Histogram
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import compute_histograms, compute_statistics_histograms

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question

_SERVICE = "demo/hills/ImageServer"
_BINS = Histogram(min=-0.5, max=1.5, counts=(3, 1))


def _parsed(question: Question) -> AreaCountsRequest:
    request = compute_statistics_histograms.parse(question).request
    assert isinstance(request, AreaCountsRequest)
    assert compute_histograms.parse(question).request == request
    return request


def test_the_python_api_sends_an_envelope_in_json(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(
            'f=json&geometry={"xmin":0,"ymin":1,"xmax":2,"ymax":3,"spatialReference":'
            '{"wkid":102100,"latestWkid":3857}}&geometryType=esriGeometryEnvelope'
            '&mosaicRule={"mosaicMethod":"esriMosaicNorthwest","sortField":"","ascending":true}'
            "&pixelSize=2,2&time=1,2&processAsMultidimensional=false"
        )
    )
    assert request.crs == "EPSG:3857"
    assert shapely.from_wkb(request.geometry).equals(shapely.box(0, 1, 2, 3))
    assert request.pixel_size == (2.0, 2.0)
    assert request.time == TimeRange(start=1, end=2)
    assert isinstance(request.mosaic, MosaicRule)


def test_a_rendering_rule_comes_along(ask: Callable[..., Question]) -> None:
    request = _parsed(ask({"geometry": "1,2,3,4", "renderingRule": '{"rasterFunction":"NDVI"}'}))
    assert request.rendering is not None
    assert request.rendering.function == "NDVI"


def test_without_a_geometry_the_whole_service_is_meant(ask: Callable[..., Question]) -> None:
    assert _parsed(ask({})) == AreaCountsRequest()


@pytest.mark.parametrize("shape", ['{"paths":[[[0,0],[1,1]]]}', '{"points":[[0,0]]}', "1,2,3"])
def test_what_is_no_area_is_refused(ask: Callable[..., Question], shape: str) -> None:
    with pytest.raises(InvalidParameter, match="geometry"):
        compute_histograms.parse(ask({"geometry": shape}))


def _written(operation: Any, summary: ServiceSummary, *bands: BandCounts) -> dict[str, Any]:
    context = AnswerContext(service="s", summary=summary, request=AreaCountsRequest(), options={})
    found: dict[str, Any] = json.loads(
        operation.answer(AreaCountsResult(bands=bands, skip=2), context)[1]
    )
    return found


def test_answers_have_the_keys_of_real_ones(mosaic: ServiceSummary) -> None:
    statistics = BandStatistics(min=0, max=1, mean=0.25, std=0.43, count=4)
    band = BandCounts(statistics=statistics, histogram=_BINS, median=0.0, mode=0.0)
    body = _written(compute_statistics_histograms, mosaic, band)
    assert body["statistics"] == [
        {"min": 0, "max": 1, "mean": 0.25, "standardDeviation": 0.43, "median": 0, "mode": 0,
         "skipX": 2, "skipY": 2, "count": 4}
    ]  # fmt: skip
    assert body["histograms"] == [{"size": 2, "min": -0.5, "max": 1.5, "counts": [3, 1]}]
    assert _written(compute_histograms, mosaic, band) == {"histograms": body["histograms"]}


def test_a_band_without_pixels_has_no_numbers(mosaic: ServiceSummary) -> None:
    nothing = BandStatistics(min=0, max=0, mean=0, std=0)
    body = _written(
        compute_statistics_histograms, mosaic, BandCounts(statistics=nothing, histogram=_BINS)
    )
    row = body["statistics"][0]
    assert {row[key] for key in ("min", "max", "mean", "standardDeviation", "median", "mode")} == {
        None
    }
    assert row["count"] == 0


def test_a_served_area_has_the_statistics_of_its_export(client: httpx.Client) -> None:
    box = "500100,5500100,500600,5500500"
    rule = (
        '{"rasterFunction":"Arithmetic","rasterFunctionArguments":{"Raster2":0.5,"Operation":3},'
        '"outputPixelType":"F32"}'
    )
    for extra in ({}, {"renderingRule": rule}):
        answer = client.post(
            f"{_SERVICE}/computeStatisticsHistograms",
            data={"geometry": box, "geometryType": "esriGeometryEnvelope", "f": "json", **extra},
        ).json()
        picture = client.get(
            f"{_SERVICE}/exportImage",
            params={"bbox": box, "size": "50,40", "format": "tiff", "f": "image", **extra},
        )
        with rasterio.open(io.BytesIO(picture.content)) as file:
            data = file.read()
        assert len(answer["statistics"]) == len(answer["histograms"]) == 3
        for band, row in enumerate(answer["statistics"]):
            values = data[band].astype(np.float64)
            assert (row["min"], row["max"], row["count"]) == (values.min(), values.max(), 2000)
            assert row["mean"] == pytest.approx(values.mean())
            assert row["standardDeviation"] == pytest.approx(values.std())
            assert row["median"] == pytest.approx(np.median(values), abs=0.01)
            histogram = answer["histograms"][band]
            assert histogram["size"] == len(histogram["counts"]) == 256
            assert sum(histogram["counts"]) == 2000


def test_clients_see_errors_of_their_own(client: httpx.Client) -> None:
    error = client.get(
        f"{_SERVICE}/computeHistograms", params={"geometry": "x", "f": "json"}
    ).json()
    assert error["error"]["code"] == 400
    assert "geometry" in error["error"]["message"]
