"""View angles, nadir, north and up, against geometry that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.camera_orientation import OmegaPhiKappa, RollPitchYaw
from engine.geotransforms.view_angles import (
    image_directions,
    metres_per_unit,
    nadir_of_camera,
    nadir_of_satellite,
    off_nadir_of_zenith,
    view_angles,
)
from tests.engine.geotransforms.cameras import POSITION, aerial_camera, tabulated

LEVEL = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0)


def at(*values: float) -> np.ndarray:
    return np.array(values)


@pytest.mark.parametrize(
    ("east", "north", "azimuth"),
    [(500.0, 0.0, 270.0), (0.0, 400.0, 180.0), (-300.0, -300.0, 45.0), (0.0, -350.0, 0.0)],
)
def test_a_frame_sees_each_place_from_its_own_direction(
    east: float, north: float, azimuth: float
) -> None:
    model = aerial_camera(orientation=LEVEL).bind()
    z = at(100.0)
    col, row = model.ground_to_image(at(POSITION.x + east), at(POSITION.y + north), z)
    angles = view_angles(model, col, row, z)
    want = math.degrees(math.atan2(math.hypot(east, north), POSITION.z_m - 100.0))
    assert angles.zenith_deg[0] == pytest.approx(want, abs=1e-6)
    assert (angles.azimuth_deg[0] - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_nadir_is_not_the_centre_of_an_oblique_image() -> None:
    ahead = RollPitchYaw(roll_deg=0.0, pitch_deg=45.0, yaw_deg=90.0)
    model = aerial_camera(orientation=ahead, distortion=None).bind()
    middle = view_angles(model, at(503.3333333), at(401.9444444), at(0.0))
    assert middle.zenith_deg[0] == pytest.approx(45.0, abs=1e-6)
    assert middle.azimuth_deg[0] == pytest.approx(270.0, abs=1e-6)
    assert nadir_of_camera(model.position, 0.0) == (POSITION.x, POSITION.y, 0.0)


def test_straight_down_there_is_no_azimuth() -> None:
    model = aerial_camera(orientation=LEVEL, distortion=None).bind()
    col, row = model.ground_to_image(at(POSITION.x), at(POSITION.y), at(0.0))
    angles = view_angles(model, col, row, at(0.0))
    assert angles.zenith_deg[0] == pytest.approx(0.0, abs=1e-6)


def test_at_the_upper_end_of_a_model_the_angle_is_taken_downwards() -> None:
    camera = aerial_camera()
    model = tabulated(camera, (0.0, 100.0, 400.0)).bind()
    col, row = at(100.0, 100.0), at(200.0, 200.0)
    got = view_angles(model, col, row, at(0.0, 400.0))
    want = view_angles(camera.bind(), col, row, at(0.0, 399.0))
    assert got.zenith_deg == pytest.approx(want.zenith_deg, abs=0.05)
    assert got.azimuth_deg == pytest.approx(want.azimuth_deg, abs=0.05)


def test_north_and_up_in_an_image_that_is_turned() -> None:
    turned = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=30.0)
    model = aerial_camera(orientation=turned, distortion=None).bind()
    got = image_directions(model, at(POSITION.x), at(POSITION.y + 300.0), at(0.0))
    # The camera turned anticlockwise by 30°: the map in its picture turns clockwise.
    assert got.north_deg[0] == pytest.approx(30.0, abs=1e-6)
    # Above the nadir's north, relief leans away from the nadir: north.
    assert got.up_deg[0] == pytest.approx(30.0, abs=1e-6)


def test_straight_down_nothing_is_up() -> None:
    model = aerial_camera(orientation=LEVEL, distortion=None).bind()
    got = image_directions(model, at(POSITION.x), at(POSITION.y), at(0.0))
    assert np.isnan(got.up_deg[0])
    assert got.north_deg[0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("ground", [1500.0, 2000.0, math.nan])
def test_a_camera_that_is_not_above_the_terrain_is_refused(ground: float) -> None:
    with pytest.raises(InvalidParameter, match="camera"):
        nadir_of_camera(aerial_camera().bind().position, ground)


def test_degrees_are_as_long_as_on_the_ellipsoid() -> None:
    x, y = metres_per_unit("EPSG:4326", at(0.0, 45.0, 60.0))
    assert x == pytest.approx([111_319.491, 78_846.806, 55_800.0], abs=1.0)
    assert y == pytest.approx([110_574.276, 111_131.779, 111_412.273], abs=1.0)
    assert [a.tolist() for a in metres_per_unit("EPSG:32633", at(5e6))] == [[1.0], [1.0]]


def test_a_satellites_own_angle_is_less_than_that_at_the_ground() -> None:
    off = off_nadir_of_zenith(at(0.0, 30.0), 694_000.0)
    assert off == pytest.approx([0.0, 26.8], abs=0.1)


def test_a_satellite_stood_over_the_arc_between_both_angles() -> None:
    lon, lat = nadir_of_satellite((5.0, 0.0), 30.0, 90.0, 694_000.0)
    arc = 30.0 - off_nadir_of_zenith(at(30.0), 694_000.0)[0]
    assert (lon, lat) == pytest.approx((5.0 + arc, 0.0), abs=1e-9)
    lon, lat = nadir_of_satellite((179.0, 60.0), 30.0, 90.0, 694_000.0)
    assert -180.0 < lon < -174.0
    assert nadir_of_satellite((5.0, 44.0), 0.0, math.nan, 694_000.0) == (5.0, 44.0)
