"""Maps known at few points: cubics between are exact for cubics, and as exact as said for projections."""

from __future__ import annotations

import numpy as np
import pytest

from engine.geometry.locator import MapLocator
from engine.geometry.map_patch import FEW, Square, between, cubic_error_px, finer, map_patch
from engine.geometry.projection import MERCATOR, operation
from engine.target_grid import CELL, Lattice


def _cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.array([1 + x + 0.3 * x**3 - y**2 * x, y**3 - 2 * x * y + 0.1 * x**2])


def _grid(rows: int, cols: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(cols) * step, np.arange(rows) * step)


@pytest.mark.small
@pytest.mark.parametrize("shape", [(4, 4), (4, 7), (9, 5)])
@pytest.mark.parametrize("times", [(1, 1), (2, 4), (4, 1)])
def test_cubics_between_points_of_a_cubic_are_exact(
    shape: tuple[int, int], times: tuple[int, int]
) -> None:
    points = _cubic(*_grid(*shape, 1.0))
    found = finer(points, times)
    rows, cols = (shape[0] - 1) * times[0] + 1, (shape[1] - 1) * times[1] + 1
    x, y = np.meshgrid(np.arange(cols) / times[1], np.arange(rows) / times[0])
    assert found.shape == (2, rows, cols)
    assert np.abs(found - _cubic(x, y)).max() < 1e-11
    assert np.allclose(found[:, :: times[0], :: times[1]], points, rtol=0, atol=1e-12)


@pytest.mark.small
def test_what_is_no_number_stays_near_where_it_is() -> None:
    points = np.zeros((1, 9, 9))
    points[0, 0, 0] = np.nan
    found = finer(points, (2, 2))
    assert np.isnan(found[0, 0, 0])
    assert np.isfinite(found[0, 8:, 8:]).all()


def test_points_at_any_step_agree() -> None:
    points = _cubic(*_grid(9, 9, 0.1))
    for step in (2, 8, FEW, 2 * FEW):
        found = between(points, step)
        x, y = _grid(8 * FEW // step + 1, 8 * FEW // step + 1, 0.1 * step / FEW)
        assert np.abs(found - _cubic(x, y)).max() < 1e-11


@pytest.mark.parametrize("cells", [1, 4])
def test_a_patch_of_two_maps_is_as_exact_as_it_says(cells: int) -> None:
    lattice = Lattice("EPSG:32631", 0.5, 0.5, 0.25, 0.0, 0.0, 0.0)
    square = Square(4000, -36000, cells)
    locators = [
        MapLocator(operation("EPSG:32631", crs).pipeline) for crs in ("EPSG:4326", MERCATOR)
    ]
    patch = map_patch(locators, lattice, square)
    assert patch is not None
    assert 0 <= patch.off_px <= 1e-6
    along = np.arange(0, cells * CELL + 1, FEW) + 0.5
    x, y = np.meshgrid((square.col * CELL + along + 0.25) * 0.5, -(square.row * CELL + along) * 0.5)
    for number, locator in enumerate(locators):
        exact_x, exact_y, good = locator.locate(x, y, lattice)
        size = np.hypot(np.diff(exact_x, axis=1), np.diff(exact_y, axis=1)).min() / FEW
        off = np.hypot(patch.points[2 * number] - exact_x, patch.points[2 * number + 1] - exact_y)
        assert good.all()
        assert off.max() / size <= patch.off_px + 1e-6


def test_maps_that_bend_much_or_end_are_not_patched() -> None:
    to_pole = MapLocator(operation(MERCATOR, "EPSG:3031").pipeline)
    coarse = Lattice(MERCATOR, 60000.0, 60000.0, 0.0, 0.0, 0.0, 0.0)
    assert map_patch([to_pole], coarse, Square(0, 0, 1)) is None
    zone = MapLocator(operation("EPSG:4326", "EPSG:32631").pipeline)
    world = Lattice("EPSG:4326", 0.7, 0.7, 0.0, 0.0, -180.0, 90.0)
    assert map_patch([zone], world, Square(0, 0, 1)) is None


def test_the_error_of_cubics_is_bounded_by_fourth_differences() -> None:
    x, y = _grid(9, 9, 32.0)
    bent_x, bent_y = x + 1e-9 * x**4, y.copy()
    bound = cubic_error_px(bent_x, bent_y, (32.0, 32.0))
    fine = finer(np.array([bent_x, bent_y]), (32, 32))
    fine_x, _ = _grid(257, 257, 1.0)
    true = np.abs(fine[0] - (fine_x + 1e-9 * fine_x**4)).max()
    assert 0 < true <= bound
    assert cubic_error_px(x * 0, y * 0, (32.0, 32.0)) == np.inf
