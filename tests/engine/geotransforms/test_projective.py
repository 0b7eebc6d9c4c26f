"""The projective geotransform against the textbook's formula, and its horizon."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.affine import Affine
from engine.geotransforms.projective import Projective

STEEP = (2.0, 0.3, 500_000.0, 0.2, -2.1, 4_500_000.0, 0.001, 0.0005, 2.0)


@pytest.mark.small
def test_it_equals_the_formula_in_its_docstring() -> None:
    cols, rows = np.array([0.0, 10.0, 999.0]), np.array([0.0, 700.5, 12.0])
    h = np.array(STEEP).reshape(3, 3)
    x, y, w = h @ np.stack([cols, rows, np.ones(3)])
    got = Projective(source_to_output=STEEP).bind().to_output(cols, rows)
    assert got[0] == pytest.approx(x / w, rel=1e-14)
    assert got[1] == pytest.approx(y / w, rel=1e-14)


@pytest.mark.small
def test_the_way_back_is_exact_though_the_map_is_far_from_its_origin() -> None:
    bound = Projective(source_to_output=STEEP).bind()
    cols, rows = np.meshgrid(np.linspace(0, 1000, 11), np.linspace(0, 800, 9))
    back = bound.to_source(*bound.to_output(cols.ravel(), rows.ravel()))
    assert np.abs(np.subtract(back, (cols.ravel(), rows.ravel()))).max() < 1e-6


def test_without_perspective_it_is_affine() -> None:
    plain = Projective(source_to_output=(2.0, 0.3, 5.0, 0.2, -2.1, 4.0, 0.0, 0.0, 1.0)).bind()
    affine = Affine(source_to_output=(5.0, 2.0, 0.3, 4.0, 0.2, -2.1)).bind()
    x, y = np.array([3.0, 4.0]), np.array([5.0, -6.0])
    assert np.allclose(plain.to_source(x, y), affine.to_source(x, y), atol=1e-12)


@pytest.mark.small
def test_beyond_the_horizon_nothing_is_defined_in_either_direction() -> None:
    # w = 1 - col/100: the horizon is column 100.
    bound = Projective(source_to_output=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -0.01, 0.0, 1.0)).bind()
    x, y = bound.to_output(np.array([50.0, 100.0, 150.0]), np.zeros(3))
    assert x[0] == pytest.approx(100.0)
    assert np.isnan(x[1:]).all()
    assert np.isnan(y[1:]).all()
    # Column 150 would be at x = -300; seen from there it is behind the viewer.
    col, _ = bound.to_source(np.array([-300.0, 100.0]), np.zeros(2))
    assert np.isnan(col[0])
    assert col[1] == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("numbers", "accepted"),
    [
        ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.1, 0.1, 0.0), "a last number that is not zero"),
        ((1.0, 2.0, 0.0, 2.0, 4.0, 0.0, 0.0, 0.0, 1.0), "a matrix with an inverse"),
    ],
)
def test_a_matrix_that_cannot_be_turned_round_is_refused(
    numbers: tuple[float, ...], accepted: str
) -> None:
    with pytest.raises(InvalidParameter, match=accepted):
        Projective(source_to_output=numbers).bind()
