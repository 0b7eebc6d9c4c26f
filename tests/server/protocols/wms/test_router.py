"""WMS over HTTP: addresses, methods, pictures that equal exportImage's, exceptions in every form."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from starlette.requests import Request

from engine.errors import Overloaded
from server.protocols.arcgis.parameters import Parameters
from server.protocols.wms.router import _failed

if TYPE_CHECKING:
    import httpx

SHORT = "/wms/demo/hills"
ESRI = "/arcgis/services/demo/hills/ImageServer/WMSServer"
_EXPORT = "/arcgis/rest/services/demo/hills/ImageServer/exportImage"
_LEFT, _BOTTOM, _RIGHT, _TOP = 500000.0, 5500000.0, 500960.0, 5500640.0
_MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "hills",
    "STYLES": "",
    "CRS": "EPSG:32633",
    "BBOX": f"{_LEFT},{_BOTTOM},{_RIGHT},{_TOP}",
    "WIDTH": "96",
    "HEIGHT": "64",
    "FORMAT": "image/png",
    "TRANSPARENT": "TRUE",
}


def _get_map(web: httpx.Client, **changes: str) -> httpx.Response:
    return web.get(SHORT, params={**_MAP, **changes})


def _pixels(answer: httpx.Response, mode: str = "RGBA") -> np.ndarray[Any, Any]:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert(mode))


def _exception(answer: httpx.Response) -> tuple[str, str]:
    root = ET.fromstring(answer.content)
    assert root.tag.rpartition("}")[2] == "ServiceExceptionReport"
    return root[0].get("code", ""), root[0].text or ""


_LONLAT = "15.0,49.652,15.0134,49.6585"
# Gauss-Krueger: northing is the first axis.
_WEST, _SOUTH, _EAST, _NORTH = 5500000.0, 5501800.0, 5501200.0, 5502600.0
_GAUSS = f"{_WEST},{_SOUTH},{_EAST},{_NORTH}"
_SAME = [
    ("EPSG:32633", _MAP["BBOX"], _MAP["BBOX"], "1.3.0"),
    ("EPSG:3857", "1669792,6386318,1671273,6387308", "1669792,6386318,1671273,6387308", "1.3.0"),
    ("EPSG:4326", "49.652,15.0,49.6585,15.0134", _LONLAT, "1.3.0"),
    ("CRS:84", _LONLAT, _LONLAT, "1.3.0"),
    ("EPSG:4326", _LONLAT, _LONLAT, "1.1.1"),
    ("EPSG:31469", f"{_SOUTH},{_WEST},{_NORTH},{_EAST}", _GAUSS, "1.3.0"),
    ("EPSG:31469", _GAUSS, _GAUSS, "1.1.1"),
]


@pytest.mark.parametrize(("crs", "bbox", "same", "version"), _SAME)
@pytest.mark.parametrize("format_name", ["png", "jpeg", "tiff", "gif", "webp", "png8"])
def test_a_map_is_the_picture_that_export_image_gives(
    web: httpx.Client, crs: str, bbox: str, same: str, version: str, format_name: str
) -> None:
    name = "CRS" if version == "1.3.0" else "SRS"
    asked = {key: value for key, value in _MAP.items() if key != "CRS"} | {name: crs}
    asked |= {"VERSION": version, "BBOX": bbox, "FORMAT": f"image/{format_name}"}
    answer = web.get(SHORT, params=asked)
    wkid = "4326" if crs == "CRS:84" else crs.partition(":")[2]
    export = web.get(
        _EXPORT,
        params={
            "bbox": same,
            "bboxSR": wkid,
            "imageSR": wkid,
            "size": "96,64",
            "f": "image",
            "format": format_name,
            "adjustAspectRatio": "false",
        },
    )
    assert answer.status_code == export.status_code == 200
    assert answer.content == export.content
    # One question, one answer: the second was kept from the first.
    assert answer.headers["etag"] == export.headers["etag"]
    assert export.headers["server-timing"] == "cache;desc=hit"


def test_the_address_of_arcgis_and_a_form_give_the_same_map(web: httpx.Client) -> None:
    answer = _get_map(web)
    assert web.get(ESRI, params=_MAP).content == answer.content
    assert web.post(ESRI, data=_MAP).content == answer.content
    assert web.post(SHORT, params=_MAP).content == answer.content
    kept = web.get(SHORT, params=_MAP, headers={"If-None-Match": answer.headers["etag"]})
    assert kept.status_code == 304


_WIDE = "499520.0,5500000.0,500480.0,5500640.0"


def test_pixels_without_data_are_white_or_the_colour_asked_for(web: httpx.Client) -> None:
    clear = _pixels(_get_map(web, BBOX=_WIDE))
    assert (clear[:, :48, 3] == 0).all()
    assert (clear[:, 48:, 3] == 255).all()
    for format_name in ("image/png", "image/jpeg", "image/gif", "image/bmp", "image/png8"):
        asked = {"BBOX": _WIDE, "FORMAT": format_name, "TRANSPARENT": ""}
        white = _pixels(_get_map(web, **asked))
        assert (white[:, :40, :3] >= 253).all()
        red = _pixels(_get_map(web, **asked, BGCOLOR="0xFF0000"))
        assert (red[:, :40, 3] == 255).all()
        assert np.abs(red[:, :40, :3].astype(int) - (255, 0, 0)).max() <= 3
        assert np.abs(red[:, 56:, :3].astype(int) - (10, 20, 30)).max() <= 4


def test_time_selects_rasters(web: httpx.Client) -> None:
    both = _pixels(_get_map(web))
    assert both[:, :40, 3].all()
    assert both[:, 60:, 3].all()
    first = "2020-09-13T12:26:40Z"
    second = "2020-09-14"
    early = _pixels(_get_map(web, TIME=first))
    assert early[:, :60, 3].all()
    assert not early[:, 68:, 3].any()
    late = _pixels(_get_map(web, TIME=second))
    assert not late[:, :28, 3].any()
    assert np.array_equal(late, _pixels(_get_map(web, TIME="current")))
    for every in (f"{first}/{second}", f"{first},{second}", "2020-09", "2020/current/P1D"):
        assert np.array_equal(_pixels(_get_map(web, TIME=every)), both)


def test_styles_are_templates_and_parameters_of_arcgis_are_taken(web: httpx.Client) -> None:
    plain, styled = _pixels(_get_map(web)), _pixels(_get_map(web, STYLES="High <&>"))
    assert set(np.unique(styled[:, :, 0])) == {0, 255}
    assert np.array_equal(plain, _pixels(_get_map(web, STYLES="default")))
    rule = '{"rasterFunction":"High <&>"}'
    assert np.array_equal(styled, _pixels(_get_map(web, RENDERINGRULE=rule)))
    lock = '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[2]}'
    locked = _pixels(_get_map(web, MOSAICRULE=lock))
    assert not locked[:, :28, 3].any()
    turned = _pixels(_get_map(web, BANDIDS="2,1,0"))
    assert np.array_equal(turned[:, :, 0], plain[:, :, 2])


_REFUSED = [
    ({"FORMAT": "image/<b>"}, "InvalidFormat", "FORMAT"),
    ({"FORMAT": ""}, "InvalidFormat", "FORMAT"),
    ({"LAYERS": "nothing <x>"}, "LayerNotDefined", "LAYERS"),
    ({"LAYERS": ""}, "LayerNotDefined", "LAYERS"),
    ({"LAYERS": "hills,roads"}, "LayerNotDefined", "LAYERS"),
    ({"STYLES": "nothing"}, "StyleNotDefined", "STYLES"),
    ({"CRS": ""}, "InvalidCRS", "CRS"),
    ({"CRS": "EPSG:999999"}, "InvalidCRS", "CRS"),
    ({"CRS": "EPSG:5773"}, "InvalidCRS", "CRS"),
    ({"CRS": "EPSG:4978"}, "InvalidCRS", "CRS"),
    ({"CRS": "AUTO2:42001,1,15,49"}, "InvalidCRS", "AUTO"),
    ({"CRS": "http://127.0.0.1:9/x"}, "InvalidCRS", "CRS"),
    ({"CRS": "+proj=utm +zone=33"}, "InvalidCRS", "CRS"),
    ({"BBOX": "1,2,3"}, "", "BBOX"),
    ({"BBOX": "1,2,3,4,5"}, "", "BBOX"),
    ({"BBOX": ""}, "", "BBOX"),
    ({"BBOX": "0,0,nan,1"}, "", "BBOX"),
    ({"BBOX": "0,0,1e400,1"}, "", "BBOX"),
    ({"BBOX": "0,0,1e200,1"}, "", "BBOX"),
    ({"BBOX": "5,0,1,1"}, "", "BBOX"),
    ({"BBOX": "0,0,0,1"}, "", "BBOX"),
    ({"WIDTH": "0"}, "", "WIDTH"),
    ({"WIDTH": ""}, "", "WIDTH"),
    ({"WIDTH": "1000000"}, "", "WIDTH"),
    ({"HEIGHT": "1.5"}, "", "HEIGHT"),
    ({"HEIGHT": "4294967297"}, "", "HEIGHT"),
    ({"TIME": "1999"}, "InvalidDimensionValue", "TIME"),
    ({"TIME": "yesterday"}, "InvalidDimensionValue", "TIME"),
    ({"TRANSPARENT": "perhaps"}, "", "TRANSPARENT"),
    ({"BGCOLOR": "red"}, "", "BGCOLOR"),
    ({"EXCEPTIONS": "LOUD"}, "InvalidFormat", "EXCEPTIONS"),
    ({"VERSION": "new"}, "", "VERSION"),
    ({"SERVICE": "WCS"}, "", "SERVICE"),
    ({"REQUEST": ""}, "OperationNotSupported", "REQUEST"),
    ({"REQUEST": "DescribeLayer"}, "OperationNotSupported", "REQUEST"),
    ({"MOSAICRULE": '{"mosaicMethod":"best"}'}, "", "mosaicMethod"),
    ({"RENDERINGRULE": '{"rasterFunction":"NDVI"}', "STYLES": "High <&>"}, "", "RENDERINGRULE"),
    ({"BANDIDS": "7"}, "", "bandIds"),
    ({"INTERPOLATION": "magic"}, "", "interpolation"),
]


@pytest.mark.parametrize(("changes", "code", "named"), _REFUSED)
def test_what_is_wrong_is_named_with_its_code(
    web: httpx.Client, changes: dict[str, str], code: str, named: str
) -> None:
    answer = _get_map(web, **changes)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/xml; charset=UTF-8"
    assert answer.headers["cache-control"] == "no-store"
    found, text = _exception(answer)
    assert found == code
    assert named in text


def test_exceptions_of_1_1_1_have_their_own_form(web: httpx.Client) -> None:
    old = {key: value for key, value in _MAP.items() if key != "CRS"} | {"VERSION": "1.1.1"}
    answer = web.get(SHORT, params={**old, "SRS": "EPSG:0"})
    assert answer.headers["content-type"] == "application/vnd.ogc.se_xml; charset=UTF-8"
    assert _exception(answer)[0] == "InvalidSRS"
    assert b"exception_1_1_1.dtd" in answer.content


def test_exceptions_come_as_json_or_as_pictures(web: httpx.Client) -> None:
    wrong = {"STYLES": "nothing <b>", "TRANSPARENT": "FALSE"}
    told = _get_map(web, **wrong, EXCEPTIONS="application/json")
    assert told.status_code == 400
    assert told.json()["exceptions"][0]["code"] == "StyleNotDefined"
    blank = _pixels(_get_map(web, **wrong, EXCEPTIONS="BLANK", BGCOLOR="0x102030"))
    assert blank.shape == (64, 96, 4)
    assert (blank == (16, 32, 48, 255)).all()
    said = _pixels(_get_map(web, **wrong, EXCEPTIONS="INIMAGE", FORMAT="image/jpeg"))
    assert said.shape == (64, 96, 4)
    assert said[:, :, 0].min() < 100
    clear = {"STYLES": "nothing", "EXCEPTIONS": "application/vnd.ogc.se_blank"}
    assert (_pixels(_get_map(web, **clear))[:, :, 3] == 0).all()
    huge = _get_map(web, EXCEPTIONS="INIMAGE", WIDTH="1000000", HEIGHT="1000000")
    assert huge.status_code == 400
    assert "WIDTH" in _exception(huge)[1]


def test_a_service_that_does_not_ask_for_it_has_no_wms(web: httpx.Client) -> None:
    for address in ("/wms/plain", "/arcgis/services/plain/ImageServer/WMSServer"):
        answer = web.get(address, params={"SERVICE": "WMS", "REQUEST": "GetCapabilities"})
        assert answer.status_code == 404
        code, text = _exception(answer)
        assert code == "OperationNotSupported"
        assert "wms = true" in text


def test_a_service_without_images_has_no_layer(web: httpx.Client) -> None:
    told = web.get("/wms/numbers", params={"REQUEST": "GetCapabilities"})
    assert told.status_code == 200
    assert b"<Layer>" not in told.content
    for request in ("GetMap", "GetFeatureInfo", "GetLegendGraphic"):
        answer = web.get("/wms/numbers", params={**_MAP, "LAYERS": "numbers", "REQUEST": request})
        assert answer.status_code == 400
        assert _exception(answer)[0] == "OperationNotSupported"


_MARKUP = "<script>alert(1)</script>"


@pytest.mark.parametrize("request_name", ["GetMap", "GetFeatureInfo", "GetLegendGraphic", "Get"])
def test_markup_in_any_parameter_stays_text(web: httpx.Client, request_name: str) -> None:
    """A15 of the hostile cases."""
    asked = {**_MAP, "REQUEST": request_name, "QUERY_LAYERS": "hills", "LAYER": "hills"}
    asked |= {"I": "1", "J": "1", "INFO_FORMAT": "text/html"}
    further = ("TIME", "BGCOLOR", "STYLE", "EXCEPTIONS", "SLD", "SLD_BODY", "FEATURE_COUNT")
    arcgis = ("MOSAICRULE", "RENDERINGRULE", "BANDIDS", "INTERPOLATION")
    for name in (*asked, *further, *arcgis, "UPDATESEQUENCE"):
        answer = web.get(SHORT, params={**asked, name: _MARKUP})
        assert answer.status_code in (200, 400), name
        assert b"<script>" not in answer.content, name
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_too_much_work_is_an_exception_that_says_when_to_come_again() -> None:
    scope = {"type": "http", "headers": [], "query_string": b"", "method": "GET"}
    for form in ("XML", "INIMAGE"):
        parameters = Parameters.from_mapping({"EXCEPTIONS": form, "REQUEST": "GetMap"})
        answer = await _failed(Request(scope), parameters, Overloaded(3))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "3"


@pytest.mark.parametrize("name", ["nothing", "demo/none", "a/b/c", "<b>x", "..%2f..%2fetc", ""])
def test_other_names_are_not_found(web: httpx.Client, name: str) -> None:
    answer = web.get(f"/wms/{name}", params={"REQUEST": "GetCapabilities"})
    assert answer.status_code == 404
    assert "not found" in _exception(answer)[1]
    assert b"<b>" not in answer.content


def test_values_at_a_pixel(web: httpx.Client) -> None:
    asked = {**_MAP, "REQUEST": "GetFeatureInfo", "QUERY_LAYERS": "hills", "I": "90", "J": "10"}
    plain = web.get(SHORT, params=asked)
    assert plain.headers["content-type"].startswith("text/plain")
    assert "Value = 110, 120, 130" in plain.text
    asked |= {"FEATURE_COUNT": "5", "STYLES": "High <&>"}
    read = web.get(SHORT, params={**asked, "INFO_FORMAT": "application/json"}).json()
    pixel, raster = read["features"]
    assert pixel["properties"]["Processed"] == "255, 255, 255"
    assert raster["properties"]["OBJECTID"] == 2
    assert raster["properties"]["AcqDate"] == "2020-09-14T12:26:40Z"
    page = web.get(SHORT, params={**asked, "INFO_FORMAT": "text/html"})
    assert "<td>110, 120, 130</td>" in page.text
    gml = ET.fromstring(
        web.get(SHORT, params={**asked, "INFO_FORMAT": "application/vnd.ogc.gml"}).content
    )
    assert "110, 120, 130" in [element.text for element in gml.iter()]
    old = {key: value for key, value in asked.items() if key not in ("I", "J", "CRS")}
    old |= {"VERSION": "1.1.1", "SRS": "EPSG:32633", "X": "90", "Y": "10"}
    assert "110, 120, 130" in web.get(SHORT, params=old).text


def test_points_outside_the_map_and_unknown_forms_are_refused(web: httpx.Client) -> None:
    asked = {**_MAP, "REQUEST": "GetFeatureInfo", "QUERY_LAYERS": "hills", "I": "9", "J": "9"}
    wrong = [
        ({"I": "96"}, "InvalidPoint"),
        ({"J": "-1"}, "InvalidPoint"),
        ({"I": "nine"}, ""),
        ({"J": ""}, "InvalidPoint"),
        ({"INFO_FORMAT": "text/x"}, "InvalidFormat"),
        ({"QUERY_LAYERS": "roads"}, "LayerNotDefined"),
        ({"FEATURE_COUNT": "0"}, ""),
    ]
    for changes, code in wrong:
        answer = web.get(SHORT, params={**asked, **changes})
        assert answer.status_code == 400, changes
        assert _exception(answer)[0] == code, changes


def test_a_legend_is_a_picture(web: httpx.Client) -> None:
    asked = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetLegendGraphic", "LAYER": "hills"}
    legend = _pixels(web.get(SHORT, params=asked))
    assert legend.shape[0] == 60
    # A red swatch on top, text beside it.
    assert (legend[2, 2] == (255, 0, 0, 255)).all()
    assert (legend[:20, 22:, 3] > 0).any()
    small = _pixels(web.get(SHORT, params={**asked, "WIDTH": "20", "HEIGHT": "20"}))
    assert small.shape == (20, 20, 4)
    for changes in ({"WIDTH": "20"}, {"WIDTH": "99999", "HEIGHT": "2"}, {"FORMAT": "image/x"}):
        assert web.get(SHORT, params={**asked, **changes}).status_code == 400
    assert web.get(SHORT, params={**asked, "STYLE": "High <&>"}).status_code == 200
    refused = web.get(SHORT, params={**asked, "STYLE": "nothing"})
    assert _exception(refused)[0] == "StyleNotDefined"


def test_capabilities_are_kept_by_etag_and_sequence(web: httpx.Client) -> None:
    asked = {"SERVICE": "WMS", "REQUEST": "GetCapabilities"}
    answer = web.get(SHORT, params=asked)
    assert answer.headers["content-type"] == "text/xml; charset=UTF-8"
    known = web.get(SHORT, params=asked, headers={"If-None-Match": answer.headers["etag"]})
    assert known.status_code == 304
    root = ET.fromstring(answer.content)
    assert root.get("version") == "1.3.0"
    sequence = root.get("updateSequence", "")
    same = web.get(SHORT, params={**asked, "UPDATESEQUENCE": sequence})
    assert _exception(same)[0] == "CurrentUpdateSequence"
    other = web.get(SHORT, params={**asked, "UPDATESEQUENCE": "<b>"})
    assert _exception(other)[0] == "InvalidUpdateSequence"
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        old = web.get(SHORT, params={**asked, "VERSION": version})
        assert old.headers["content-type"] == "application/vnd.ogc.wms_xml; charset=UTF-8"
        assert b'version="1.1.1"' in old.content


def test_the_address_of_a_service_alone_gives_its_capabilities(web: httpx.Client) -> None:
    full = web.get(SHORT, params={"SERVICE": "WMS", "REQUEST": "GetCapabilities"})
    assert full.status_code == 200
    for address in (SHORT, SHORT + "?SERVICE=WMS"):
        assert web.get(address).content == full.content
