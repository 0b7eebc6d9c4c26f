"""The object of the ics resource, and what clients make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from server.protocols.arcgis.image_coordinate_system import ics_of, ics_to_pixel
from server.protocols.arcgis.spatial_reference import parse_crs

if TYPE_CHECKING:
    from engine.summary import ServiceSummary


def test_the_object_comes_back_as_the_raster_it_is_of(mosaic: ServiceSummary) -> None:
    ics = ics_of(7, "demo/hills", mosaic)
    assert parse_crs("imageSR", msgspec.json.encode({"ics": ics}).decode()) == "ICS:7"
    # As it comes from a client that drops what it does not know.
    del ics["id"]
    assert parse_crs("imageSR", msgspec.json.encode({"ics": ics}).decode()) == "ICS:7"
    assert "geodataXform" in ics


def test_columns_are_x_and_rows_are_minus_y() -> None:
    a, b, c, d, e, f = ics_to_pixel()["affine"]["coefficients"]
    x, y = 12.0, -34.0
    assert (a * x + b * y + c, d * x + e * y + f) == (12.0, 34.0)
