"""identify: questions and answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import shapely

from engine.errors import RequestError
from engine.pixel_type import PixelType
from engine.request import IdentifyRequest
from engine.results import IdentifiedItem, IdentifyResult
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import identify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Asked, Question

_FOOTPRINT = shapely.box(0, 0, 1, 1).wkb


def _parsed(question: Question) -> IdentifyRequest:
    request = identify.parse(question).request
    assert isinstance(request, IdentifyRequest)
    return request


def _answer(summary: ServiceSummary, asked: Asked, result: IdentifyResult) -> dict[str, Any]:
    context = AnswerContext(
        service="demo/hills", summary=summary, request=asked.request, options=asked.options
    )
    value: dict[str, Any] = json.loads(identify.answer(result, context)[1])
    return value


def _items() -> tuple[IdentifiedItem, ...]:
    return (
        IdentifiedItem(id=2, attributes={"OBJECTID": 2, "Name": "b"}, footprint=_FOOTPRINT,
                       values=(12, 34, 56), visibility=1.0),
        IdentifiedItem(id=1, attributes={"OBJECTID": 1, "Name": "a"}, footprint=_FOOTPRINT,
                       values=None),
    )  # fmt: skip


def test_esri_leaflet_identifies_a_point(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(
            'returnGeometry=false&geometry={"x":15,"y":49,"spatialReference":{"wkid":4326}}'
            "&geometryType=esriGeometryPoint&f=json"
        )
    )
    assert request.crs == "EPSG:4326"
    assert shapely.from_wkb(request.geometry) == shapely.Point(15, 49)
    assert not request.return_geometry
    assert request.return_items


def test_terria_sends_bare_keys_and_no_items(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(
            "geometry={x: 1.0, y: 2.0, spatialReference: {wkid: 3857}}"
            "&geometryType=esriGeometryPoint&returnCatalogItems=false&f=json"
        )
    )
    assert request.crs == "EPSG:3857"
    assert not request.return_items


def test_gdal_and_the_maplibre_plugin_send_what_map_servers_want(
    ask: Callable[..., Question],
) -> None:
    request = _parsed(
        ask(
            "f=json&geometryType=esriGeometryPoint&geometry=1,2&sr=3857&layers=undefined"
            "&layerDefs=undefined&time=false&tolerance=2&mapExtent=0,0,1,1&imageDisplay=1,1,96"
            "&layerTimeOptions=&maxAllowableOffset="
        )
    )
    assert request.crs == "EPSG:3857"
    assert request.time is None


def test_the_javascript_sdk_asks_for_the_topmost_only(ask: Callable[..., Question]) -> None:
    request = _parsed(ask('geometry=1,2&maxItemCount=1&pixelSize={"x":10,"y":20}'))
    assert request.max_items == 1
    assert request.pixel_size == (10, 20)


def test_a_geometry_must_be_given(ask: Callable[..., Question]) -> None:
    with pytest.raises(RequestError, match="geometry"):
        identify.parse(ask({}))


def test_a_mosaic_answers_with_its_items(
    mosaic: ServiceSummary, ask: Callable[..., Question]
) -> None:
    asked = identify.parse(ask({"geometry": "1,2", "inSR": "3857"}))
    result = IdentifyResult(x=1, y=2, crs="EPSG:3857", values=(12, 34, 56), items=_items())
    body = _answer(mosaic, asked, result)
    assert body["value"] == "12, 34, 56"
    assert body["location"]["spatialReference"] == {"wkid": 102100, "latestWkid": 3857}
    assert body["properties"] == {"Values": ["12 34 56", "NoData"]}
    assert [f["attributes"]["OBJECTID"] for f in body["catalogItems"]["features"]] == [2, 1]
    assert body["catalogItems"]["features"][0]["geometry"]["rings"]
    assert body["catalogItemVisibilities"] == [1.0, 0.0]


@pytest.mark.parametrize("fixture", ["tile", "time"])
def test_a_raster_answers_in_the_shape_of_a_real_service(
    fixture: str, shared_data: Path, raster: ServiceSummary, ask: Callable[..., Question]
) -> None:
    real = json.loads(
        (shared_data / "09_esri/service_json" / fixture / "identify.json").read_text()
    )
    asked = identify.parse(ask({"geometry": "1,2"}, summary=raster))
    body = _answer(raster, asked, IdentifyResult(x=1, y=2, values=(8.0,)))
    assert list(body) == list(real)
    assert [type(value) for value in body.values()] == [type(value) for value in real.values()]
    assert body["value"] == "8"


def test_no_data_is_said_in_words(mosaic: ServiceSummary, ask: Callable[..., Question]) -> None:
    asked = identify.parse(ask({"geometry": "1,2"}))
    for values in (None, (None, None, None)):
        assert _answer(mosaic, asked, IdentifyResult(x=1, y=2, values=values))["value"] == "NoData"
    one = _answer(mosaic, asked, IdentifyResult(x=1, y=2, values=(1, None, 3)))
    assert one["value"] == "1, NoData, 3"


def test_a_float32_is_written_in_its_shortest_form(
    raster: ServiceSummary, ask: Callable[..., Question]
) -> None:
    asked = identify.parse(ask({"geometry": "1,2"}, summary=raster))
    result = IdentifyResult(x=1, y=2, values=(0.10000000149011612,))
    assert _answer(raster, asked, result)["value"] == "0.1"
    doubles = msgspec.structs.replace(raster, pixel_type=PixelType.F64)
    assert _answer(doubles, asked, result)["value"] == "0.10000000149011612"


def test_one_rule_replaces_the_value_and_a_list_stands_beside_it(
    mosaic: ServiceSummary, ask: Callable[..., Question]
) -> None:
    result = IdentifyResult(x=1, y=2, values=(1, 2, 3), processed=((7, 8, 9), None))
    single = identify.parse(
        ask({"geometry": "1,2", "renderingRule": '{"rasterFunction":"Stretch"}'})
    )
    assert _answer(mosaic, single, result)["value"] == "7, 8, 9"
    rules = '[{"rasterFunction":"Stretch"},{"rasterFunction":"None"}]'
    several = identify.parse(ask({"geometry": "1,2", "renderingRules": rules}))
    body = _answer(mosaic, several, result)
    assert body["value"] == "1, 2, 3"
    assert body["processedValues"] == ["7, 8, 9", "NoData"]


def test_values_and_items_may_be_left_out(
    mosaic: ServiceSummary, ask: Callable[..., Question]
) -> None:
    asked = identify.parse(
        ask({"geometry": "1,2", "returnPixelValues": "false", "returnCatalogItems": "false"})
    )
    body = _answer(mosaic, asked, IdentifyResult(x=1, y=2))
    assert body["value"] == ""
    assert body["catalogItems"] is None
    assert body["catalogItemVisibilities"] == []
