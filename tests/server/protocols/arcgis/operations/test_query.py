"""query: questions and answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.extent import Extent
from engine.request import QueryRequest, TimeRange
from engine.results import QueryResult, QueryRow
from engine.summary import FieldInfo
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import query

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Asked, Question

_RESULT = QueryResult(
    crs="EPSG:4326",
    fields=(
        FieldInfo(name="OBJECTID", type="oid"),
        FieldInfo(name="Name", type="string"),
        FieldInfo(name="AcqDate", type="date"),
    ),
    rows=(
        QueryRow(values=(1, "a", 1388534400000), footprint=shapely.box(0, 0, 1, 1).wkb),
        QueryRow(values=(2, "b", None)),
    ),
    exceeded=True,
)


def _parsed(question: Question) -> QueryRequest:
    request = query.parse(question).request
    assert isinstance(request, QueryRequest)
    return request


def _answer(
    summary: ServiceSummary, asked: Asked, result: QueryResult, **options: str
) -> dict[str, Any]:
    context = AnswerContext(
        service="demo/hills",
        summary=summary,
        request=asked.request,
        options={**asked.options, **options},
    )
    value: dict[str, Any] = json.loads(query.answer(result, context)[1])
    return value


def test_the_python_api_json_encodes_its_lists(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(
            "f=json&outFields=*&returnGeometry=true&returnIdsOnly=false&returnCountOnly=false"
            "&returnExtentOnly=false&objectIds=[1, 2]&where=1=1&orderByFields=OBJECTID ASC"
        )
    )
    assert request.object_ids == (1, 2)
    assert request.where == "1=1"
    assert request.out_fields == ("*",)
    assert request.order_by == (("OBJECTID", True),)
    assert request.returns == "features"
    assert request.limit == 1000


def test_esri_leaflet_asks_within_a_box(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(
            'where=1=1&outSR=4326&outFields=*&geometry={"xmin":1,"ymin":2,"xmax":3,"ymax":4,'
            '"spatialReference":{"wkid":4326}}&geometryType=esriGeometryEnvelope&inSR=4326'
            "&spatialRel=esriSpatialRelContains&pixelSize=10,10"
        )
    )
    assert request.crs == request.out_crs == "EPSG:4326"
    assert request.relation == "contains"
    assert request.pixel_size == 10
    assert shapely.from_wkb(request.geometry).equals(shapely.box(1, 2, 3, 4))


def test_esridump_pages_with_rounded_geometry(ask: Callable[..., Question]) -> None:
    asked = query.parse(
        ask(
            "where=1=1&outFields=*&outSR=4326&geometryPrecision=7&resultOffset=20&resultRecordCount=5000"
        )
    )
    assert isinstance(asked.request, QueryRequest)
    assert (asked.request.offset, asked.request.limit) == (20, 1000)
    assert asked.options["precision"] == "7"


@pytest.mark.parametrize(
    ("parameters", "returns"),
    [
        ("returnIdsOnly=true", "ids"),
        ("returnCountOnly=True", "count"),
        ("returnIdsOnly=true&returnCountOnly=true", "count"),
        ("returnExtentOnly=true&returnCountOnly=true", "extent"),
    ],
)
def test_what_is_returned(parameters: str, returns: str, ask: Callable[..., Question]) -> None:
    request = _parsed(ask(parameters))
    assert request.returns == returns
    assert request.limit is None


def test_distinct_values_have_no_geometry(ask: Callable[..., Question]) -> None:
    request = _parsed(ask("returnDistinctValues=true&outFields=Name&returnGeometry=true"))
    assert request.distinct
    assert not request.return_geometry


def test_time_narrows(ask: Callable[..., Question]) -> None:
    assert _parsed(ask("time=null,2000")).time == TimeRange(end=2000)


def test_geojson_is_in_longitude_and_latitude(ask: Callable[..., Question]) -> None:
    assert _parsed(ask("outSR=3857", f="geojson")).out_crs == "EPSG:4326"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("spatialRel=esriSpatialRelRelation", "spatialRel"),
        ("orderByFields=Name SIDEWAYS", "orderByFields"),
        ("orderByFields=Name ASC; DROP TABLE items", "orderByFields"),
        ("resultOffset=-1", "resultOffset"),
        ("objectIds=a", "objectIds"),
        ("objectIds=-1", "objectIds"),
        ('outStatistics=[{"statisticType":"max"}]', "outStatistics"),
        ("geometry=1", "geometry"),
        ("where=" + "x" * 20_000, "where"),
    ],
)
def test_a_bad_parameter_is_named(parameters: str, name: str, ask: Callable[..., Question]) -> None:
    with pytest.raises(RequestError, match=name):
        query.parse(ask(parameters))


def test_a_single_raster_has_nothing_to_query(
    raster: ServiceSummary, ask: Callable[..., Question]
) -> None:
    with pytest.raises(RequestError, match="catalog"):
        query.parse(ask("where=1=1", summary=raster))


def test_a_feature_set_has_fields_dates_and_rings(
    mosaic: ServiceSummary, ask: Callable[..., Question]
) -> None:
    body = _answer(mosaic, query.parse(ask("outFields=*")), _RESULT)
    assert body["objectIdFieldName"] == "OBJECTID"
    assert body["spatialReference"] == {"wkid": 4326, "latestWkid": 4326}
    assert body["fields"][2]["type"] == "esriFieldTypeDate"
    first, second = body["features"]
    assert first["attributes"] == {"OBJECTID": 1, "Name": "a", "AcqDate": 1388534400000}
    assert len(first["geometry"]["rings"]) == 1
    assert "geometry" not in second
    assert body["exceededTransferLimit"] is True


def test_ids_count_and_extent_have_their_own_shapes(
    mosaic: ServiceSummary, ask: Callable[..., Question]
) -> None:
    result = QueryResult(ids=(3, 1), count=2, extent=Extent(0, 1, 2, 3))
    ids = _answer(mosaic, query.parse(ask("returnIdsOnly=true")), result)
    assert ids == {"objectIdFieldName": "OBJECTID", "objectIds": [3, 1]}
    assert _answer(mosaic, query.parse(ask("returnCountOnly=true")), result) == {"count": 2}
    extent = _answer(mosaic, query.parse(ask("returnExtentOnly=true")), result)
    assert extent["count"] == 2
    assert extent["extent"]["spatialReference"]["wkid"] == 32633


def test_geojson_is_a_feature_collection(
    mosaic: ServiceSummary, ask: Callable[..., Question]
) -> None:
    body = _answer(mosaic, query.parse(ask("outFields=*", f="geojson")), _RESULT, f="geojson")
    assert body["type"] == "FeatureCollection"
    assert body["features"][0]["id"] == 1
    assert shapely.geometry.shape(body["features"][0]["geometry"]).equals(shapely.box(0, 0, 1, 1))
    assert body["features"][1]["geometry"] is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "where",
                "objectIds",
                "time",
                "geometry",
                "outFields",
                "orderByFields",
                "resultOffset",
                "resultRecordCount",
                "pixelSize",
                "outSR",
                "spatialRel",
                "geometryPrecision",
            ]
        ),
        st.text(max_size=20),
    )
)
def test_any_parameters_give_a_request_or_a_request_error(
    ask: Callable[..., Question], parameters: dict[str, str]
) -> None:
    try:
        assert isinstance(_parsed(ask(parameters)), QueryRequest)
    except RequestError:
        return
