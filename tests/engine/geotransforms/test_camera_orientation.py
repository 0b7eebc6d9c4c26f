"""Exterior orientations: three ways of stating a rotation agree, and look where they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.camera_orientation import OmegaPhiKappa, RollPitchYaw, RotationMatrix
from tests.engine.geotransforms.cameras import turn

angles = st.tuples(*[st.floats(-179, 179)] * 3)


@given(angles)
def test_omega_phi_kappa_is_the_product_of_three_turns(opk: tuple[float, float, float]) -> None:
    omega, phi, kappa = opk
    to_map = turn("x", omega) @ turn("y", phi) @ turn("z", kappa)
    want = np.diag([1, -1, -1]) @ to_map.T
    got = OmegaPhiKappa(omega_deg=omega, phi_deg=phi, kappa_deg=kappa).map_to_camera()
    assert np.allclose(got, want, atol=1e-14)


@given(angles)
def test_phi_omega_kappa_turns_about_y_first(opk: tuple[float, float, float]) -> None:
    omega, phi, kappa = opk
    to_map = turn("y", phi) @ turn("x", omega) @ turn("z", kappa)
    got = OmegaPhiKappa(
        omega_deg=omega, phi_deg=phi, kappa_deg=kappa, order="phi_omega_kappa"
    ).map_to_camera()
    assert np.allclose(got, np.diag([1, -1, -1]) @ to_map.T, atol=1e-14)


@given(angles)
def test_a_matrix_states_the_same_rotation_in_all_four_forms(
    opk: tuple[float, float, float],
) -> None:
    omega, phi, kappa = opk
    to_map = turn("x", omega) @ turn("y", phi) @ turn("z", kappa)
    want = OmegaPhiKappa(omega_deg=omega, phi_deg=phi, kappa_deg=kappa).map_to_camera()
    down = to_map @ np.diag([1, -1, -1])
    forms = [
        RotationMatrix(elements=tuple(to_map.ravel())),
        RotationMatrix(elements=tuple(to_map.T.ravel()), direction="map_to_camera"),
        RotationMatrix(elements=tuple(down.ravel()), camera_axes="y_down"),
        RotationMatrix(
            elements=tuple(down.T.ravel()), direction="map_to_camera", camera_axes="y_down"
        ),
    ]
    for form in forms:
        assert np.allclose(form.map_to_camera(), want, atol=1e-12)


@given(st.floats(-179, 179))
def test_a_level_flight_is_minus_its_heading_in_kappa(yaw: float) -> None:
    drone = RollPitchYaw(roll_deg=0.0, pitch_deg=0.0, yaw_deg=yaw).map_to_camera()
    survey = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=-yaw).map_to_camera()
    assert np.allclose(drone, survey, atol=1e-14)


def looks(orientation: RollPitchYaw) -> np.ndarray:
    """East, north, up of the line of sight."""
    return orientation.map_to_camera()[2]


def test_nose_up_looks_forward_and_right_wing_down_looks_left() -> None:
    assert np.allclose(looks(RollPitchYaw(roll_deg=0.0, pitch_deg=0.0, yaw_deg=0.0)), [0, 0, -1])
    ahead = looks(RollPitchYaw(roll_deg=0.0, pitch_deg=10.0, yaw_deg=90.0))
    assert np.allclose(ahead, [np.sin(np.radians(10)), 0, -np.cos(np.radians(10))])
    left = looks(RollPitchYaw(roll_deg=10.0, pitch_deg=0.0, yaw_deg=0.0))
    assert np.allclose(left, [-np.sin(np.radians(10)), 0, -np.cos(np.radians(10))])


def test_convergence_is_taken_off_a_true_heading() -> None:
    true = RollPitchYaw(roll_deg=1.0, pitch_deg=2.0, yaw_deg=45.0, convergence_deg=3.0)
    grid = RollPitchYaw(roll_deg=1.0, pitch_deg=2.0, yaw_deg=42.0)
    assert np.allclose(true.map_to_camera(), grid.map_to_camera())


def test_a_matrix_of_five_digits_is_made_orthonormal() -> None:
    to_map = turn("x", 3.0) @ turn("y", -2.0) @ turn("z", 80.0)
    got = RotationMatrix(elements=tuple(to_map.round(5).ravel())).map_to_camera()
    assert np.allclose(got @ got.T, np.eye(3), atol=1e-14)


@pytest.mark.parametrize(
    "elements",
    [
        (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        (2.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        (0.0,) * 9,
        (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
        (float("nan"),) * 9,
    ],
)
def test_what_is_no_rotation_is_refused(elements: tuple[float, ...]) -> None:
    with pytest.raises(InvalidParameter, match="elements"):
        RotationMatrix(elements=elements).map_to_camera()
