"""Lens distortion: where it stops being monotone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.lens_distortion import (
    BrownCorrection,
    BrownDistortion,
    FisheyeDistortion,
    LensCode,
    pinhole_numbers,
)

small = st.floats(-0.5, 0.5)


def test_the_radius_at_which_a_barrel_turns_back_is_found() -> None:
    assert BrownDistortion(k1=-0.3).numbers(1.0)[1] == pytest.approx(math.sqrt(1 / 0.9))


def test_a_pincushion_never_turns_back() -> None:
    assert BrownDistortion(k1=0.3).numbers(1.0)[1] == math.inf
    assert BrownDistortion().numbers(1.0)[1] == math.inf
    assert pinhole_numbers()[1] == math.inf


def test_a_fisheye_ends_at_the_half_turn_at_the_latest() -> None:
    assert FisheyeDistortion().numbers(1.0)[1] == math.pi
    assert FisheyeDistortion(k1=-0.2).numbers(1.0)[1] == pytest.approx(math.sqrt(1 / 0.6))


def test_a_pole_of_the_rational_part_is_an_end() -> None:
    assert BrownDistortion(k1=1.0, k4=-0.25).numbers(1.0)[1] == pytest.approx(2.0, abs=1e-6)


@given(st.tuples(*[small] * 6))
def test_up_to_the_limit_the_radius_grows(k: tuple[float, ...]) -> None:
    k1, k2, k3, k4, k5, k6 = k
    lens = BrownDistortion(k1=k1, k2=k2, k3=k3, k4=k4, k5=k5, k6=k6)
    limit = min(lens.numbers(1.0)[1], 10.0)
    r = np.linspace(0.0, limit * 0.9999, 2000)
    s = r * r
    image = r * (1 + s * (k1 + s * (k2 + s * k3))) / (1 + s * (k4 + s * (k5 + s * k6)))
    assert (np.diff(image) > 0).all()


def test_a_correction_in_millimetres_is_scaled_by_the_focal_length() -> None:
    code, limit, k1, k2, k3, *_, p1, p2 = BrownCorrection(
        k1=-1e-4, k2=2e-8, k3=-3e-12, p1=1e-6, p2=2e-6
    ).numbers(50.0)
    assert code == LensCode.BROWN_CORRECTION
    assert (k1, k2, k3) == pytest.approx((-0.25, 0.125, -0.046875))
    assert (p1, p2) == pytest.approx((-1e-4, 5e-5))
    assert limit > 0.9


@pytest.mark.parametrize("lens", [BrownDistortion, BrownCorrection, FisheyeDistortion])
def test_coefficients_that_are_not_finite_are_refused(lens: type) -> None:
    for bad in (math.nan, math.inf):
        with pytest.raises(InvalidParameter, match="distortion"):
            lens(k2=bad).numbers(1.0)
