"""The invented island's ground is shaped by its water, and the same every time."""

from __future__ import annotations

import numpy as np

from engine.build.demo_terrain import SIZE, Terrain, _flood, _gather, fractal


def test_noise_is_the_same_every_time_and_normalised() -> None:
    one, two = fractal(5, 64, 3.0), fractal(5, 64, 3.0)
    assert np.array_equal(one, two)
    assert abs(float(one.mean())) < 1e-4
    assert abs(float(one.std()) - 1) < 1e-3


def test_island_stands_in_the_sea(terrain: Terrain) -> None:
    edge = np.concatenate([terrain.height_m[0], terrain.height_m[-1], terrain.height_m[:, 0]])
    assert (edge < 0).all()
    assert 1000 < terrain.height_m.max() < 2500
    assert terrain.height_m.shape == (SIZE, SIZE)


def test_all_water_reaches_the_sea() -> None:
    height = fractal(3, 48, 3.0) * 50
    height[0] = height[-1] = height[:, 0] = height[:, -1] = -1
    filled, order, receiver = _flood(height)
    gathered = _gather(order, receiver).ravel()
    flat = filled.ravel()
    land = np.flatnonzero(height.ravel() > 0)
    assert land.size
    for cell in land:
        assert flat[cell] > flat[receiver[cell]] or height.flat[receiver[cell]] <= 0
    into_sea = [cell for cell in land if height.flat[receiver[cell]] <= 0]
    assert sum(gathered[cell] for cell in into_sea) == land.size
