"""Foreseen errors of grids over terrain bound the true ones, at every step."""

from __future__ import annotations

import numpy as np
import pytest

from engine.geometry.foresight import Bends, half_height, measure_bends
from engine.geometry.post_surface import NodeCell, PostSurface, plain_surface

SPACING = 32
SIDE = 256


def _image(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A tilted view in perspective from 3,000 pixels above."""
    depth = 3000.0 - z + 0.3 * x
    return 3000 * (x - 0.2 * z) / depth, 3000 * (y + 0.1 * z) / depth


def _measured(low: float, high: float) -> Bends | None:
    x, y = np.meshgrid(*[np.arange(0.0, SIDE + 1, SPACING)] * 2)
    middle, half = (low + high) / 2, max((high - low) / 2, 10.0)
    levels = np.array([middle - half, middle, middle + half])
    places = [_image(x, y, np.full(x.shape, level)) for level in levels]
    col, row = (np.array([place[k] for place in places]) for k in (0, 1))
    return measure_bends(col, row, SPACING, half)


def _surface(slope: float, low: float, high: float) -> PostSurface:
    """A plane: it rises by `slope` a pixel along both axes; posts stand at every pixel."""
    return PostSurface(
        low=low,
        high=high,
        bend_x=0.0,
        bend_y=0.0,
        twist=0.0,
        has_voids=False,
        step_x=slope,
        step_y=slope,
        posts_per_unit=(1.0, 0.0, 0.0, 1.0),
    )


def _true_error_px(step: int, slope: float, low: float) -> float:
    """Brute force over the whole cell, in source pixels a unit of the smallest output pixel."""
    x, y = np.meshgrid(*[np.arange(0.0, SIDE)] * 2)
    share_x, share_y = x % step / step, y % step / step
    x0, y0 = x - x % step, y - y % step

    def at(px: np.ndarray, py: np.ndarray) -> np.ndarray:
        return np.array(_image(px, py, low + slope * (px + py)))

    north = at(x0, y0) * (1 - share_x) + at(x0 + step, y0) * share_x
    south = at(x0, y0 + step) * (1 - share_x) + at(x0 + step, y0 + step) * share_x
    off = np.hypot(*(north * (1 - share_y) + south * share_y - at(x, y)))
    return float(off.max())


@pytest.mark.parametrize("step", [2, 4, 8, 16, 32, 64])
@pytest.mark.parametrize("slope", [0.0, 0.1, 0.8])
def test_what_is_foreseen_bounds_the_truth(step: int, slope: float) -> None:
    low, high = 100.0, 100.0 + 2 * slope * SIDE
    bends = _measured(low, high)
    assert bends is not None
    cell = NodeCell(float(step), 0.0, 0.0, float(step))
    foreseen = bends.error_px(step, _surface(slope, low, high), cell)
    true = _true_error_px(step, slope, low) / bends.unit
    assert 0 < true <= foreseen
    # Worth something: finer steps are foreseen as better.
    assert bends.error_px(2 * step, _surface(slope, low, high), cell.scaled(2.0)) > 1.9 * foreseen


def test_level_ground_under_a_straight_image_has_no_error() -> None:
    x, y = np.meshgrid(*[np.arange(0.0, SIDE + 1, SPACING)] * 2)
    levels = (-10.0, 0.0, 10.0)
    col, row = np.array([x + 0.1 * z for z in levels]), np.array([y - 0.2 * z for z in levels])
    bends = measure_bends(col, row, SPACING, 10.0)
    assert bends is not None
    assert bends.unit == pytest.approx(1.0)
    assert bends.slant == pytest.approx(np.hypot(0.1, 0.2))
    cell = NodeCell(64.0, 0.0, 0.0, 64.0)
    assert bends.error_px(64, plain_surface(5.0, 5.0), cell) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.small
def test_nothing_is_foreseen_of_what_is_not_seen_or_bends_unevenly() -> None:
    x, y = np.meshgrid(*[np.arange(0.0, 97.0, SPACING)] * 2)
    flat = np.array([x[:3, :3]] * 3), np.array([y[:3, :3]] * 3)
    assert measure_bends(*flat, SPACING, 10.0) is not None
    hidden = flat[0].copy()
    hidden[1, 2, 2] = np.nan
    assert measure_bends(hidden, flat[1], SPACING, 10.0) is None
    near = 1e5 / (flat[0] + 40.0)
    assert measure_bends(near, flat[1], SPACING, 10.0) is None
    assert measure_bends(flat[0] * 0, flat[1] * 0, SPACING, 10.0) is None


def test_heights_apart_by_little_are_measured_over_more() -> None:
    assert half_height(plain_surface(100.0, 101.0)) == 10.0
    assert half_height(plain_surface(100.0, 300.0)) == 100.0
