"""What servers answer instead of a picture is told in their own words."""

from __future__ import annotations

import pytest

from server.comparison.fetcher import Answer
from server.comparison.refusal import refusal

_WMS_111 = b"""<?xml version='1.0'?>
<!DOCTYPE ServiceExceptionReport SYSTEM "http://schemas.opengis.net/wms/1.1.1/exception_1_1_1.dtd">
<ServiceExceptionReport version="1.1.1"><ServiceException code="LayerNotDefined">
 Invalid layer(s)
 given.</ServiceException></ServiceExceptionReport>"""
_WMS_130 = b"""<ServiceExceptionReport xmlns="http://www.opengis.net/ogc">
<ServiceException>no place</ServiceException></ServiceExceptionReport>"""
_BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x><ServiceException>&a;</ServiceException></x>'


@pytest.mark.parametrize(
    ("status", "kind", "body", "told"),
    [
        (
            200,
            "application/json",
            b'{"error": {"code": 400, "message": "Invalid bbox", "details": ["why"]}}',
            "answered error 400: Invalid bbox why",
        ),
        (200, "application/json", b'{"error": {"code": 499, "message": "Token"}}', "error 499: T"),
        (200, "text/xml", _WMS_111, "a picture: LayerNotDefined: Invalid layer(s) given."),
        (200, "text/xml", _WMS_130, "a picture: no place"),
        (200, "text/xml", _BOMB, "instead of a picture: "),
        (
            502,
            "text/html",
            b"<html><style>b{}</style><h1>Bad\x1b[31m\n gateway</h1></html>",
            "answered 502 (text/html) instead of a picture: Bad[31m gateway",
        ),
        (204, "", b"", "answered 204 (no media type) instead of a picture: nothing more"),
        (200, "application/json", b"{" + b"[" * 90_000, "instead of a picture: {["),
        (200, "image/png", b"\x89PNG\xff\x00", "(image/png) instead"),
    ],
)
def test_the_words_of_the_server_are_told(status: int, kind: str, body: bytes, told: str) -> None:
    text = str(refusal(Answer("http://h/x", status, kind, body, 0.1), "a picture"))
    assert text.startswith("http://h/x: ")
    assert told in text
    assert len(text) < 400
    assert text.isprintable()
