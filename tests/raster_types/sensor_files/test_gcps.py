"""Control points of GDAL, QGIS and orthority; each row GCP-n of CONVENTIONS.md has its test here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import Gcp
from engine.geotransforms.thin_plate_spline import ThinPlateSpline
from raster_types.sensor_files.gcp_table import read_gcp_file
from raster_types.sensor_files.gcps import (
    gcps_of_gdal,
    in_one_piece,
    read_gcp_geojson,
    read_points_file,
    usual_polynomial,
)
from tests.conformance.geotransform_samples import bent_gcps
from tests.engine.geotransforms.gdal_gcps import spline_to_source

if TYPE_CHECKING:
    from pathlib import Path

POINTS = """#CRS: PROJCRS["WGS 84 / UTM zone 33N",BASEGEOGCRS["WGS 84"]]
mapX,mapY,sourceX,sourceY,enable,dX,dY,residual
500010.5,4600020.25,0.5,-0.5,1,0,0,0
500110.5,4600010.25,100,-20.75,1,0.1,0.2,0.3
1,2,3,-4,0,0,0,0
"""
GEOJSON = """{"type": "FeatureCollection", "features": [
  {"type": "Feature", "geometry": {"type": "Point", "coordinates": [24.5, -33.5, 210.0]},
   "properties": {"filename": "a.tif", "ji": [821.25, 62.5], "id": "plinth", "info": "x"}},
  {"type": "Feature", "geometry": {"type": "Point", "coordinates": [24.6, -33.6]},
   "properties": {"filename": "b.tif", "ji": [0, 0]}}]}
