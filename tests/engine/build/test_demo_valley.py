"""The invented valley: a river at the bottom, straight roads over everything, slopes that cameras see into."""

from __future__ import annotations

import numpy as np
import pytest

from engine.build import demo_valley
from engine.build.demo_valley import Valley, make_valley


@pytest.fixture(scope="module")
def valley() -> Valley:
    return make_valley()


def test_heights_are_those_of_a_valley(valley: Valley) -> None:
    x, y = demo_valley.river_line(60)
    along_river = valley.heights(x, y)
    assert along_river.max() < valley.lowest_m + 30
    assert valley.highest_m - valley.lowest_m > 500


def test_no_slope_hides_behind_another_from_27_degrees_aside(valley: Valley) -> None:
    down, across = np.gradient(valley.height_m, demo_valley.PIXEL_M)
    assert np.hypot(down, across).max() < 1 / np.tan(np.radians(27.2))


def test_roads_shine_where_the_truth_has_them(valley: Valley) -> None:
    x, _ = demo_valley.road_lines()
    y = demo_valley.NORTH - np.linspace(150, 6200, 200)
    on, beside = (valley.colours(np.full(200, x[3] + shift), y)[0].mean() for shift in (0.0, 40.0))
    assert on > beside + 40


def test_between_pixels_lies_the_mean(valley: Valley) -> None:
    x = np.array([demo_valley.WEST + 500 * demo_valley.PIXEL_M])
    y = np.array([demo_valley.NORTH - 400.5 * demo_valley.PIXEL_M])
    neighbours = valley.height_m[400, 499:501]
    assert valley.heights(x, y)[0] == pytest.approx(float(neighbours.mean()), abs=0.01)
