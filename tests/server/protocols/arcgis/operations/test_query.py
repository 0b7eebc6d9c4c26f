"""query: questions and answers.

Covers server.protocols.arcgis.catalog_filter and server.protocols.arcgis.catalog_statistics too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.extent import Extent
from engine.request import QueryRequest
from engine.request_parts import TimeRange
from engine.results import QueryResult, QueryRow
from engine.summary import FieldInfo
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import query

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

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


def test_esridump_asks_for_the_ends_of_the_ids(ask: Callable[..., Question]) -> None:
    statistics = [
        {
            "statisticType": kind,
            "onStatisticField": "OBJECTID",
            "outStatisticFieldName": f"THE_{kind.upper()}",
        }
        for kind in ("min", "max")
    ]
    request = _parsed(ask({"outFields": "", "outStatistics": json.dumps(statistics), "f": "json"}))
    assert [(each.kind, each.field, each.name) for each in request.statistics] == [
        ("min", "OBJECTID", "THE_MIN"),
        ("max", "OBJECTID", "THE_MAX"),
    ]


def test_statistics_have_names_shares_and_groups(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(
            {
                "outStatistics": "[{statisticType:'PERCENTILE_DISC',onStatisticField:'Cloud',"
                "statisticParameters:{value:0.9,orderBy:'DESC'}},{statisticType:'count'}]",
                "groupByFieldsForStatistics": "Sensor,Name",
                "having": "COUNT(*) > 1",
            }
        )
    )
    percentile, count = request.statistics
    assert (percentile.share, percentile.descending) == (0.9, True)
    assert (percentile.name, count.name, count.field) == (
        "percentile_disc_Cloud",
        "count_rows",
        "*",
    )
    assert (request.group_by, request.having) == (("Sensor", "Name"), "COUNT(*) > 1")


def test_statistics_are_rows_without_places(
    mosaic: ServiceSummary, ask: Callable[..., Question]
) -> None:
    asked = query.parse(ask({"outStatistics": "{statisticType:'count'}"}))
    result = QueryResult(
        fields=(FieldInfo(name="n", type="integer"),), rows=(QueryRow(values=(4,)),)
    )
    body = _answer(mosaic, asked, result)
    assert body["features"] == [{"attributes": {"n": 4}}]
    assert "geometryType" not in body


@pytest.mark.parametrize("text", ["T*F**F***", "RELATE(G1, G2, 't*f**f***')", '"T*F**F***"'])
def test_a_relation_is_a_pattern_bare_or_in_its_words(
    text: str, ask: Callable[..., Question]
) -> None:
    request = _parsed(
        ask({"geometry": "1,2", "spatialRel": "esriSpatialRelRelation", "relationParam": text})
    )
    assert (request.relation, request.relation_pattern) == ("relate", "T*F**F***")


def test_time_narrows(ask: Callable[..., Question]) -> None:
    assert _parsed(ask("time=null,2000")).time == TimeRange(end=2000)


def test_geojson_is_in_longitude_and_latitude(ask: Callable[..., Question]) -> None:
    assert _parsed(ask("outSR=3857", f="geojson")).out_crs == "EPSG:4326"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("spatialRel=esriSpatialRelNear", "spatialRel"),
        ("spatialRel=esriSpatialRelRelation", "relationParam"),
        ("spatialRel=esriSpatialRelRelation&relationParam=T*X******", "relationParam"),
        ("rasterQuery=" + "x" * 20_000, "rasterQuery"),
        ("groupByFieldsForStatistics=Name", "groupByFieldsForStatistics"),
        ("outStatistics=[1]", "outStatistics"),
        ('outStatistics={"statisticType":"median","onStatisticField":"a"}', "statisticType"),
        ('outStatistics={"statisticType":"sum","onStatisticField":"*"}', "onStatisticField"),
        (
            "outStatistics={statisticType:'percentile_cont',onStatisticField:'a',statisticParameters:{value:2}}",
            "statisticParameters.value",
        ),
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
                "relationParam",
                "rasterQuery",
                "outStatistics",
                "groupByFieldsForStatistics",
                "having",
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


# Against a server.


def _asked(client: httpx.Client, **parameters: str) -> dict[str, Any]:
    reply = client.post("demo/hills/ImageServer/query", data={"f": "json", **parameters})
    assert reply.status_code == 200
    value: dict[str, Any] = reply.json()
    return value


def test_a_server_counts_up_groups(client: httpx.Client) -> None:
    statistics = (
        '[{"statisticType":"max","onStatisticField":"acqdate","outStatisticFieldName":"Last"}]'
    )
    found = _asked(
        client,
        outStatistics=statistics,
        groupByFieldsForStatistics="OBJECTID",
        orderByFields="Last DESC",
        resultRecordCount="1",
    )
    assert found["features"] == [{"attributes": {"OBJECTID": 2, "Last": 1_600_086_400_000}}]
    assert [field["type"] for field in found["fields"]] == [
        "esriFieldTypeOID",
        "esriFieldTypeDate",
    ]
    assert found["exceededTransferLimit"] is True
    count = _asked(
        client,
        outStatistics=statistics,
        groupByFieldsForStatistics="OBJECTID",
        returnCountOnly="true",
    )
    assert count == {"count": 2}


def test_a_server_counts_distinct_values(client: httpx.Client) -> None:
    found = _asked(
        client, returnDistinctValues="true", outFields="Category", returnCountOnly="true"
    )
    assert found == {"count": 1}


def test_a_server_finds_by_a_pattern_of_relations(client: httpx.Client) -> None:
    box = {"geometry": "500000,5500000,500960,5500640", "geometryType": "esriGeometryEnvelope"}
    relation = {**box, "spatialRel": "esriSpatialRelRelation", "returnIdsOnly": "true"}
    assert _asked(client, **relation, relationParam="T*****FF*")["objectIds"] == [1, 2]
    assert _asked(client, **relation, relationParam="FF*FF****")["objectIds"] == []


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"outStatistics": '[{"statisticType":"sum","onStatisticField":"Name"}]'}, "outStatistics"),
        ({"rasterQuery": "CloudCover < 1"}, "rasterQuery"),
        ({"having": "COUNT(x) > 1", "outStatistics": '[{"statisticType":"count"}]'}, "having"),
        ({"where": "CAST(Name AS DATE) > 1"}, "where"),
        ({"time": "2,1"}, "time"),
    ],
)
def test_a_server_names_what_it_does_not_take(
    client: httpx.Client, parameters: dict[str, str], named: str
) -> None:
    error = _asked(client, **parameters)["error"]
    assert error["code"] == 400
    assert f"'{named}'" in error["message"]
