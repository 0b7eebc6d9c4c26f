"""Rays end where they first meet the ground, and photographs show what is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from engine.build.demo_photographs import Rays, meet, photograph


@dataclass(frozen=True)
class _Slope:
    """Ground that rises to the east by `rise`; a sample is the place itself."""

    rise: float
    lowest_m: float = -100.0
    highest_m: float = 100.0

    def heights(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.rise * x + 0 * y

    def colours(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.stack([x, y])


@dataclass(frozen=True)
class _Wall(_Slope):
    """Level ground with a wall 50 m high from x = 10 to x = 14."""

    rise: float = 0.0

    def heights(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.where((x >= 10) & (x <= 14), 50.0, 0.0 * y)


class _Aslant:
    """Looks down towards the east, one metre a metre; pixels are 2 m."""

    def rays(self, col_pos: np.ndarray, row_pos: np.ndarray) -> Rays:
        lean = np.full(col_pos.shape, -1.0)
        return Rays(2 * col_pos, -2 * row_pos, lean, 0 * lean)


def test_a_ray_ends_on_the_slope_where_two_lines_cross() -> None:
    rays = Rays(*(np.array([value]) for value in (30.0, 0.0, -1.0, 0.0)))
    # z = x / 2 and x = 30 - z.
    assert meet(rays, _Slope(0.5), step_m=7.0, close_m=1e-6) == pytest.approx(10.0, abs=1e-5)


def test_a_ray_ends_at_what_hides_the_ground() -> None:
    rays = Rays(*(np.array([value]) for value in (20.0, 0.0, -1.0, 0.0)))
    # Over the wall it would see x = 20; coming from the west it meets x = 10 at 10 m.
    high = meet(rays, _Wall(), step_m=1.0, close_m=1e-6)
    assert rays.at(high)[0] == pytest.approx(10.0, abs=1e-5)


def test_a_ray_over_a_pit_beneath_all_heights_ends_at_the_lowest() -> None:
    rays = Rays(*(np.array([value]) for value in (-500.0, 0.0, 0.0, 0.0)))
    assert meet(rays, _Slope(1.0), step_m=8.0, close_m=1e-3) == pytest.approx(-100.0, abs=8.1)


def test_a_photograph_shows_the_ground_at_the_centres_of_its_pixels() -> None:
    found = photograph(_Aslant(), _Slope(0.0), (5, 300), step_m=10.0, close_m=1e-9)
    assert found.shape == (2, 300, 5)
    assert found[0, 0] == pytest.approx([1, 3, 5, 7, 9])
    assert found[1, :, 0] == pytest.approx(-2 * (np.arange(300) + 0.5))
