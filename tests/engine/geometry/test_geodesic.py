"""Geodesics against figures that others worked out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.geometry.geodesic import (
    area_between_meridians_m2,
    geodesics,
    point_along,
    ring_area_m2,
)

A, F = 6378137.0, 1 / 298.257223563


def test_a_way_that_was_computed_to_nanometres_elsewhere() -> None:
    # GeodTest, Karney (2010): the first line of its short version, rounded.
    way = geodesics(
        *(np.array([value]) for value in (0.0, 36.530042355041, 5.761270137138, -48.164270779097))
    )
    # 36.53 N to 48.16 S: nearly along a meridian.
    assert way.length_m[0] == pytest.approx(9398502.0434687, abs=5e4)
    assert 170 < way.azimuth_deg[0] < 190


def test_a_quarter_of_the_meridian_and_of_the_equator() -> None:
    zero, end = np.zeros(2), np.array([0.0, 90.0])
    way = geodesics(zero, zero, np.array([0.0, 90.0]), np.array([90.0, 0.0]))
    # The meridian quadrant of WGS 84, and a quarter of its equator.
    assert way.length_m[0] == pytest.approx(10_001_965.729, abs=1e-3)
    assert way.length_m[1] == pytest.approx(math.pi / 2 * A, abs=1e-6)
    assert way.azimuth_deg.tolist() == pytest.approx(end.tolist())


def test_azimuths_go_round_clockwise() -> None:
    to = np.array([[0.0, 0.01], [0.01, 0.0], [0.0, -0.01], [-0.01, 0.0]])
    zero = np.zeros(4)
    way = geodesics(zero, zero, to[:, 0].copy(), to[:, 1].copy())
    assert way.azimuth_deg.tolist() == pytest.approx([0, 90, 180, 270])


def test_a_point_along_a_way_is_found_by_its_way_back() -> None:
    lon, lat = point_along(179.9, 60.0, 80.0, 50_000.0)
    assert lon < -179
    way = geodesics(np.array([179.9]), np.array([60.0]), np.array([lon]), np.array([lat]))
    assert way.length_m[0] == pytest.approx(50_000.0, abs=1e-6)
    assert way.azimuth_deg[0] == pytest.approx(80.0, abs=1e-9)


def test_a_half_of_the_earth_whichever_way_its_edge_turns() -> None:
    lon, lat = np.arange(0.0, 360.0, 30.0), np.zeros(12)
    half = 510_065_621_724_089 / 2
    assert ring_area_m2(lon, lat) == pytest.approx(half, rel=1e-9)
    assert ring_area_m2(lon[::-1].copy(), lat) == pytest.approx(half, rel=1e-9)


def test_a_map_of_the_whole_world_has_the_area_of_the_earth() -> None:
    lon = np.array([-180.0, 180.0, 180.0, -180.0, -180.0])
    lat = np.array([-90.0, -90.0, 90.0, 90.0, -90.0])
    assert area_between_meridians_m2(lon, lat) == pytest.approx(510_065_621_724_089, rel=1e-9)
    # The other way round, and half of it.
    assert area_between_meridians_m2(lon[::-1] / 2, lat[::-1]) == pytest.approx(
        510_065_621_724_089 / 2, rel=1e-9
    )
