"""Exterior orientations brought onto a map grid."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geometry.projection import operation, transform
from engine.geotransforms.camera_orientation import OmegaPhiKappa, Orientation, RollPitchYaw
from raster_types.sensor_files.frame_placement import place_on_grid
from raster_types.sensor_files.frames import FrameExterior

LEVEL = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=12.0)
DRONE = RollPitchYaw(roll_deg=1.0, pitch_deg=2.0, yaw_deg=30.0)


def exterior(x: float, y: float, crs: str, orientation: Orientation = DRONE) -> FrameExterior:
    return FrameExterior("a.jpg", "", x, y, 120.0, orientation, crs)


def test_a_heading_to_true_north_follows_the_meridian_on_the_grid() -> None:
    lon, lat = 17.5, 61.0
    placed = place_on_grid(exterior(lon, lat, "EPSG:4326"), "EPSG:32633")
    assert isinstance(placed.orientation, RollPitchYaw)
    convergence = placed.orientation.convergence_deg
    orientation = RollPitchYaw(
        roll_deg=0.0, pitch_deg=90.0, yaw_deg=0.0, convergence_deg=convergence
    )
    east, north, _ = orientation.map_to_camera()[2]
    pipeline = operation("EPSG:4326", "EPSG:32633").pipeline
    x, y = transform(pipeline, np.array([lon, lon]), np.array([lat, lat + 1e-3]))
    assert np.arctan2(east, north) == pytest.approx(np.arctan2(*np.diff([x, y])[:, 0]), abs=1e-5)


def test_positions_on_the_grid_stay_and_get_the_same_convergence() -> None:
    placed = place_on_grid(exterior(17.5, 61.0, "EPSG:4326"), "EPSG:32633")
    again = place_on_grid(exterior(placed.x, placed.y, "EPSG:32633"), "EPSG:32633")
    assert (again.x, again.y, again.z_m) == (placed.x, placed.y, 120.0)
    assert isinstance(again.orientation, RollPitchYaw)
    assert isinstance(placed.orientation, RollPitchYaw)
    assert again.orientation.convergence_deg == pytest.approx(
        placed.orientation.convergence_deg, abs=1e-9
    )


def test_angles_of_the_grid_are_left_alone() -> None:
    assert place_on_grid(exterior(15, 50, "EPSG:4326", LEVEL), "EPSG:32633").orientation == LEVEL


@pytest.mark.parametrize(("lon", "lat"), [(15.0, 95.0), (float("nan"), 50.0)])
def test_a_position_without_a_place_on_the_map_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(InvalidParameter, match=r"position of a\.jpg"):
        place_on_grid(exterior(lon, lat, "EPSG:4326"), "EPSG:32633")
