"""Spatial references in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter, RequestError
from server.protocols.arcgis.spatial_reference import as_typed, parse_crs, to_json, unless_own
from server.protocols.input_limits import MAX_WKT

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

_WKT = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]]]'


@pytest.mark.parametrize(
    ("text", "crs"),
    [
        ("", ""),
        ("{}", ""),
        ("4326", "EPSG:4326"),
        ("3857", "EPSG:3857"),
        ("102100", "EPSG:3857"),
        ("102113", "EPSG:3857"),
        ("900913", "EPSG:3857"),
        ("3785.0", "EPSG:3857"),
        ("102001", "ESRI:102001"),
        ("54009", "ESRI:54009"),
        ('{"wkid":102100,"latestWkid":3857}', "EPSG:3857"),
        ("{wkid:'4326'}", "EPSG:4326"),
        ('{"wkid":102039}', "ESRI:102039"),
        ('{"wkid":32633}', "EPSG:32633"),
        ("epsg:25832", "EPSG:25832"),
        ("urn:ogc:def:crs:EPSG::3857", "EPSG:3857"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "EPSG:4326"),
        (_WKT, _WKT),
        ("0:7", "ICS:7"),
        ('{"icsid":7}', "ICS:7"),
        ('{"icsid":7,"icsns":"demo/hills"}', "ICS:7"),
        ('{"ics":{"id":7,"name":"demo/hills"}}', "ICS:7"),
        ('{"ics":{"name":"AMD_CAT\\\\Raster.OBJECTID = 9","geodataXform":{"xf_0":{}}}}', "ICS:9"),
        ('{"wkt":"' + _WKT.replace('"', '\\"') + '"}', _WKT),
    ],
)
def test_every_form_is_read(text: str, crs: str) -> None:
    assert parse_crs("imageSR", text) == crs


@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "0",
        "99",
        "9999999",
        "1e400",
        "NaN",
        "http://127.0.0.1:8080/x",
        "/etc/passwd",
        "+init=epsg:4326",
        "PROJCS[" + "x" * MAX_WKT + "]",
        "PROJCS[" + "x" * 1_000_000 + "]",
        "0:-7",
        "0:٣",
        "0:" + "9" * 100,
        "ICS:7",
        '{"icsid":-7}',
        '{"icsid":1.5}',
        '{"icsid":"x"}',
        '{"icsid":true}',
        '{"icsid":null}',
        '{"ics":{}}',
        '{"ics":{"name":"Raster"}}',
        '{"ics":{"id":{"id":7}}}',
        '{"ics":[7]}',
        '{"wkid":"/etc/passwd"}',
        '{"wkid":[1]}',
        '{"wkt":"file.prj"}',
        '{"other":1}',
        "[3857]",
        "@grid",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="bboxSR"):
        parse_crs("bboxSR", text)


@given(st.text(max_size=50))
def test_any_text_gives_a_crs_text_or_a_request_error(text: str) -> None:
    try:
        crs = parse_crs("p", text)
    except RequestError:
        return
    assert crs == "" or crs.startswith(("EPSG:", "ESRI:", "ICS:")) or "[" in crs or "(" in crs


def test_web_mercator_is_written_in_the_pair_that_cesium_needs(raster: ServiceSummary) -> None:
    pair = {"wkid": 102100, "latestWkid": 3857}
    assert to_json("", raster) == pair
    assert to_json("EPSG:3857", raster) == pair


def test_image_space_is_written_by_its_raster(mosaic: ServiceSummary) -> None:
    assert to_json("ICS:7", mosaic) == {"icsid": 7}


def test_a_crs_without_a_code_is_written_as_wkt(mosaic: ServiceSummary) -> None:
    assert to_json(_WKT, mosaic) == {"wkt": _WKT}
    assert to_json("", mosaic) == {"wkid": 32633, "latestWkid": 32633}


def test_the_wkt_that_a_service_states_is_its_own(mosaic: ServiceSummary) -> None:
    custom = msgspec.structs.replace(mosaic, crs="PROJCRS[...]", wkid=0, latest_wkid=0, wkt=_WKT)
    stated = msgspec.json.encode(to_json("", custom)).decode()
    assert unless_own(parse_crs("bboxSR", stated), custom) == ""
    assert unless_own("EPSG:4326", custom) == "EPSG:4326"
    assert unless_own("EPSG:32633", mosaic) == "EPSG:32633"


def test_an_error_repeats_the_code_as_it_was_typed() -> None:
    error = InvalidParameter("outSR", "ESRI:99999", "a code")
    assert as_typed(error, [("outSR", "99999")]).fields[1] == "99999"
    assert as_typed(error, [("outSR", '{"wkid":99999}')]).fields[1] == "99999"
    assert as_typed(error, [("outSR", "esri:99999")]) is error
    other = InvalidParameter("outSR", "nowhere", "a code")
    assert as_typed(other, [("outSR", "nowhere")]) is other
