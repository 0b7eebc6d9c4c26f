"""Interior orientations: one camera in three units, and scanned film."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.camera_interior import (
    InteriorMillimetres,
    InteriorNormalised,
    InteriorPixels,
)

WANT = np.array([[1500.0, 0.0, 530.0], [0.0, 1500.0, 380.0]])


def test_millimetres_pixels_and_longer_sides_state_the_same_camera() -> None:
    size = {"columns": 1000, "rows": 800}
    millimetres = InteriorMillimetres(
        **size,
        focal_length_mm=30.0,
        principal_point_x_mm=0.6,
        principal_point_y_mm=0.4,
        pixel_size_x_mm=0.02,
        pixel_size_y_mm=0.02,
    )
    pixels = InteriorPixels(
        **size,
        focal_length_x_px=1500.0,
        focal_length_y_px=1500.0,
        principal_point_col_px=530.0,
        principal_point_row_px=380.0,
    )
    sides = InteriorNormalised(
        **size,
        focal_length_x=1.5,
        focal_length_y=1.5,
        principal_point_x=0.03,
        principal_point_y=-0.02,
    )
    for interior in (millimetres, pixels, sides):
        assert np.allclose(interior.camera_to_pixels(), WANT, atol=1e-9)


def test_scanned_film_goes_through_its_fiducial_affine() -> None:
    a = (-112.0, 0.0139, 0.0002, 113.0, -0.0001, -0.0141)
    interior = InteriorMillimetres(
        columns=16000,
        rows=16000,
        focal_length_mm=153.0,
        principal_point_x_mm=0.01,
        principal_point_y_mm=-0.02,
        pixel_to_film_mm=a,
    )
    right, down = 0.3, -0.2
    col, row = interior.camera_to_pixels() @ [right, down, 1.0]
    assert a[0] + a[1] * col + a[2] * row == pytest.approx(153 * right + 0.01)
    assert a[3] + a[4] * col + a[5] * row == pytest.approx(-153 * down - 0.02)


def test_a_film_without_area_is_refused() -> None:
    flat = InteriorMillimetres(
        columns=10, rows=10, focal_length_mm=1.0, pixel_to_film_mm=(0.0, 1.0, 2.0, 0.0, 2.0, 4.0)
    )
    with pytest.raises(InvalidParameter, match="determinant"):
        flat.camera_to_pixels()


@pytest.mark.parametrize("focal", [0.0, -50.0, float("nan"), float("inf")])
def test_a_focal_length_that_is_no_length_is_refused(focal: float) -> None:
    interior = InteriorNormalised(columns=10, rows=10, focal_length_x=1.0, focal_length_y=focal)
    with pytest.raises(InvalidParameter, match="focal_length_y"):
        interior.camera_to_pixels()
