"""Esri's cameras tables."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.camera_interior import InteriorMillimetres
from raster_types.sensor_files.camera_table import read_camera_table

HEAD = "OBJECTID,CameraID,FocalLength,PrincipalX,PrincipalY,PixelSize,NColumns,NRows"


def test_micrometres_become_millimetres() -> None:
    text = f"{HEAD}\n1,UltraCam,100500,-12,7.5,6,11310,17310\n2,other,50000,,,4,1000,800\n"
    cameras = read_camera_table(text)
    ultra = cameras["UltraCam"].interior
    assert isinstance(ultra, InteriorMillimetres)
    got = (
        ultra.focal_length_mm,
        ultra.principal_point_x_mm,
        ultra.principal_point_y_mm,
        ultra.pixel_size_x_mm,
    )
    assert got == pytest.approx((100.5, -0.012, 0.0075, 0.006))
    assert (ultra.columns, ultra.rows) == (11310, 17310)
    other = cameras["other"].interior
    assert isinstance(other, InteriorMillimetres)
    assert other.principal_point_x_mm == 0.0


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "at least one row"),
        (HEAD, "at least one row"),
        (f"{HEAD}\n1,c,,0,0,6,100,100\n", "focallength of c"),
        (f"{HEAD}\n1,c,100000,0,0,,100,100\n", "pixelsize of c"),
        (f"{HEAD}\n1,c,100000,0,0,6,many,100\n", "ncolumns of c"),
        (f"{HEAD},A0\n1,c,100000,0,0,6,100,100,-300\n", "a0 of c"),
        (f"{HEAD},K1\n1,c,100000,0,0,6,100,100,1e-9\n", "k1 of c"),
        (f"{HEAD},FilmCoordinateSystem\n1,c,100000,0,0,6,100,100,2\n", "FilmCoordinateSystem of c"),
    ],
)
def test_what_is_missing_or_not_read_is_named(text: str, match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        read_camera_table(text)
