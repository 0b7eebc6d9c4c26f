"""Images with control points only: against GDAL's polynomial, from the file and from tables.

Covers raster_types.gcp_image, raster_types.sensor_files.gcp_table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

from engine.errors import InvalidParameter, UnknownProduct
from engine.extent import Extent
from engine.geotransforms.polynomial import PolynomialFromGcps
from engine.geotransforms.thin_plate_spline import ThinPlateSpline
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from raster_types.sensor_files.gcp_table import read_gcp_file
from tests.raster_types.products import UTM, picture, places, service_of, write_window

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem

WIDTH, HEIGHT = 200, 150


def _place(col: float, row: float) -> tuple[float, float]:
    """About 10 m a pixel, turned and a little bent."""
    u, v = col / 100 - 1, row / 75 - 1
    x = 500_000 + 1000 * u + 200 * v + 40 * u * u
    return x, 5_000_000 + 150 * u - 750 * v + 30 * u * v


def _points() -> list[GroundControlPoint]:
    return [
        GroundControlPoint(row, col, *_place(col, row), id=f"p{col}_{row}")
        for col in (0, 50, 100, 150, 200)
        for row in (0, 50, 100, 150)
    ]


def _image(path: Path, points: list[GroundControlPoint] | None = None) -> Path:
    write_window(path, (0, WIDTH, 0, HEIGHT))
    if points:
        with rasterio.open(path, "r+") as file:
            file.gcps = (points, rasterio.crs.CRS.from_string(UTM))
    return path


def _item(path: Path, **options: object) -> NewItem:
    (item,) = read_product(ProductJob("gcp", (str(path),), ItemOptions(**options)))
    return item


def _record(item: NewItem) -> object:
    assert item.raster.geolocation is not None
    (record,) = item.raster.geolocation.image_side
    return record


@pytest.mark.parametrize("fit", ["", "order3", "spline"])
def test_pixels_are_where_gdal_puts_them(tmp_path: Path, fit: str) -> None:
    path = _image(tmp_path / "scan.tif", _points())
    service = service_of(tmp_path, "gcp", [path], ItemOptions(gcp_fit=fit))
    whole = service.summary.extent
    size = (int(whole.width / 10), int(whole.height / 10))
    box = Extent(whole.xmin, whole.ymax - size[1] * 10, whole.xmin + size[0] * 10, whole.ymax)
    found = picture(service, box, size).reshape(2, -1)
    x, y = (each.ravel() for each in places(box, size))
    with GCPTransformer(_points(), tps=fit == "spline") as gdal:
        row, col = (np.array(each) for each in gdal.rowcol(x, y, op=lambda value: value))
    inside = (col > 0.6) & (col < WIDTH - 0.6) & (row > 0.6) & (row < HEIGHT - 0.6)
    assert inside.sum() > 20_000
    # What GDAL fits to the inverse is of order 2 itself: 0.2 pixels and the grid's tolerance.
    missed = np.abs(found - (np.stack([col, row]) * 100 + 50))[:, inside]
    assert missed.max() < (35 if fit != "spline" else 14)


def test_fields_and_notes_tell_how_well_points_fit(tmp_path: Path) -> None:
    item = _item(_image(tmp_path / "scan.tif", _points()))
    assert isinstance(_record(item), PolynomialFromGcps)
    assert (item.attributes["GcpCount"], item.attributes["GcpFit"]) == (20, "order2")
    assert float(item.attributes["GcpRmsAfter"]) < 0.5
    assert "missed by 0." in item.raster.notes[0]
    assert len(item.raster.notes) == 1
    bad = _points()
    bad[7] = GroundControlPoint(bad[7].row, bad[7].col + 40, bad[7].x, bad[7].y, id="bad")
    for fit, spline in (("", False), ("spline", True)):
        item = _item(_image(tmp_path / "bad.tif", bad), gcp_fit=fit)
        assert isinstance(_record(item), ThinPlateSpline) is spline
        if not spline:
            assert "most 8 by" in item.raster.notes[1]


def test_a_table_counts_before_the_points_of_the_file(tmp_path: Path) -> None:
    path = _image(tmp_path / "scan.tif", _points())
    table = tmp_path / "gcps.csv"
    lines = [f"SCAN,{p.id},{p.col},{p.row},{p.x + 1000},{p.y}" for p in _points()]
    table.write_text("\n".join(["file,id,col,row,x,y", *lines]), encoding="utf-8")
    item = _item(path, gcps=str(table), crs=UTM)
    record = _record(item)
    assert isinstance(record, PolynomialFromGcps)
    assert record.gcps[0].x == pytest.approx(_place(0, 0)[0] + 1000)
    assert item.raster.geolocation is not None
    assert item.raster.geolocation.crs == UTM
    with pytest.raises(UnknownProduct, match="--srs"):
        _item(path, gcps=str(table))
    own = _item(_image(tmp_path / "own.tif", _points()), gcps=str(table))
    assert _record(own).gcps[0].x == pytest.approx(_place(0, 0)[0])
    other = _image(tmp_path / "other.tif")
    with pytest.raises(UnknownProduct, match="points of this image, not of scan"):
        _item(other, gcps=str(table), crs=UTM)


@pytest.mark.parametrize(
    ("count", "fit", "match"),
    [
        (0, "", "control points in the file"),
        (2, "", "at least 3"),
        (20, "shift", "spline for type"),
    ],
)
def test_what_cannot_be_fitted_says_why(tmp_path: Path, count: int, fit: str, match: str) -> None:
    path = _image(tmp_path / "scan.tif", _points()[:count])
    with pytest.raises(UnknownProduct, match=match):
        _item(path, gcp_fit=fit)


def test_files_of_points_are_known_by_what_they_hold() -> None:
    table = read_gcp_file("# mine\nPixel;Line;Lon;Lat;Height\n1.5;2;15;45;200\n3;4;15.1;45;\n")
    assert (table.crs, table.vertical_datum) == ("EPSG:4326", "")
    first, second = table.points_of("any.tif")
    assert (first.col, first.row, first.x, first.y, first.z, first.id) == (1.5, 2, 15, 45, 200, "1")
    assert second.z is None
    points = read_gcp_file("#CRS: EPSG:32633\nmapX,mapY,sourceX,sourceY,enable\n1,2,3,-4,1\n")
    assert points.crs == "EPSG:32633"
    assert [(gcp.col, gcp.row) for gcp in points.points_of("x")] == [(3, 4)]
    feature = (
        '{"features": [{"geometry": {"coordinates": [24, -33, 9]},'
        ' "properties": {"ji": [1, 2], "filename": "A.tif"}}]}'
    )
    json = read_gcp_file(feature)
    assert (json.crs, json.vertical_datum) == ("EPSG:4326", "ellipsoid")
    assert len(json.points_of("/x/a.TIF")) == 1


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "a header"),
        ("a,b\n1,2", "a header with col"),
        ("col,row,x,y", "at least one point"),
        ("col,row,x,y\n1,2,3", "y of point 1"),
        ("col,row,x,y\n1,2,nan,4", "x of point 1"),
        ("{}", "point features"),
    ],
)
def test_a_table_that_is_none_says_what_is_missing(text: str, match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        read_gcp_file(text)


def test_points_of_the_kit_are_fitted_as_gdal_fits_them(shared_data: Path) -> None:
    item = _item(shared_data / "07_formats/cog_misc/cog_gcps.tif")
    assert (item.attributes["GcpCount"], item.attributes["GcpFit"]) == (210, "order2")
    assert float(item.attributes["GcpRmsAfter"]) < 1
    with pytest.raises(UnknownProduct, match="1 different points"):
        _item(shared_data / "07_formats/gtiff_types/byte_gcp.tif")
