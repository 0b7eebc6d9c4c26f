"""Outlines on the map: close to the true curve, cut at the antimeridian, closed at a pole."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from engine.build.placement import CHORD_ERROR_PX, GeoTransform, place
from engine.geometry.projection import inverse, operation

UTM = (500000.0, 10.0, 0.0, 5000000.0, 0.0, -10.0)


def test_in_its_own_crs_a_raster_is_its_box() -> None:
    found = place("EPSG:32633", UTM, (100, 50), "EPSG:32633", None)
    assert found is not None
    assert found.pixel_size == 10
    assert shapely.from_wkb(found.wkb).bounds == (500000, 4999500, 501000, 5000000)
    assert (found.center_x, found.center_y) == (500500, 4999750)


@pytest.mark.parametrize("service", ["EPSG:3857", "EPSG:4326", "EPSG:3035"])
def test_the_chord_is_within_a_quarter_pixel_of_the_curve(service: str) -> None:
    size = (8000, 8000)
    found = place("EPSG:32633", UTM, size, service, None)
    assert found is not None
    ring = shapely.get_coordinates(shapely.get_parts(shapely.from_wkb(found.wkb))[0].exterior)
    pipeline = operation("EPSG:32633", service).pipeline
    dense = shapely.get_coordinates(
        shapely.segmentize(shapely.LineString(ring), np.hypot(*np.ptp(ring, axis=0)) / 4000)
    )
    x, y = inverse(pipeline, dense[:, 0].copy(), dense[:, 1].copy())
    cols, rows = (x - UTM[0]) / 10, (UTM[3] - y) / 10
    off = np.minimum.reduce([abs(cols), abs(cols - size[0]), abs(rows), abs(rows - size[1])])
    assert off.max() < CHORD_ERROR_PX + 0.02


def test_a_raster_across_the_antimeridian_is_cut_in_two() -> None:
    place_ = (700000.0, 10.0, 0.0, 5000000.0, 0.0, -10.0)
    for service, half in (("EPSG:4326", 180.0), ("EPSG:3857", 20037508.342789244)):
        found = place("EPSG:32660", place_, (20000, 10000), service, None)
        assert found is not None
        parts = shapely.get_parts(shapely.from_wkb(found.wkb))
        assert len(parts) == 2
        assert {round(float(v), 3) for part in parts for v in part.bounds[::2]} >= {
            round(half, 3),
            round(-half, 3),
        }
        assert all(part.bounds[2] - part.bounds[0] < half / 10 for part in parts)


@pytest.mark.parametrize(
    ("geotransform", "size"),
    [
        ((-180.0, 0.1, 0.0, 90.0, 0.0, -0.1), (3600, 1800)),
        ((0.0, 0.1, 0.0, 90.0, 0.0, -0.1), (3600, 1800)),
    ],
)
def test_the_whole_world_keeps_its_edges(geotransform: GeoTransform, size: tuple[int, int]) -> None:
    flat = place("EPSG:4326", geotransform, size, "EPSG:4326", None)
    assert flat is not None
    assert shapely.from_wkb(flat.wkb).bounds == pytest.approx((-180, -90, 180, 90))
    mercator = place("EPSG:4326", geotransform, size, "EPSG:3857", None)
    assert mercator is not None
    half = 20037508.342789244
    assert shapely.from_wkb(mercator.wkb).bounds == pytest.approx((-half, -half, half, half))


def test_a_raster_round_the_pole_is_closed_at_it() -> None:
    polar = (-2000000.0, 1000.0, 0.0, 2000000.0, 0.0, -1000.0)
    found = place("EPSG:3413", polar, (4000, 4000), "EPSG:4326", None)
    assert found is not None
    shape = shapely.from_wkb(found.wkb)
    for lon in (-179, -90, 0, 90, 179):
        assert shapely.contains(shape, shapely.Point(lon, 85))
        assert not shapely.contains(shape, shapely.Point(lon, 60))


def test_finite_nonsense_of_a_projection_has_no_place() -> None:
    nonsense = (0.0, -1.0, 0.0, 1e8, 0.0, -10.0)
    assert place("EPSG:32633", nonsense, (100, 100), "EPSG:3857", None) is None


def test_an_outline_in_pixels_is_carried_over() -> None:
    triangle = np.array([[0, 0], [100, 0], [0, 100], [0, 0]], np.float64)
    found = place("EPSG:32633", UTM, (100, 100), "EPSG:32633", [triangle])
    assert found is not None
    assert shapely.from_wkb(found.wkb).area == pytest.approx(1000 * 1000 / 2)
