"""measure and measureFromImage: questions, answers, and rounds through a server."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import msgspec
import pyproj
import pytest
import shapely

from config.definition import MosaicMethod, ServiceProperties
from engine.errors import InvalidParameter, RequestTooLarge
from engine.measure_requests import MeasureImageRequest, MeasureRequest
from engine.measurements import ImageShapeResult, Measured, MeasureResult
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import measure, measure_from_image
from server.protocols.arcgis.service_json import service_json

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question

POINT = '{"x":1,"y":2,"spatialReference":{"wkid":4326}}'
UTM = {"wkid": 32633, "latestWkid": 32633}


def _parsed(question: Question) -> MeasureRequest:
    request = measure.parse(question).request
    assert isinstance(request, MeasureRequest)
    return request


def _answer(question: Question, result: MeasureResult) -> dict[str, Any]:
    asked = measure.parse(question)
    context = AnswerContext(
        service="s", summary=question.summary, request=asked.request, options=asked.options
    )
    _, body = measure.answer(result, context)
    found: dict[str, Any] = json.loads(body)
    return found


def test_the_javascript_sdk_measures_a_height(ask: Callable[..., Question]) -> None:
    # As measureHeight of version 5.1 sends it.
    request = _parsed(
        ask(
            'f=json&geometryType=esriGeometryPoint&fromGeometry={"x":10,"y":-20,'
            '"spatialReference":{"icsid":7}}&toGeometry={"x":12,"y":-30,"spatialReference":{"icsid":7}}'
            "&measureOperation=esriMensurationHeightFromBaseAndTop&linearUnit=esriFeet"
            '&mosaicRule={"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[7]}&pixelSize='
        )
    )
    assert request.operation == "HeightFromBaseAndTop"
    assert (request.from_crs, request.to_crs) == ("ICS:7", "ICS:7")
    assert shapely.from_wkb(request.to_geometry).coords[0] == (12, -30)
    assert request.mosaic is not None
    assert (request.mosaic.method, request.mosaic.lock_ids) == (MosaicMethod.LOCK_RASTER, (7,))


@pytest.mark.parametrize("name", [*measure._CHOICES, "ESRIMENSURATIONPOINT3d"])
def test_every_operation_is_known_in_any_case(ask: Callable[..., Question], name: str) -> None:
    geometry = "0,0,9,9" if "rea" in name or "entroid" in name else POINT
    asked = ask({"fromGeometry": geometry, "toGeometry": "3,4", "measureOperation": name})
    request = _parsed(asked)
    assert ("esriMensuration" + request.operation).casefold() == name.casefold()
    assert bool(request.to_geometry) == ("Height" in name or "Distance" in name)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"measureOperation": ""}, "measureOperation"),
        ({"measureOperation": "esriMensurationVolume"}, "measureOperation"),
        ({"fromGeometry": ""}, "fromGeometry"),
        ({"fromGeometry": "{}"}, "fromGeometry"),
        ({"fromGeometry": "0,0,9,9"}, "fromGeometry"),
        ({"fromGeometry": "NaN,1"}, "fromGeometry"),
        ({"toGeometry": ""}, "toGeometry"),
        ({"toGeometry": '{"paths":[[[0,0],[1,1]]]}'}, "toGeometry"),
        ({"toGeometry": '{"x":1,"y":2,"spatialReference":{"wkid":-4}}'}, "toGeometry.spatial"),
        ({"measureOperation": "esriMensurationAreaAndPerimeter"}, "fromGeometry"),
        ({"measureOperation": "esriMensurationCentroid3D"}, "fromGeometry"),
        ({"linearUnit": "esriParsecs"}, "linearUnit"),
        ({"angularUnit": "esriMeters"}, "angularUnit"),
        ({"areaUnit": "1"}, "areaUnit"),
        ({"pixelSize": "0,1"}, "pixelSize"),
        ({"mosaicRule": "["}, "mosaicRule"),
    ],
)
def test_what_cannot_be_is_named(
    ask: Callable[..., Question], values: dict[str, str], name: str
) -> None:
    good = {
        "fromGeometry": POINT,
        "toGeometry": "3,4",
        "measureOperation": "esriMensurationDistanceAndAngle",
    }
    measure.parse(ask(good))
    with pytest.raises(InvalidParameter) as caught:
        measure.parse(ask({**good, **values}))
    assert str(caught.value.fields[0]).startswith(name)


def test_quantities_are_in_the_units_asked_for(ask: Callable[..., Question]) -> None:
    question = ask(
        {
            "fromGeometry": POINT,
            "toGeometry": "3,4",
            "measureOperation": "esriMensurationDistanceAndAngle3D",
            "linearUnit": "ESRIFEET",
            "angularUnit": "esriDURadians",
            "areaUnit": "esriHectares",
        }
    )
    result = MeasureResult(
        name="a",
        sensor_name="PAN",
        quantities={
            "distance": Measured(value=304.8, uncertainty=3.048),
            "azimuthAngle": Measured(value=90.0),
            "area": Measured(value=25_000.0, uncertainty=100.0),
        },
    )
    assert _answer(question, result) == {
        "name": "a",
        "sensorName": "PAN",
        "distance": {
            "value": pytest.approx(1000),
            "displayValue": "1000",
            "uncertainty": pytest.approx(10),
            "unit": "esriFeet",
        },
        "azimuthAngle": {
            "value": pytest.approx(math.pi / 2),
            "displayValue": "1.57080",
            "uncertainty": "NaN",
            "unit": "esriDURadians",
        },
        "area": {
            "value": 2.5,
            "displayValue": "2.500",
            "uncertainty": 0.01,
            "unit": "esriHectares",
        },
    }


def test_a_point_is_written_with_its_reference_and_height(ask: Callable[..., Question]) -> None:
    question = ask({"fromGeometry": POINT, "measureOperation": "esriMensurationPoint3D"})
    found = _answer(question, MeasureResult(name="a", crs="EPSG:4326", point=(1.0, 2.5, 3.25)))
    assert found == {
        "name": "a",
        "sensorName": "",
        "point": {
            "value": {
                "x": 1,
                "y": 2.5,
                "z": 3.25,
                "spatialReference": {"wkid": 4326, "latestWkid": 4326},
            },
            "displayValue": "1, 2.5, 3.25",
            "uncertainty": "NaN",
        },
    }
    flat = _answer(question, MeasureResult(point=(1.0, 2.5, math.nan), point_uncertainty_m=4.5))
    assert flat["point"]["value"] == {"x": 1, "y": 2.5, "spatialReference": UTM}
    assert flat["point"]["uncertainty"] == 4.5


def test_the_javascript_sdk_measures_an_area_in_an_image(ask: Callable[..., Question]) -> None:
    rings = '{"rings":[[[0,0],[9,0],[9,-9],[0,0]]]}'
    asked = ask({"rasterId": "3", "geometryType": "esriGeometryPolygon", "fromGeometry": rings})
    request = measure_from_image.parse(asked).request
    assert isinstance(request, MeasureImageRequest)
    assert request.item == 3
    own = '{"x":1,"y":2,"spatialReference":{"icsid":5}}'
    named = measure_from_image.parse(ask({"fromGeometry": own})).request
    assert isinstance(named, MeasureImageRequest)
    assert named.item == 5
    square = shapely.box(0, 0, 2, 3)
    result = ImageShapeResult(
        shape=bytes(shapely.to_wkb(square)), length_m=10.0, area_m2=6.0, center=(1.0, 1.5)
    )
    context = AnswerContext(service="s", summary=asked.summary, request=request, options={})
    body = json.loads(measure_from_image.answer(result, context)[1])
    assert list(body) == ["Shape", "Length", "Area", "Center"]
    assert body["Shape"]["spatialReference"] == UTM
    assert len(body["Shape"]["rings"][0]) == 5
    assert (body["Length"], body["Area"]) == (10, 6)
    assert body["Center"] == {"x": 1, "y": 1.5, "spatialReference": UTM}


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        (shapely.LineString([(0, 0), (1, 2)]), {"paths": [[[0, 0], [1, 2]]]}),
        (shapely.MultiLineString([[(0, 0), (1, 2)]]), {"paths": [[[0, 0], [1, 2]]]}),
        (shapely.Point(3, 4), {"x": 3, "y": 4}),
        (shapely.MultiPoint([(3, 4), (5, 6)]), {"points": [[3, 4], [5, 6]]}),
    ],
)
def test_lines_and_points_have_no_area(
    ask: Callable[..., Question], shape: shapely.Geometry, written: dict[str, Any]
) -> None:
    question = ask({"rasterId": "3", "fromGeometry": "1,2"})
    request = measure_from_image.parse(question).request
    context = AnswerContext(service="s", summary=question.summary, request=request, options={})
    result = ImageShapeResult(shape=bytes(shapely.to_wkb(shape)), length_m=2.0, center=(1.0, 1.0))
    body = json.loads(measure_from_image.answer(result, context)[1])
    assert "Area" not in body
    assert body["Shape"] == {**written, "spatialReference": UTM}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"fromGeometry": ""}, InvalidParameter),
        ({"rasterId": ""}, InvalidParameter),
        ({"rasterId": "x"}, InvalidParameter),
        ({"fromGeometry": POINT}, InvalidParameter),
        ({"fromGeometry": '{"x":1,"y":2,"spatialReference":{"icsid":4}}'}, InvalidParameter),
        ({"fromGeometry": json.dumps({"points": [[0, 0]] * 50_001})}, RequestTooLarge),
    ],
)
def test_what_is_not_in_the_image_is_refused(
    ask: Callable[..., Question], values: dict[str, str], error: type
) -> None:
    with pytest.raises(error):
        measure_from_image.parse(ask({"rasterId": "3", "fromGeometry": "1,2", **values}))


def test_the_root_says_what_can_be_measured(mosaic: ServiceSummary, raster: ServiceSummary) -> None:
    def said(summary: ServiceSummary, **facts: bool) -> str:
        summary = msgspec.structs.replace(summary, **facts)
        return str(service_json("s", summary)["mensurationCapabilities"])

    assert said(mosaic) == "Basic"
    assert said(raster) == "Basic,3D"
    assert said(mosaic, has_sun=True) == "Basic,Base-Top Shadow Height"
    assert said(mosaic, has_sensors=True, has_sun=True, has_terrain=True) == (
        "Basic,Base-Top Height,Top-Top Shadow Height,Base-Top Shadow Height,3D"
    )
    bare = msgspec.structs.replace(mosaic, properties=ServiceProperties(capabilities=("Image",)))
    assert said(bare) == ""
    assert "Mensuration" in service_json("s", mosaic)["capabilities"].split(",")


def test_a_server_measures(client: httpx.Client) -> None:
    ends = (15.001, 49.655), (15.002, 49.656)
    geometries = [json.dumps({"x": x, "y": y, "spatialReference": {"wkid": 4326}}) for x, y in ends]
    found = client.get(
        "demo/hills/ImageServer/measure",
        params={
            "f": "json",
            "fromGeometry": geometries[0],
            "toGeometry": geometries[1],
            "measureOperation": "esriMensurationDistanceAndAngle",
        },
    ).json()
    azimuth, _, length = pyproj.Geod(ellps="WGS84").inv(*ends[0], *ends[1])
    assert found["name"] == "a"
    assert found["distance"]["value"] == pytest.approx(length, abs=1e-6)
    assert found["distance"]["unit"] == "esriMeters"
    assert found["azimuthAngle"]["value"] == pytest.approx(azimuth)
    assert found["azimuthAngle"]["unit"] == "esriDUDecimalDegrees"
    area = client.post(
        "demo/hills/ImageServer/measure",
        data={
            "f": "json",
            "fromGeometry": "500100,5500100,500300,5500200",
            "measureOperation": "esriMensurationAreaAndPerimeter",
            "areaUnit": "esriHectares",
        },
    ).json()
    assert area["area"]["value"] == pytest.approx(2 / 0.9996**2, rel=1e-6)
    assert area["perimeter"]["value"] == pytest.approx(600 / 0.9996, rel=1e-6)


def test_a_server_tells_why_it_cannot_measure(client: httpx.Client) -> None:
    for operation in ("esriMensurationPoint3D", "esriMensurationHeightFromBaseAndTop"):
        found = client.get(
            "demo/hills/ImageServer/measure",
            params={
                "f": "json",
                "fromGeometry": "500100,5500100",
                "toGeometry": "500110,5500100",
                "measureOperation": operation,
            },
        )
        assert found.status_code == 200
        assert found.json()["error"]["code"] == 400
        assert "measureOperation" in json.dumps(found.json())


def test_a_wrong_kind_of_geometry_names_the_operation(ask: Callable[..., Question]) -> None:
    asked = f"fromGeometry={POINT}&measureOperation=esriMensurationAreaAndPerimeter"
    with pytest.raises(InvalidParameter, match="measureOperation esriMensurationAreaAndPerimeter"):
        measure.parse(ask(asked))
