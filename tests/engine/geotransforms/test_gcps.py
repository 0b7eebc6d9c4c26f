"""Control points: what is refused, and frames that keep fits well conditioned."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import (
    Gcp,
    checked_gcps,
    frame_of,
    least_squares,
    polynomial_terms,
    term_count,
)


def test_a_point_that_is_not_finite_is_named() -> None:
    gcps = [Gcp(col=1.0, row=2.0, x=3.0, y=float("nan"), id="roof")]
    with pytest.raises(InvalidParameter, match=r"roof \(1, 2\) at \(3, nan\)"):
        checked_gcps(gcps, 1)


def test_points_keep_their_order_and_repeated_ones_count_once() -> None:
    gcps = [Gcp(col=c, row=0.0, x=c, y=1.0) for c in (5.0, 2.0, 5.0, 1.0)]
    assert checked_gcps(gcps, 3).source[:, 0].tolist() == [5.0, 2.0, 1.0]
    with pytest.raises(InvalidParameter, match=r"'3 different points'.*at least 4"):
        checked_gcps(gcps, 4)
    with pytest.raises(InvalidParameter, match="'0 different points'"):
        checked_gcps([], 3)


@pytest.mark.parametrize("uniform", [False, True])
def test_a_frame_brings_coordinates_within_one(uniform: bool) -> None:
    places = np.array([(500_000.0, 4e6), (500_400.0, 4e6 + 100), (500_100.0, 4e6 + 20)])
    frame = frame_of(places, uniform=uniform)
    local = frame.local(places)
    assert np.abs(local).max() == 1.0
    assert (frame.scale[0] == frame.scale[1]) is np.bool_(uniform)


def test_a_cubic_is_found_again_far_from_the_origin() -> None:
    random = np.random.default_rng(4)
    places = np.array([500_000.0, 4_500_000.0]) + random.uniform(0, 1e4, (60, 2))
    local = frame_of(places, uniform=False).local(places)
    wanted = random.normal(size=(2, 10))
    found = least_squares(local, polynomial_terms(local, 3) @ wanted.T, 3)
    assert np.abs(found - wanted).max() < 1e-11


def test_orders_have_their_counts_of_terms() -> None:
    assert [term_count(order) for order in (1, 2, 3)] == [3, 6, 10]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("angle_deg", [0.0, 0.001, 30.0, 90.0])
def test_rounding_errors_across_a_line_are_no_spread(order: int, angle_deg: float) -> None:
    along = np.linspace(-5000, 5000, 30)
    noise = np.random.default_rng(1).normal(0, 1e-9, 30)
    turn = np.radians(angle_deg)
    places = np.stack(
        [
            500_000 + along * np.cos(turn) - noise * np.sin(turn),
            4_500_000 + along * np.sin(turn) + noise * np.cos(turn),
        ],
        axis=1,
    )
    local = frame_of(places, uniform=False).local(places)
    with pytest.raises(InvalidParameter, match="30 points on one"):
        least_squares(local, places, order)


def test_a_strip_a_thousand_times_longer_than_wide_is_good_enough() -> None:
    random = np.random.default_rng(1)
    places = random.uniform((0, 0), (1000, 1), (50, 2))
    local = frame_of(places, uniform=False).local(places)
    found = least_squares(local, local, 2)
    assert found[:, 1:3] == pytest.approx(np.eye(2), abs=1e-9)
