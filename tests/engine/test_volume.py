"""Volumes of surfaces whose volumes are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import shapely
from rasterio import Affine

from engine import volume as module
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.errors import InvalidParameter
from engine.measure_requests import VolumeRequest
from engine.volume import Edge, Surface, bilinear, volume_above
from tests.engine.height_services import height_service
from tests.engine.rasters import single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.measurements import Volume
    from engine.service import ImageService

SIDE, PIXEL = 300, 2.0
LEFT, TOP = 499_700.0, 5_300_300.0
CENTRE = (LEFT + SIDE * PIXEL / 2, TOP - SIDE * PIXEL / 2)
RADIUS, HEIGHT = 200.0, 50.0
# On the central meridian of a zone a metre of the map is 1 / 0.9996 m of ground.
GROUND = 1 / 0.9996**2


@pytest.fixture(scope="module")
def cone(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """A cone of 50 m on a plain at 100 m."""
    place = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
    cols, rows = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    away = np.hypot(cols - SIDE / 2, rows - SIDE / 2) * PIXEL
    z = 100 + HEIGHT * np.maximum(0, 1 - away / RADIUS)
    return height_service(tmp_path_factory.mktemp("cone"), z, "EPSG:32632", place)


def _volume(service: ImageService, *shapes: Any, crs: str = "", **changes: Any) -> list[Volume]:
    areas = tuple((bytes(shapely.to_wkb(shape)), crs) for shape in shapes)
    record = answer(service, VolumeRequest(areas=areas, **changes), UNLIMITED).record
    return list(record.volumes)  # type: ignore[attr-defined]  # -- a VolumesResult


def _disc(radius: float) -> shapely.Polygon:
    return shapely.Point(CENTRE).buffer(radius, quad_segs=64)


@pytest.mark.parametrize("base", ["constant", "plane", "lowest", "highest", "average"])
def test_a_cone_holds_a_third_of_its_cylinder(cone: ImageService, base: str) -> None:
    (found,) = _volume(cone, _disc(RADIUS + 20), base=base, constant_z=100.0)
    assert found.cut_m3 == pytest.approx(math.pi * RADIUS**2 * HEIGHT / 3 * GROUND, rel=1e-3)
    assert found.fill_m3 == pytest.approx(0, abs=1e-3)
    assert found.area_m2 == pytest.approx(math.pi * (RADIUS + 20) ** 2 * GROUND, rel=1e-3)
    assert (found.min_z, found.max_z, found.mean_z) == pytest.approx((100, 100, 100))
    assert found.fill_cells == 0
    assert found.cut_cells == pytest.approx(math.pi * RADIUS**2 / PIXEL**2, rel=2e-3)


@pytest.mark.parametrize("base", ["plane", "lowest", "highest", "average"])
def test_a_heap_cut_off_on_its_slope_stands_on_the_height_of_its_edge(
    cone: ImageService, base: str
) -> None:
    # At half its radius the cone is 25 m high: above is a cone of an eighth of its volume.
    (found,) = _volume(cone, _disc(RADIUS / 2), base=base)
    assert found.mean_z == pytest.approx(125, abs=0.05)
    assert found.max_z - found.min_z < 0.15
    assert found.cut_m3 == pytest.approx(math.pi * RADIUS**2 * HEIGHT / 24 * GROUND, rel=0.01)


def test_below_a_base_is_filled_and_negative(cone: ImageService) -> None:
    (found,) = _volume(cone, _disc(RADIUS), base="constant", constant_z=160.0)
    full = math.pi * RADIUS**2 * GROUND
    assert found.cut_m3 == 0
    assert found.fill_m3 == pytest.approx(-full * (60 - HEIGHT / 3), rel=1e-3)
    assert found.cut_cells == 0
    (both,) = _volume(cone, _disc(RADIUS), base="constant", constant_z=125.0)
    # Above 25 m: a cone of half the size; below: the rest.
    assert both.cut_m3 == pytest.approx(full * HEIGHT / 24, rel=2e-3)
    assert both.cut_m3 + both.fill_m3 == pytest.approx(full * (HEIGHT / 3 - 25), rel=2e-3)


def test_a_tilted_plane_has_no_volume_above_its_best_plane(tmp_path: Path) -> None:
    cols, rows = np.meshgrid(np.arange(120.0), np.arange(100.0))
    place = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
    service = height_service(tmp_path, 50 + 0.3 * cols - 0.1 * rows, "EPSG:32632", place)
    box = shapely.box(LEFT + 30, TOP - 150, LEFT + 190, TOP - 20)
    (found,) = _volume(service, box)
    assert found.cut_m3 == pytest.approx(0, abs=0.05)
    assert found.fill_m3 == pytest.approx(0, abs=0.05)
    assert found.min_z < 50 < found.max_z
    (level,) = _volume(service, box, base="average")
    assert level.cut_m3 == pytest.approx(-level.fill_m3, rel=1e-3)
    assert level.cut_m3 > 1000


def test_the_best_plane_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(3)
    edge = Edge(rng.uniform(0, 40, 60), rng.uniform(0, 30, 60), rng.normal(70, 5, 60))
    z = rng.normal(70, 9, (30, 40))
    surface = Surface(z, np.full(z.shape, 4.0), np.ones(z.shape, np.bool_))
    found = volume_above(surface, edge, "plane", 0.0)
    sides = np.column_stack([edge.col_pos, edge.row_pos, np.ones(60)])
    fit = np.linalg.lstsq(sides, edge.z, rcond=None)[0]
    cols, rows = np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5)
    over = z - (fit[0] * cols + fit[1] * rows + fit[2])
    assert found.cut_m3 == pytest.approx(4 * over[over > 0].sum())
    assert found.fill_m3 == pytest.approx(4 * over[over < 0].sum())
    assert (found.cut_cells, found.fill_cells) == ((over > 0).sum(), (over < 0).sum())
    assert (found.min_z, found.max_z) == (edge.z.min(), edge.z.max())


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_cubic_metres_are_those_of_the_ground_in_any_crs(tmp_path: Path, crs: str) -> None:
    # A block of 10 m on all of a box: its volume is ten times the area of the box on the ellipsoid.
    step = 0.0005 if crs == "EPSG:4326" else 50.0
    west, north = (20.0, 59.0) if crs == "EPSG:4326" else (2_000_000.0, 8_000_000.0)
    place = Affine(step, 0, west, 0, -step, north)
    service = height_service(tmp_path, np.full((200, 300), 110.0), crs, place)
    box = shapely.box(west, north - 200 * step, west + 300 * step, north)
    (found,) = _volume(service, box, base="constant", constant_z=100.0)
    assert found.cut_cells == 60_000
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform
    on_earth = shapely.transform(shapely.segmentize(box, step), to_degrees, interleaved=False)
    area, _ = pyproj.Geod(ellps="WGS84").geometry_area_perimeter(on_earth)
    assert found.area_m2 == pytest.approx(abs(area), rel=1e-6)
    assert found.cut_m3 == pytest.approx(10 * abs(area), rel=1e-6)


def test_surfaces_are_gone_through_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    z = rng.normal(0, 1, (70, 50))
    edge = Edge(rng.uniform(0, 50, 9), rng.uniform(0, 70, 9), rng.normal(0, 1, 9))
    surface = Surface(z, rng.uniform(1, 2, z.shape), rng.random(z.shape) > 0.4)
    whole = volume_above(surface, edge, "plane", 0.0)
    monkeypatch.setattr(module, "_BAND_ROWS", 8)
    parts = volume_above(surface, edge, "plane", 0.0)
    assert (parts.cut_cells, parts.fill_cells) == (whole.cut_cells, whole.fill_cells)
    assert parts.cut_m3 == pytest.approx(whole.cut_m3)
    assert parts.fill_m3 == pytest.approx(whole.fill_m3)
    assert parts.area_m2 == pytest.approx(surface.cell_m2[surface.inside].sum())


def test_areas_in_other_systems_are_those_on_the_map(cone: ImageService) -> None:
    to_degrees = pyproj.Transformer.from_crs(32632, 4326, always_xy=True)
    disc = shapely.transform(_disc(RADIUS), to_degrees.transform, interleaved=False)
    (found,) = _volume(cone, disc, crs="EPSG:4326", base="constant", constant_z=100.0)
    (same,) = _volume(cone, _disc(RADIUS), base="constant", constant_z=100.0)
    assert found.cut_m3 == pytest.approx(same.cut_m3, rel=1e-3)


def test_each_area_has_its_own_volume_and_holes_hold_none(cone: ImageService) -> None:
    ring = _disc(RADIUS) - _disc(RADIUS / 2)
    outer, inner, left = _volume(
        cone, _disc(RADIUS), _disc(RADIUS / 2), ring, base="constant", constant_z=100.0
    )
    assert left.cut_m3 == pytest.approx(outer.cut_m3 - inner.cut_m3, rel=1e-9)
    assert left.cut_cells == outer.cut_cells - inner.cut_cells


def test_pixel_centres_decide(cone: ImageService) -> None:
    x, y = LEFT + 40.0, TOP - 40.0
    inside = shapely.box(x + 0.9, y + 0.9, x + 5.1, y + 3.1)
    (found,) = _volume(cone, inside, base="constant", constant_z=0.0)
    assert found.cut_cells == 3 * 2
    assert found.area_m2 == pytest.approx(3 * 2 * PIXEL**2 * GROUND, rel=1e-4)


def test_larger_pixels_see_less_but_about_the_same(cone: ImageService) -> None:
    disc = _disc(RADIUS)
    (fine,) = _volume(cone, disc, base="constant", constant_z=100.0)
    (coarse,) = _volume(cone, disc, base="constant", constant_z=100.0, pixel_size=(10.0, 10.0))
    assert coarse.cut_cells == pytest.approx(fine.cut_cells / 25, rel=0.05)
    assert coarse.cut_m3 == pytest.approx(fine.cut_m3, rel=0.01)


def test_a_pixel_size_may_have_units_of_its_own(cone: ImageService) -> None:
    to_degrees = pyproj.Transformer.from_crs(32632, 4326, always_xy=True)
    disc = shapely.transform(_disc(RADIUS), to_degrees.transform, interleaved=False)
    asked = {"base": "constant", "constant_z": 100.0, "crs": "EPSG:4326"}
    (found,) = _volume(cone, disc, pixel_size=(10.0, 10.0), pixel_size_crs="EPSG:32632", **asked)
    assert found.cut_cells == pytest.approx(math.pi * (RADIUS / 10) ** 2, rel=0.05)
    with pytest.raises(InvalidParameter, match="pixelSize"):
        _volume(cone, disc, pixel_size=(10.0, 10.0), pixel_size_crs="EPSG:4978", **asked)


def test_areas_of_very_many_pixels_are_looked_at_in_larger_ones(
    cone: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    disc = _disc(RADIUS)
    (fine,) = _volume(cone, disc, base="constant", constant_z=100.0)
    monkeypatch.setattr(module, "_MOST_PX", 2500)
    (coarse,) = _volume(cone, disc, base="constant", constant_z=100.0)
    assert coarse.cut_cells < fine.cut_cells / 10
    assert coarse.cut_m3 == pytest.approx(fine.cut_m3, rel=0.02)


def test_voids_hold_nothing_and_edges_go_round_them(tmp_path: Path) -> None:
    z = np.full((100, 100), 20.0)
    z[40:60, 40:60] = -9999.0
    z[:, :5] = -9999.0
    place = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
    service = height_service(tmp_path, z, "EPSG:32632", place, nodata=-9999.0)
    box = shapely.box(LEFT - 50, TOP - 180, LEFT + 180, TOP - 20)
    (found,) = _volume(service, box, base="constant", constant_z=10.0)
    # Rows 10 to 90, columns 5 to 90, without the void.
    assert found.cut_cells == 80 * 85 - 400
    assert (found.min_z, found.max_z) == (20, 20)
    hole = shapely.box(LEFT + 85, TOP - 115, LEFT + 115, TOP - 85)
    (nothing,) = _volume(service, hole, base="plane")
    assert (nothing.cut_m3, nothing.fill_m3, nothing.area_m2) == (0, 0, 0)
    assert math.isnan(nothing.mean_z)
    far = shapely.box(LEFT + 1e5, TOP, LEFT + 2e5, TOP + 1e5)
    assert math.isnan(_volume(service, far)[0].min_z)


def test_an_edge_without_heights_gives_no_base(tmp_path: Path) -> None:
    z = np.full((100, 100), -9999.0)
    z[45:55, 45:55] = 5.0
    place = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
    service = height_service(tmp_path, z, "EPSG:32632", place, nodata=-9999.0)
    box = shapely.box(LEFT + 40, TOP - 160, LEFT + 160, TOP - 40)
    with pytest.raises(InvalidParameter, match="edge"):
        _volume(service, box, base="lowest")
    (found,) = _volume(service, box, base="constant")
    assert found.cut_m3 == pytest.approx(100 * 4 * 5 * GROUND, rel=1e-4)


def test_lines_and_points_hold_no_volumes(cone: ImageService) -> None:
    for shape in (shapely.Point(CENTRE), shapely.LineString([CENTRE, (LEFT, TOP)])):
        with pytest.raises(InvalidParameter, match="areas"):
            _volume(cone, shape)


def test_other_services_hold_no_volumes(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.ones((3, 20, 20), np.uint8))
    with pytest.raises(InvalidParameter, match="heights"):
        _volume(single_service(path), shapely.box(0, 0, 1, 1))


def test_heights_between_pixels_are_bilinear_and_end_at_the_outer_centres() -> None:
    z = np.array([[0.0, 10.0], [20.0, 30.0]])
    col = np.array([0.5, 1.0, 1.5, 1.0, 0.4, 1.6, 1.0])
    row = np.array([0.5, 0.5, 1.5, 1.0, 1.0, 1.0, 1.6])
    found = bilinear(z, col, row)
    assert found[:4].tolist() == [0, 5, 30, 15]
    assert np.isnan(found[4:]).all()
