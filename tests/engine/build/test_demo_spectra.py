"""The island's light follows the seasons and the weather."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.build import demo_spectra
from engine.build.demo_land_cover import Cover, LandCover

if TYPE_CHECKING:
    from engine.build.demo_terrain import Terrain


def test_fields_are_greener_in_spring_than_in_winter(
    terrain: Terrain, land_cover: LandCover
) -> None:
    window = (slice(1500, 1900), slice(500, 900))
    wheat = land_cover.classes[window] == Cover.WHEAT
    assert wheat.any()
    ndvi = []
    for season in (demo_spectra.WINTER, demo_spectra.SPRING):
        sky = demo_spectra.make_sky(season, seed=1)
        scene = demo_spectra.render((terrain, land_cover), season, sky, window).astype(np.float64)
        ndvi.append(((scene[3] - scene[2]) / (scene[3] + scene[2]))[wheat].mean())
    assert ndvi[1] > ndvi[0] + 0.2


def test_clouds_cover_the_stated_share(terrain: Terrain) -> None:
    sky = demo_spectra.make_sky(demo_spectra.AUTUMN, seed=9)
    assert abs(float((sky.cloud > 0).mean()) - demo_spectra.AUTUMN.cloud) < 0.02
    assert float(demo_spectra.make_sky(demo_spectra.SUMMER, seed=9).cloud.max()) == 0
