"""The compiled collinearity equations: extremes of distortion, and nothing outside their arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.geotransforms.frame_projection import locate_from_frame, project_to_frame
from engine.geotransforms.lens_distortion import BrownCorrection, BrownDistortion
from tests.engine.geotransforms.cameras import aerial_camera, fisheye_camera, there_and_back

mild = st.floats(-0.4, 0.4)


@given(k1=mild, k2=mild, k3=mild, p1=st.floats(-5e-3, 5e-3), p2=st.floats(-5e-3, 5e-3))
def test_whatever_the_distortion_a_pixel_with_a_ground_is_met_again(
    k1: float, k2: float, k3: float, p1: float, p2: float
) -> None:
    lens = BrownDistortion(k1=k1, k2=k2, k3=k3, p1=p1, p2=p2)
    model = aerial_camera(distortion=lens).bind()
    col, row = (
        side.ravel() for side in np.meshgrid(np.arange(0, 1001, 50.0), np.arange(0, 801, 50))
    )
    error = there_and_back(model, col, row, np.full(col.size, 100.0))
    error = error[~np.isnan(error)]
    assert error.size > 0
    assert error.max() < 1e-6


@given(k1=st.floats(-1e-4, 1e-4), k2=st.floats(-1e-7, 1e-7), p1=st.floats(-1e-5, 1e-5))
def test_whatever_the_correction_a_pixel_with_a_ground_is_met_again(
    k1: float, k2: float, p1: float
) -> None:
    model = aerial_camera(distortion=BrownCorrection(k1=k1, k2=k2, p1=p1)).bind()
    col, row = (
        side.ravel() for side in np.meshgrid(np.arange(0, 1001, 50.0), np.arange(0, 801, 50))
    )
    error = there_and_back(model, col, row, np.full(col.size, 100.0))
    error = error[~np.isnan(error)]
    assert error.size > 0
    assert error.max() < 1e-6


def test_no_two_directions_share_a_pixel() -> None:
    """What lies beyond the monotone part must not appear inside: rays outwards stay in order."""
    model = aerial_camera(distortion=BrownDistortion(k1=-0.25, k2=0.01)).bind()
    far = np.linspace(1.0, 60_000.0, 20_000)
    col, row = model.ground_to_image(300_000.0 + far, np.full(far.size, 5e6), np.zeros(far.size))
    seen = ~np.isnan(col)
    radius = np.hypot(col - 500, row - 400)[seen]
    assert 100 < seen.sum() < 20_000
    assert (np.diff(radius[100:]) > 0).all()
    assert not seen[np.argmin(seen) :].any()


@pytest.mark.small
@pytest.mark.parametrize("record", [aerial_camera(), fisheye_camera()])
def test_a_few_points_go_there_and_back(record: object) -> None:
    numbers = record.bind().numbers  # type: ignore[attr-defined]  # -- both have it
    col, row = np.array([400.0, 600.0, np.nan]), np.array([300.0, 500.0, 400.0])
    z = np.array([0.0, 50.0, 0.0])
    x, y = locate_from_frame(col, row, z, numbers)
    again = project_to_frame(x, y, z, numbers)
    assert np.allclose(again[0][:2], col[:2])
    assert np.allclose(again[1][:2], row[:2])
    assert np.isnan([again[0][2], again[1][2]]).all()


@pytest.mark.small
def test_no_points_give_no_points() -> None:
    numbers, empty = aerial_camera().bind().numbers, np.empty(0)
    assert [a.size for a in project_to_frame(empty, empty, empty, numbers)] == [0, 0]
    assert [a.size for a in locate_from_frame(empty, empty, empty, numbers)] == [0, 0]


def test_arrays_of_different_lengths_are_refused() -> None:
    numbers = aerial_camera().bind().numbers
    with pytest.raises(ValueError, match="one length"):
        project_to_frame(np.zeros(3), np.zeros(3), np.zeros(2), numbers)
