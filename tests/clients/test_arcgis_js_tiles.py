"""The ArcGIS Maps SDK for JavaScript draws tiles of an image service with ImageryTileLayer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.clients.asked import paths
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import MARBLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_RESOLUTION_5 = 4891.969810251278


@pytest.fixture
def arcgis(client_page: Callable[[str], Page]) -> Page:
    """The page of the SDK."""
    return client_page("arcgis")


@pytest.mark.drives("arcgis", "ImageryTileLayer, tiles of pictures")
def test_imagery_tile_layer_draws(arcgis: Page, server: RunningServer, engine: EngineRoom) -> None:
    width, height = 512 * _RESOLUTION_5, 384 * _RESOLUTION_5
    sides = {"xmin": 1_400_000, "ymin": -2_000_000}
    sides |= {"xmax": sides["xmin"] + width, "ymax": sides["ymin"] + height}
    box = json.dumps({**sides, "spatialReference": {"wkid": 102100}})
    made = f"new client.ImageryTileLayer({{ url: '{server.rest(MARBLE)}' }})"
    shown = arcgis.evaluate(f"client.show({made}, {box})")
    # Tiles are moved by parts of a pixel: the view does not begin where a pixel does.
    assert_alike(arcgis.picture("#map"), engine.tiles(MARBLE, 5, shown), mean=6.0)
    asked = paths(arcgis.requests, MARBLE)
    assert asked[0] == ""
    assert "/tile/5/16/18" in asked
