"""Pixels inside of polygons: against GDAL's rasterizer, and point by point where the CRSs differ."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from rasterio import Affine
from rasterio.features import geometry_mask

from engine.extent import Extent
from engine.geometry.inside import pixels_inside
from engine.target_grid import TargetGrid, grid_of_extent

HALF = 20037508.342789244


def _star(x: float, y: float, size: float, points: int = 9) -> shapely.Polygon:
    angles = np.linspace(0, 2 * np.pi, 2 * points, endpoint=False)
    radii = np.where(np.arange(2 * points) % 2 == 0, size, size * 0.4)
    star = shapely.Polygon(
        np.column_stack([x + radii * np.cos(angles + 0.1), y + radii * np.sin(angles + 0.1)])
    )
    return star.difference(shapely.box(x - size / 9, y - size / 9, x + size / 9, y + size / 9))


def _grid(crs: str, box: Extent, width: int = 300, height: int = 220) -> TargetGrid:
    return grid_of_extent(crs, box, width, height, None)


def _point_by_point(grid: TargetGrid, shape: shapely.Geometry, crs: str) -> np.ndarray:
    to_shape = Transformer.from_crs(grid.lattice.crs, crs, always_xy=True)
    left, step_x, _, top, _, step_y = grid.geotransform
    cols, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x, y = left + cols * step_x, top + rows * step_y
    return np.asarray(shapely.intersects(shape, shapely.points(*to_shape.transform(x, y))))


def test_in_one_crs_it_is_what_gdal_rasterizes() -> None:
    grid = _grid("EPSG:32633", Extent(500_000, 5_000_000, 503_000, 5_002_200))
    shape = _star(501_600.3, 5_001_000.7, 1400)
    wanted = geometry_mask(
        [shape], (grid.height, grid.width), Affine.from_gdal(*grid.geotransform), invert=True
    )
    got = pixels_inside(grid, shape, "EPSG:32633")
    np.testing.assert_array_equal(got, wanted)
    assert 0.1 < got.mean() < 0.9


@pytest.mark.parametrize(
    ("view", "crs", "middle", "size"),
    [
        (("EPSG:3857", Extent(1_100_000, 6_000_000, 1_130_000, 6_022_000)), "EPSG:4326", None, 0.1),
        (
            ("EPSG:3857", Extent(1_100_000, 6_000_000, 1_130_000, 6_022_000)),
            "EPSG:25832",
            None,
            9e3,
        ),
        (("EPSG:32633", Extent(300_000, 4e6, 900_000, 4.4e6)), "EPSG:4326", None, 2.0),
        (("EPSG:4326", Extent(-20, 40, 40, 80)), "EPSG:3035", None, 1.5e6),
        (("EPSG:3413", Extent(-3e6, -3e6, 3e6, 3e6)), "EPSG:4326", (20.0, 78.0), 11.0),
    ],
)
def test_in_another_crs_each_centre_is_tested_in_that_of_the_polygon(
    view: tuple[str, Extent], crs: str, middle: tuple[float, float] | None, size: float
) -> None:
    grid = _grid(*view)
    if middle is None:
        to_shape = Transformer.from_crs(grid.lattice.crs, crs, always_xy=True)
        middle = to_shape.transform(grid.extent.center_x, grid.extent.center_y)
    shape = _star(*middle, size)
    shapely.prepare(shape)
    got = pixels_inside(grid, shape, crs)
    np.testing.assert_array_equal(got, _point_by_point(grid, shape, crs))
    assert got.any()
    assert not got.all()


def test_a_cap_around_the_pole_holds_the_pole() -> None:
    grid = _grid("EPSG:3413", Extent(-1e6, -1e6, 1e6, 1e6), 200, 200)
    got = pixels_inside(grid, shapely.box(-180, 89.9, 180, 90), "EPSG:4326")
    assert got[99:101, 99:101].all()
    assert got.sum() == _point_by_point(grid, shapely.box(-180, 89.9, 180, 90), "EPSG:4326").sum()


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
@pytest.mark.parametrize("turn", [-1, 0, 1])
def test_shapes_and_views_may_reach_beyond_the_ends_of_the_world(crs: str, turn: int) -> None:
    unit = 1.0 if crs == "EPSG:4326" else HALF / 180
    shape = shapely.box((170 + 360 * turn) * unit, -10 * unit, (190 + 360 * turn) * unit, 10 * unit)
    for west in (160.0, -200.0):
        box = Extent(west * HALF / 180, -2e6, (west + 40) * HALF / 180, 2e6)
        got = pixels_inside(_grid("EPSG:3857", box, 400, 100), shape, crs)
        assert got[50, 101:299].all()
        assert not got[50, :99].any()
        assert not got[50, 301:].any()


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "EPSG:32633"])
def test_however_a_view_is_cut_its_pixels_are_the_same(crs: str) -> None:
    grid = _grid("EPSG:3857", Extent(1_670_000, 5_000_000, 1_680_000, 5_007_000), 500, 350)
    to_shape = Transformer.from_crs("EPSG:3857", crs, always_xy=True)
    shape = shapely.transform(
        _star(1_675_000, 5_003_500, 3000), to_shape.transform, interleaved=False
    )
    whole = pixels_inside(grid, shape, crs)
    part = TargetGrid(grid.lattice, grid.col + 137, grid.row + 61, 190, 203)
    np.testing.assert_array_equal(
        pixels_inside(part, shape, crs), whole[61 : 61 + 203, 137 : 137 + 190]
    )
    assert whole.any()


def test_nothing_is_inside_of_nothing_and_a_centre_on_the_edge_is_inside() -> None:
    grid = _grid("EPSG:32633", Extent(500_000, 5_000_000, 500_010, 5_000_010), 10, 10)
    assert not pixels_inside(grid, shapely.Polygon(), "EPSG:32633").any()
    edge = shapely.box(500_002.5, 5_000_002.5, 500_004.5, 5_000_004.5)
    got = pixels_inside(grid, edge, "EPSG:32633")
    assert got.sum() == 9
