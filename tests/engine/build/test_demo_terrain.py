"""The invented island's ground is shaped by its water, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from engine.build import demo_spectra
from engine.build.demo_land_cover import Cover, LandCover, make_land_cover
from engine.build.demo_terrain import SIZE, Terrain, _flood, _gather, fractal, make_terrain


@pytest.fixture(scope="module")
def terrain() -> Terrain:
    return make_terrain()


@pytest.fixture(scope="module")
def cover(terrain: Terrain) -> LandCover:
    return make_land_cover(terrain)


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


def test_every_class_covers_some_ground(cover: LandCover) -> None:
    counts = np.bincount(cover.classes.ravel(), minlength=len(Cover))
    assert (counts > 0).all()


def test_fields_are_greener_in_spring_than_in_winter(terrain: Terrain, cover: LandCover) -> None:
    window = (slice(1500, 1900), slice(500, 900))
    wheat = cover.classes[window] == Cover.WHEAT
    assert wheat.any()
    ndvi = []
    for season in (demo_spectra.WINTER, demo_spectra.SPRING):
        sky = demo_spectra.make_sky(season, seed=1)
        scene = demo_spectra.render((terrain, cover), season, sky, window).astype(np.float64)
        ndvi.append(((scene[3] - scene[2]) / (scene[3] + scene[2]))[wheat].mean())
    assert ndvi[1] > ndvi[0] + 0.2


def test_clouds_cover_the_stated_share(terrain: Terrain) -> None:
    sky = demo_spectra.make_sky(demo_spectra.AUTUMN, seed=9)
    assert abs(float((sky.cloud > 0).mean()) - demo_spectra.AUTUMN.cloud) < 0.02
    assert float(demo_spectra.make_sky(demo_spectra.SUMMER, seed=9).cloud.max()) == 0