"""


@dataclass(frozen=True, slots=True)
class Point:
    """What GDAL gives, with a number missing."""

    col: float | None = 1.0
    row: float | None = 2.0
    x: float | None = 3.0
    y: float | None = 4.0
    z: float | None = None
    id: str | None = None


def gdal_points(path: Path) -> tuple[list[GroundControlPoint], tuple[Gcp, ...]]:
    """The control points of a file, by rasterio and as records."""
    with rasterio.open(path) as dataset:
        points, _ = dataset.gcps
    return points, gcps_of_gdal(points)


def test_gcp_1_gdals_pixel_and_line_have_the_corner_origin_already() -> None:
    point = GroundControlPoint(row=0.5, col=10.25, x=500_000.0, y=4e6, z=12.0, id="roof")
    want = Gcp(col=10.25, row=0.5, x=500_000.0, y=4e6, z=12.0, id="roof")
    assert gcps_of_gdal([point]) == (want,)


def test_gcp_1_a_corner_point_of_a_real_file_is_the_corner(shared_data: Path) -> None:
    _, gcps = gdal_points(shared_data / "07_formats" / "cog_misc" / "cog_gcps.tif")
    assert (gcps[0].col, gcps[0].row) == (0.0, 0.0)
    assert max(p.col for p in gcps) == pytest.approx(1280, abs=1)


def test_gcp_2_tie_points_of_a_pixel_is_point_file_come_moved_by_half_a_pixel(
    shared_data: Path,
) -> None:
    folder = shared_data / "07_formats" / "gtiff_types"
    # The file says pixel (0, 0): the centre of the first one, being "point". GDAL has converted it.
    _, gcps = gdal_points(folder / "byte_gcp_pixelispoint.tif")
    assert [(p.col, p.row) for p in gcps[:2]] == [(0.5, 0.5), (19.5, 0.5)]
    _, gcps = gdal_points(folder / "byte_gcp.tif")
    assert (gcps[0].col, gcps[0].row) == (0.0, 0.0)


def test_gcp_3_qgis_counts_from_the_corner_with_y_upwards() -> None:
    first, second = read_points_file(POINTS)
    assert (first.col, first.row, first.x, first.y) == (0.5, 0.5, 500_010.5, 4_600_020.25)
    assert (second.col, second.row) == (100.0, 20.75)


def test_gcp_4_orthority_counts_pixel_centres_from_0() -> None:
    found = read_gcp_geojson(GEOJSON)
    want = Gcp(col=821.75, row=63.0, x=24.5, y=-33.5, z=210.0, id="plinth")
    assert found == {"a.tif": (want,), "b.tif": (Gcp(col=0.5, row=0.5, x=24.6, y=-33.6),)}


def test_gcp_4_the_surveyed_points_of_quickbird(shared_data: Path) -> None:
    folder = shared_data / "04_rpc_satellite" / "qb2_baviaans"
    ours = read_gcp_geojson((folder / "gcps.geojson").read_text())["qb2_basic1b.tif"]
    # The same points are in the image's tags, written there in orthority's convention against GDAL's.
    _, tagged = gdal_points(folder / "qb2_basic1b.tif")
    assert len(ours) == len(tagged) == 5
    for a, b in zip(ours, tagged, strict=True):
        assert (a.col - b.col, a.row - b.row) == pytest.approx((0.5, 0.5))
        assert (a.x, a.y, a.z) == (b.x, b.y, b.z)


def test_gcp_5_longitudes_over_the_antimeridian_come_in_one_piece() -> None:
    gcps = [Gcp(col=c, row=0.0, x=x, y=0.0) for c, x in ((0.0, 179.5), (1.0, -179.5), (2.0, -178))]
    assert [p.x for p in in_one_piece(gcps)] == [179.5, 180.5, 182.0]
    assert [p.x for p in in_one_piece(gcps[::-1])] == [-178.0, -179.5, -180.5]
    assert in_one_piece([]) == ()


def test_a_real_image_without_geotransform_lies_where_gdal_puts_it(shared_data: Path) -> None:
    points, gcps = gdal_points(shared_data / "07_formats" / "cog_misc" / "cog_gcps.tif")
    random = np.random.default_rng(1)
    cols, rows = random.uniform(0, 1280, 200), random.uniform(0, 837, 200)
    spline = ThinPlateSpline(gcps=gcps).bind()
    x, y = spline.to_output(cols, rows)
    assert np.abs(np.subtract(spline_to_source(gcps, x, y), (cols, rows))).max() < 1e-4
    usual = usual_polynomial(gcps)
    assert usual.order == 2
    with GCPTransformer(points) as transformer:
        gdal_rows, gdal_cols = transformer.rowcol(x, y, op=lambda value: value)
    got = usual.bind().to_source(x, y)
    assert np.abs(np.subtract(got, (gdal_cols, gdal_rows))).max() < 1e-3


@pytest.mark.parametrize("count", [3, 5, 6, 9, 10, 20])
def test_the_usual_polynomial_is_of_gdals_order(count: int) -> None:
    gcps = bent_gcps()
    chosen = tuple(gcps[i] for i in np.random.default_rng(3).permutation(36)[:count])
    points = [GroundControlPoint(row=p.row, col=p.col, x=p.x, y=p.y, z=0.0) for p in chosen]
    x, y = np.array([500_900.0, 501_200.0]), np.array([4_499_300.0, 4_499_000.0])
    with GCPTransformer(points) as transformer:
        rows, cols = transformer.rowcol(x, y, op=lambda value: value)
    got = usual_polynomial(chosen).bind().to_source(x, y)
    assert np.abs(np.subtract(got, (cols, rows))).max() < 1e-3


@pytest.mark.parametrize("field", ["col", "row", "x", "y"])
@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_a_missing_number_of_gdals_is_told_with_its_point(field: str, bad: float | None) -> None:
    with pytest.raises(InvalidParameter, match=r"of GCP 2': expected a finite number"):
        gcps_of_gdal([Point(), Point(**{field: bad})])


def test_old_names_of_columns_are_known_and_crs_and_empty_lines_are_not_points() -> None:
    text = "\nmapX,mapY,pixelX,pixelY,enable\n1,2,3,-4,1\n\n"
    assert read_points_file(text) == (Gcp(col=3.0, row=4.0, x=1.0, y=2.0, id="1"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'no lines'"),
        ("a,b,c\n1,2,3", "a header with mapX, mapY, sourceX, sourceY"),
        ("mapX,mapY,sourceX,sourceY,enable\n1,2,x,4,1", "'sourceX of point 1'"),
        ("mapX,mapY,sourceX,sourceY,enable\n1,2,3,4,1\n1,2", "'sourceX of point 2'"),
        ("mapX,mapY,sourceX,sourceY,enable\nnan,2,3,4,1", "'mapX of point 1'"),
    ],
)
def test_a_points_file_that_is_none_is_told(text: str, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        read_points_file(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"features": [{}]}',
        '{"features": [{"properties": {"ji": [1]}, "geometry": {"coordinates": [1, 2]}}]}',
        '{"features": [{"properties": {"ji": [1, 2]}, "geometry": {"coordinates": [1]}}]}',
        '{"features": [{"properties": {"ji": [1, 1e999]}, "geometry": {"coordinates": [1, 2]}}]}',
    ],
)
def test_a_geojson_that_is_none_is_told(text: str) -> None:
    with pytest.raises(InvalidParameter):
        read_gcp_geojson(text)


def test_gcp_6_tables_count_from_the_corner() -> None:
    (gcp,) = read_gcp_file("col,row,x,y,z\n0.5,0.5,10,20,30\n").points_of("any.tif")
    assert (gcp.col, gcp.row, gcp.x, gcp.y, gcp.z) == (0.5, 0.5, 10, 20, 30)


def test_points_are_found_by_name_in_any_case_then_by_stem() -> None:
    rows = ("A.tif,1,0,0,0", "b.JPG,2,0,0,0", "c,3,0,0,0", "b.tif,4,0,0,0")
    table = read_gcp_file("file,col,row,x,y\n" + "\n".join(rows))
    images = ("a.TIF", "B.jpg", "c.tif", "b.tif", "b.png")
    assert [table.points_of(image)[0].col for image in images] == [1, 2, 3, 4, 2]
    assert not table.has_points_of("d.tif")
