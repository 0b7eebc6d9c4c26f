"""Formats and backgrounds of maps, and exceptions in their place; server.protocols.wms.exceptions too."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from engine.errors import InvalidParameter, RequestError, ServiceNotFound, UnsupportedFormat
from engine.format_names import FORMAT_NAMES
from engine.request_parts import Encoding
from server.protocols.arcgis.parameters import Parameters
from server.protocols.wms.exception_picture import canvas_of, picture
from server.protocols.wms.exceptions import (
    ServiceException,
    exception_form,
    json_exception,
    xml_exception,
)
from server.protocols.wms.map_formats import MAP_FORMATS, map_encoding
from server.protocols.wms.refusal import WmsNotOffered, WmsRefusal, code_of

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

_ENCODINGS = [
    ({"FORMAT": "image/png"}, ("png", 0xFFFFFF)),
    ({"FORMAT": "IMAGE/PNG", "TRANSPARENT": "true"}, ("png", None)),
    ({"FORMAT": "png", "TRANSPARENT": "TRUE"}, ("png", None)),
    ({"FORMAT": "image/png; mode=8bit"}, ("png8", 0xFFFFFF)),
    ({"FORMAT": "image/png;mode=24bit", "BGCOLOR": "#102030"}, ("png24", 0x102030)),
    ({"FORMAT": "image/jpeg"}, ("jpg", None)),
    ({"FORMAT": "image/jpeg", "TRANSPARENT": "TRUE", "BGCOLOR": "0x000000"}, ("jpg", 0)),
    ({"FORMAT": "image/geotiff"}, ("tiff", None)),
    ({"FORMAT": "image/vnd.jpeg-png"}, ("jpgpng", 0xFFFFFF)),
    ({"FORMAT": "image/gif", "BGCOLOR": "ff0000"}, ("gif", 0xFF0000)),
]


@pytest.mark.parametrize(("given", "expected"), _ENCODINGS)
def test_a_map_is_written_as_asked(
    mosaic: ServiceSummary, given: dict[str, str], expected: tuple[str, int | None]
) -> None:
    name, background = expected
    encoding = map_encoding(Parameters.from_mapping(given), mosaic)
    assert encoding == Encoding(format=name, quality=75, background=background)


def test_every_format_that_is_listed_is_one_of_the_engine() -> None:
    assert set(MAP_FORMATS.values()) <= set(FORMAT_NAMES)


_FORMS = [
    *(("", "xml"), ("XML", "xml"), ("application/vnd.ogc.se_xml", "xml"), ("JSON", "json")),
    *(
        ("application/json", "json"),
        ("INIMAGE", "inimage"),
        ("application/vnd.ogc.se_blank", "blank"),
    ),
]


def test_forms_of_exceptions_of_both_versions_are_known() -> None:
    for text, form in _FORMS:
        assert exception_form(Parameters.from_mapping({"EXCEPTIONS": text})) == form
    with pytest.raises(WmsRefusal):
        exception_form(Parameters.from_mapping({"EXCEPTIONS": "PARTIALMAP"}))


def test_codes_are_those_of_the_version() -> None:
    assert code_of(WmsRefusal("InvalidCRS", "CRS", "x", "y"), "1.1.1") == "InvalidSRS"
    assert code_of(WmsRefusal("InvalidCRS", "CRS", "x", "y"), "1.3.0") == "InvalidCRS"
    assert code_of(InvalidParameter("crs", "x", "y"), "1.3.0") == "InvalidCRS"
    assert code_of(UnsupportedFormat("x", "y"), "1.3.0") == "InvalidFormat"
    assert code_of(WmsNotOffered("x"), "1.3.0") == "OperationNotSupported"
    assert code_of(ServiceNotFound("x"), "1.3.0") == ""


def test_exceptions_are_escaped() -> None:
    said = ServiceException("StyleNotDefined", "<script>&\x00")
    for version in ("1.1.1", "1.3.0"):
        _, body = xml_exception(said, version)
        assert b"&lt;script&gt;&amp;<" in body
        assert b'code="StyleNotDefined"' in body
    assert b"code=" not in xml_exception(ServiceException("", "x"), "1.3.0")[1]
    assert b"noApplicableCode" in json_exception(ServiceException("", "x"), "1.3.0")[1]


def test_a_picture_in_place_of_a_map_is_as_large_and_of_its_format() -> None:
    for format_name, kind in (("image/jpeg", "JPEG"), ("image/webp", "WEBP"), ("nonsense", "PNG")):
        given = {"WIDTH": "40", "HEIGHT": "30", "FORMAT": format_name, "BGCOLOR": "0x000000"}
        canvas = canvas_of(Parameters.from_mapping(given))
        assert canvas is not None
        media_type, body = picture(canvas, "What is wrong, in more words than there is room for")
        image = Image.open(io.BytesIO(body))
        assert (image.size, image.format) == ((40, 30), kind)
        assert media_type == f"image/{kind.lower()}"
    wrong = canvas_of(Parameters.from_mapping({"WIDTH": "-5", "HEIGHT": "many"}))
    assert wrong is not None
    assert (wrong.width, wrong.height) == (256, 256)
    assert canvas_of(Parameters.from_mapping({"WIDTH": "2049", "HEIGHT": "2048"})) is None


@pytest.mark.parametrize("given", [{"FORMAT": "x"}, {"FORMAT": "png", "BGCOLOR": "12"}])
def test_what_cannot_be_written_is_refused(mosaic: ServiceSummary, given: dict[str, str]) -> None:
    with pytest.raises(RequestError):
        map_encoding(Parameters.from_mapping(given), mosaic)
