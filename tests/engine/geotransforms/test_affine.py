"""The affine geotransform against affine arithmetic and GDAL's order of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from rasterio.transform import Affine as RasterioAffine

from engine.errors import InvalidParameter
from engine.geotransforms.affine import Affine

GDAL = (500_000.25, 0.5, 0.125, 4_600_000.75, 0.25, -0.5)


@pytest.mark.small
def test_numbers_are_in_gdals_order_and_count_from_the_corner_of_the_first_pixel() -> None:
    bound = Affine(source_to_output=GDAL).bind()
    oracle = RasterioAffine.from_gdal(*GDAL)
    cols, rows = np.array([0.0, 0.5, 10.0, 123.25]), np.array([0.0, 0.5, 20.0, 77.5])
    x, y = bound.to_output(cols, rows)
    for i in range(4):
        assert (x[i], y[i]) == pytest.approx(oracle @ (cols[i], rows[i]), abs=1e-8)
    assert (x[0], y[0]) == (GDAL[0], GDAL[3])


@pytest.mark.small
def test_a_million_pixels_from_the_origin_the_way_back_is_exact_to_a_billionth() -> None:
    bound = Affine(source_to_output=GDAL).bind()
    cols, rows = np.array([1e6, 3.5, 0.0]), np.array([2.5, 1e6, 0.0])
    back = bound.to_source(*bound.to_output(cols, rows))
    assert np.abs(np.subtract(back, (cols, rows))).max() < 1e-8


@pytest.mark.parametrize(
    "numbers", [(0.0, 1.0, 2.0, 0.0, 2.0, 4.0), (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)]
)
def test_a_matrix_without_inverse_is_refused(numbers: tuple[float, ...]) -> None:
    with pytest.raises(InvalidParameter, match="determinant that is not zero"):
        Affine(source_to_output=numbers).bind()


def test_a_tiny_pixel_size_in_degrees_is_no_zero_determinant() -> None:
    bound = Affine(source_to_output=(10.0, 1e-7, 0.0, 50.0, 0.0, -1e-7)).bind()
    col, _ = bound.to_source(np.array([10.00001]), np.array([50.0]))
    assert col[0] == pytest.approx(100.0, abs=1e-6)
