"""Polynomials against GDAL's, numpy's least squares and themselves turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import Gcp
from engine.geotransforms.polynomial import Polynomial, PolynomialFromGcps
from tests.conformance.geotransform_samples import bent, bent_gcps
from tests.engine.geotransforms.gdal_gcps import polynomial_to_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CUBIC = (500.0, 490.0, 5.0, 12.0, -3.0, 2.0, 1.0, 0.5, -0.5, 0.2)
OTHER = (400.0, 4.0, -380.0, 2.0, 5.0, -6.0, -2.0, 0.7, 0.3, -1.0)


def outputs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where random pixels of the bent image lie."""
    random = np.random.default_rng(3)
    places = random.uniform((0, 0), (1000, 800), (count, 2)).tolist()
    x, y = np.array([bent(col, row) for col, row in places]).T
    return x, y


@pytest.mark.small
def test_coefficients_are_in_the_order_of_the_docstring() -> None:
    bound = Polynomial(
        to_source_col=CUBIC, to_source_row=OTHER, center=(10.0, 20.0), scale=(2.0, 4.0)
    ).bind()
    x, y = np.array([10.0, 10.6, 11.0]), np.array([20.0, 21.0, 18.8])
    u, v = (x - 10) / 2, (y - 20) / 4
    terms = [1 + 0 * u, u, v, u**2, u * v, v**2, u**3, u**2 * v, u * v**2, v**3]
    got = bound.to_source(x, y)
    assert got[0] == pytest.approx(sum(c * t for c, t in zip(CUBIC, terms, strict=True)))
    assert got[1] == pytest.approx(sum(c * t for c, t in zip(OTHER, terms, strict=True)))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_fit_equals_gdals(order: int, require_program: Callable[[str], Path]) -> None:
    gcps = bent_gcps()
    places = outputs(50)
    oracle = polynomial_to_source(require_program("gdaltransform"), gcps, order, places)
    got = PolynomialFromGcps(gcps=gcps, order=order).bind().to_source(*places)
    # GDAL solves the normal equations, which costs it half of the digits.
    assert np.abs(np.subtract(got, oracle)).max() < (1e-6, 1e-5, 1e-3)[order - 1]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_residuals_are_those_of_the_least_squares_solution(order: int) -> None:
    gcps = bent_gcps()
    x = np.array([(p.x - 501_000) / 1000 for p in gcps])
    y = np.array([(p.y - 4_499_000) / 900 for p in gcps])
    terms = np.stack([x**i * y**j for i in range(order + 1) for j in range(order + 1 - i)], axis=1)
    given_places = np.array([(p.col, p.row) for p in gcps])
    fitted, *_ = np.linalg.lstsq(terms, given_places, rcond=None)
    got = PolynomialFromGcps(gcps=gcps, order=order).bind().residuals(gcps)
    assert np.abs(got - (terms @ fitted - given_places)).max() < 1e-6
    assert np.abs(got).max() > 0.1


def test_as_many_points_as_terms_are_met_exactly() -> None:
    gcps = bent_gcps(4)
    for order, count in ((1, 3), (2, 6), (3, 10)):
        chosen = (gcps[0], gcps[7], gcps[13], gcps[2], gcps[4], gcps[9], *gcps[10:13], gcps[15])
        record = PolynomialFromGcps(gcps=chosen[:count], order=order)
        assert np.abs(record.bind().residuals(record.gcps)).max() < 1e-6


