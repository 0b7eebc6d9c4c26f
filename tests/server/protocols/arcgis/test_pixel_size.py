"""pixelSize in its forms."""

from __future__ import annotations

import pytest

from engine.errors import RequestError
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.pixel_size import pixel_size, pixel_size_crs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("{}", None),
        ("5", (5, 5)),
        ("5,6", (5, 6)),
        ("{x:5,y:6,spatialReference:{}}", (5, 6)),
    ],
)
def test_every_form_is_read(text: str, expected: object) -> None:
    assert pixel_size(Parameters([("pixelSize", text)])) == expected


@pytest.mark.parametrize("text", ["0", "-1,1", "1,2,3", "a", "{x:1}", "NaN"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="pixelSize"):
        pixel_size(Parameters([("pixelSize", text)]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("5,6", ""),
        ("{x:5,y:6}", ""),
        ('{"x":5,"y":6,"spatialReference":{"wkid":102100,"latestWkid":3857}}', "EPSG:3857"),
    ],
)
def test_a_size_may_state_its_units(text: str, expected: str) -> None:
    assert pixel_size_crs(Parameters([("pixelSize", text)])) == expected
