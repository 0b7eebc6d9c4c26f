"""Lengths and areas on the ground, against closed formulas and plane geometry."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest
import shapely

from engine.errors import InvalidParameter
from engine.ground_shape import area_on_ground, length_on_ground, lonlat_of, polygons_of

E2 = 0.00669437999014132
A = 6378137.0
LONLAT, MERCATOR = "EPSG:4326", "EPSG:3857"
UTM33 = "EPSG:32633"


def _zone_m2(south: float, north: float, width_deg: float) -> float:
    """Return the area between two parallels (Snyder 1987, 3-12: authalic q)."""
    e = math.sqrt(E2)

    def q(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return s / (1 - E2 * s * s) + math.atanh(e * s) / e

    return A * A * (1 - E2) / 2 * (q(north) - q(south)) * math.radians(width_deg)


@pytest.mark.parametrize("box", [(10.0, 49.0, 11.0, 50.0), (-70, -33, -68, -32), (0, 69, 5, 70)])
def test_a_box_of_degrees_has_the_area_between_its_parallels(
    box: tuple[float, float, float, float],
) -> None:
    found = area_on_ground(shapely.box(*box), LONLAT, None)
    assert found.area_m2 == pytest.approx(_zone_m2(box[1], box[3], box[2] - box[0]), rel=1e-6)


def test_a_box_on_mercator_is_a_box_of_degrees() -> None:
    to_mercator = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    west, south = to_mercator.transform(10.0, 49.0)
    east, north = to_mercator.transform(11.0, 50.0)
    found = area_on_ground(shapely.box(west, south, east, north), MERCATOR, None)
    assert found.area_m2 == pytest.approx(_zone_m2(49, 50, 1), rel=1e-6)
    parallel = [
        math.radians(1.0)
        * A
        * math.cos(math.radians(lat))
        / math.sqrt(1 - E2 * math.sin(math.radians(lat)) ** 2)
        for lat in (49, 50)
    ]
    meridian = pyproj.Geod(ellps="WGS84").inv(10, 49, 10, 50)[2]
    assert found.perimeter_m == pytest.approx(sum(parallel) + 2 * meridian, rel=1e-7)


def test_a_field_in_utm_has_its_plane_area_over_the_scale_squared() -> None:
    # On the central meridian of a zone a metre of the map is 1 / 0.9996 m of ground.
    field = shapely.Polygon(
        [(500000, 5.5e6), (500000, 5500300), (500200, 5500300), (500200, 5.5e6)]
    )
    found = area_on_ground(field, UTM33, None)
    assert found.area_m2 == pytest.approx(60_000 / 0.9996**2, rel=1e-6)
    assert found.perimeter_m == pytest.approx(1000 / 0.9996, rel=1e-6)


def test_holes_are_taken_off_and_parts_are_added() -> None:
    whole, hole = shapely.box(10, 49, 10.1, 49.1), shapely.box(10.02, 49.02, 10.03, 49.03)
    other = shapely.box(12, 49, 12.1, 49.1)
    ring = area_on_ground(whole - hole, LONLAT, None)
    both = area_on_ground(shapely.union(whole - hole, other), LONLAT, None)
    alone = [area_on_ground(shape, LONLAT, None) for shape in (whole, hole, other)]
    assert ring.area_m2 == pytest.approx(alone[0].area_m2 - alone[1].area_m2)
    assert ring.perimeter_m == pytest.approx(alone[0].perimeter_m + alone[1].perimeter_m)
    assert both.area_m2 == pytest.approx(ring.area_m2 + alone[2].area_m2)
    assert len(list(polygons_of(shapely.union(whole, other)))) == 2


def test_small_shapes_are_those_of_geodesics_between_their_vertices() -> None:
    star = [(8.0, 47.0), (8.004, 47.001), (8.006, 47.005), (8.001, 47.006)]
    area, length = pyproj.Geod(ellps="WGS84").geometry_area_perimeter(shapely.Polygon(star))
    found = area_on_ground(shapely.Polygon(star), LONLAT, None)
    assert found.area_m2 == pytest.approx(abs(area), rel=1e-9)
    assert found.perimeter_m == pytest.approx(length, rel=1e-9)


def test_a_shape_over_the_antimeridian_is_no_larger() -> None:
    there = shapely.box(179.9, 10.0, 180.1, 10.2)
    here = shapely.box(9.9, 10.0, 10.1, 10.2)
    found, same = (area_on_ground(shape, LONLAT, None) for shape in (there, here))
    assert found.area_m2 == pytest.approx(same.area_m2, rel=1e-9)


WORLD_M2 = 510_065_621_724_089
HALF_WORLD_M = 20037508.342789244


def test_boxes_of_the_world_have_its_area() -> None:
    assert area_on_ground(shapely.box(-180, -90, 180, 90), LONLAT, None).area_m2 == pytest.approx(
        WORLD_M2, rel=1e-9
    )
    wide = area_on_ground(shapely.box(-100, 0, 100, 10), LONLAT, None).area_m2
    assert wide == pytest.approx(_zone_m2(0, 10, 200), rel=1e-6)
    half = HALF_WORLD_M - 1e-3
    mercator = area_on_ground(shapely.box(-half, -half, half, half), MERCATOR, None).area_m2
    edge = 85.05112877980659
    assert mercator == pytest.approx(_zone_m2(-edge, edge, 360), rel=1e-5)


def test_a_shape_around_a_pole_has_its_cap() -> None:
    # A circle of latitude 70 on the polar stereographic map.
    to_map = pyproj.Transformer.from_crs(4326, 3413, always_xy=True)
    lon = np.linspace(-180, 180, 720, endpoint=False)
    ring = np.column_stack(to_map.transform(lon, np.full(lon.shape, 70.0)))
    found = area_on_ground(shapely.Polygon(ring), "EPSG:3413", None)
    assert found.area_m2 == pytest.approx(_zone_m2(70, 90, 360), rel=1e-4)


def test_an_area_on_a_slope_is_larger_by_its_steepness() -> None:
    box = shapely.box(500000, 5.5e6, 501000, 5500500)

    def rising_east(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        east, _ = pyproj.Transformer.from_crs(4326, 32633, always_xy=True).transform(lon, lat)
        return (east - 500000) * 0.75

    flat = area_on_ground(box, UTM33, None)
    found = area_on_ground(box, UTM33, None, rising_east)
    assert found.area_m2 == pytest.approx(flat.area_m2 * 1.25, rel=1e-3)
    assert found.perimeter_m == pytest.approx(2 * (500 + 1250) / 0.9996, rel=1e-3)


def test_a_vertex_without_a_height_is_named() -> None:
    with pytest.raises(InvalidParameter, match="height"):
        area_on_ground(
            shapely.box(10, 49, 11, 50), LONLAT, None, lambda lon, _: np.full(lon.shape, math.nan)
        )


def test_how_far_off_an_area_is_follows_from_its_vertices() -> None:
    # Vertices moved by chance: the spread of areas and perimeters is the stated one.
    corners = np.array([(5e5, 5.5e6), (5e5, 5500300), (500200, 5500300), (500200, 5.5e6)])
    found = area_on_ground(shapely.Polygon(corners), UTM33, None)
    rng = np.random.default_rng(7)
    moved = shapely.polygons(corners + rng.normal(0, 1.0, (4000, 4, 2)))
    assert found.area_per_m == pytest.approx(np.std(shapely.area(moved)), rel=0.05)
    assert found.perimeter_per_m == pytest.approx(np.std(shapely.length(moved)), rel=0.05)


def test_lines_are_measured_part_by_part() -> None:
    lines = shapely.MultiLineString([[(10, 49), (10, 50)], [(0, 0), (1, 0), (2, 0)]])
    geod = pyproj.Geod(ellps="WGS84")
    expected = geod.inv(10, 49, 10, 50)[2] + math.radians(2) * A
    assert length_on_ground(lines, LONLAT, None) == pytest.approx(expected, rel=1e-9)
    assert length_on_ground(shapely.Point(1, 1), LONLAT, None) == 0


def test_places_that_are_nowhere_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="Earth"):
        lonlat_of(np.array([0.0, math.inf]), np.array([0.0, 1.0]), LONLAT, None)
    with pytest.raises(InvalidParameter, match="Earth"):
        lonlat_of(np.array([0.0]), np.array([95.0]), LONLAT, None)