@given(
    bends=st.lists(st.floats(-0.05, 0.05), min_size=14, max_size=14),
    share=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
def test_any_gently_bent_polynomial_comes_back(
    bends: list[float], share: tuple[float, float]
) -> None:
    bound = Polynomial(
        to_source_col=(0.0, 1.0, 0.2, *bends[:7]), to_source_row=(0.0, 0.1, -1.0, *bends[7:])
    ).bind()
    col, row = bound.to_source(np.array([share[0]]), np.array([share[1]]))
    assert np.isfinite(col[0])
    x, y = bound.to_output(col, row)
    assert np.hypot(x[0] - share[0], y[0] - share[1]) < 1e-6


@pytest.mark.small
def test_beyond_a_fold_nothing_is_defined_and_no_mirror_image_appears() -> None:
    # col = u + u²: it turns at u = -0.5, where col = -0.25.
    bound = Polynomial(
        to_source_col=(0.0, 1.0, 0.0, 1.0, 0.0, 0.0), to_source_row=(0.0, 0.0, 1.0)
    ).bind()
    col, row = bound.to_source(np.array([1.0, -0.4, -0.6, -3.0]), np.zeros(4))
    assert col[:2] == pytest.approx([2.0, -0.24])
    assert np.isnan(col[2:]).all()
    assert np.isnan(row[2:]).all()
    x, _ = bound.to_output(np.array([2.0, -0.24, -0.3]), np.zeros(3))
    assert x[:2] == pytest.approx([1.0, -0.4], abs=1e-6)
    assert np.isnan(x[2])


@pytest.mark.small
def test_a_cubic_that_folds_twice_is_not_defined_again_behind_both_folds() -> None:
    # The slope 1 + 4u + 3u² is negative from u = -1 to -1/3 only.
    bound = Polynomial(
        to_source_col=(0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
        to_source_row=(0.0, 0.0, 1.0),
    ).bind()
    col, _ = bound.to_source(np.array([-0.3, -0.5, -1.2]), np.zeros(3))
    assert np.isfinite(col[0])
    assert np.isnan(col[1:]).all()


def on_a_line(count: int) -> tuple[Gcp, ...]:
    """Points along a diagonal."""
    return tuple(
        Gcp(col=i * 1.7, row=i * 0.9, x=500_000 + i * 3.1, y=4e6 - i * 2.3) for i in range(count)
    )


@pytest.mark.parametrize("order", [1, 2, 3])
def test_points_on_one_line_are_refused(order: int) -> None:
    with pytest.raises(InvalidParameter, match="points spread in the plane"):
        PolynomialFromGcps(gcps=on_a_line(20), order=order).bind()


def test_points_on_one_line_of_the_image_are_refused() -> None:
    gcps = tuple(msgspec.structs.replace(p, row=100.0) for p in bent_gcps())
    with pytest.raises(InvalidParameter, match="points spread in the plane"):
        PolynomialFromGcps(gcps=gcps).bind()


def test_points_on_two_lines_do_not_determine_the_second_order() -> None:
    gcps = tuple(p for p in bent_gcps() if p.col in (0.0, 1000.0))
    # Two parallel lines are a conic; in output coordinates they must be straight, too.
    straight = tuple(
        msgspec.structs.replace(p, x=2.0 * p.col + 5e5, y=4e6 - 2.0 * p.row) for p in gcps
    )
    with pytest.raises(InvalidParameter, match="one conic"):
        PolynomialFromGcps(gcps=straight, order=2).bind()


@pytest.mark.parametrize(("order", "least"), [(1, 3), (2, 6), (3, 10)])
def test_too_few_different_points_are_refused_with_the_count_needed(order: int, least: int) -> None:
    gcps = bent_gcps()[: least - 1]
    with pytest.raises(InvalidParameter, match=f"'{least - 1} different points'.*at least {least}"):
        PolynomialFromGcps(gcps=gcps + gcps, order=order).bind()


@pytest.mark.parametrize("order", [0, 4])
def test_other_orders_are_refused(order: int) -> None:
    with pytest.raises(InvalidParameter, match="expected 1, 2 or 3"):
        PolynomialFromGcps(gcps=bent_gcps(), order=order).bind()


def test_coefficients_without_inverse_at_the_centre_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="does not fold at its centre"):
        Polynomial(to_source_col=(0.0, 1.0, 2.0), to_source_row=(0.0, 2.0, 4.0)).bind()
    with pytest.raises(InvalidParameter, match="numbers that are not zero"):
        Polynomial(
            to_source_col=(0.0, 1.0, 2.0), to_source_row=(0.0, 2.0, 1.0), scale=(0.0, 1.0)
        ).bind()
