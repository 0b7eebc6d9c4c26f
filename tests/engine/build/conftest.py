"""What several tests of the build need, made once."""

from __future__ import annotations

import pytest

from engine.build.demo_land_cover import LandCover, make_land_cover
from engine.build.demo_terrain import Terrain, make_terrain


@pytest.fixture(scope="session")
def terrain() -> Terrain:
    """The ground of the demo's island."""
    return make_terrain()


@pytest.fixture(scope="session")
def land_cover(terrain: Terrain) -> LandCover:
    """What covers it."""
    return make_land_cover(terrain)
