"""CesiumJS drapes an image service over its globe, seen flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients.asked import paths
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import MARBLE, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (512, 384)
# The globe is drawn from coarser tiles and resampled by the graphics card, so edges and details are softer.
_SOFT, _FAR = 8.0, 0.03
_AFRICA = "10, -20, 30, 0"


@pytest.fixture
def cesium(client_page: Callable[[str], Page]) -> Page:
    """The page of Cesium."""
    return client_page("cesium")


@pytest.mark.drives("cesium", "ArcGisMapServerImageryProvider")
def test_arcgis_imagery_draws(cesium: Page, server: RunningServer, engine: EngineRoom) -> None:
    made = f"Cesium.ArcGisMapServerImageryProvider.fromUrl('{server.rest(TEMPLATED)}')"
    box = cesium.evaluate(f"{made}.then(made => client.show(window.made = made, {_AFRICA}))")
    picture = engine.picture(TEMPLATED, box, _SIZE)
    assert_alike(cesium.picture("#map"), picture, mean=_SOFT, far=_FAR)
    asked = paths(cesium.requests, TEMPLATED)
    assert asked[0] == "/"
    # A picture of nothing tells it which tiles are missing, so that must not be a picture.
    missing = [each for each in cesium.failures if "/tile/" in each]
    assert missing == cesium.failures
    assert all(each.startswith("404 ") for each in missing)
    assert any(each.endswith("/tile/23/0/0") for each in missing)
    cesium.forget()
    assert cesium.evaluate("made.credit.html") == "NASA Earth Observatory"


@pytest.mark.drives("cesium", "ArcGisMapServerImageryProvider without tiles")
def test_arcgis_imagery_without_tiles_asks_for_pictures(
    cesium: Page, server: RunningServer, engine: EngineRoom
) -> None:
    options = "{ usePreCachedTilesIfAvailable: false, enablePickFeatures: false }"
    made = f"Cesium.ArcGisMapServerImageryProvider.fromUrl('{server.rest(MARBLE)}', {options})"
    box = cesium.evaluate(f"{made}.then(made => client.show(made, {_AFRICA}))")
    picture = engine.picture(MARBLE, box, _SIZE)
    assert_alike(cesium.picture("#map"), picture, mean=_SOFT, far=_FAR)
    assert {*paths(cesium.requests, MARBLE)} == {"/export"}


@pytest.mark.drives("cesium", "UrlTemplateImageryProvider")
def test_tiles_draw(cesium: Page, server: RunningServer, engine: EngineRoom) -> None:
    tiles = f"{server.base}/tiles/{MARBLE}/{{z}}/{{x}}/{{y}}.png"
    made = f"new Cesium.UrlTemplateImageryProvider({{ url: '{tiles}' }})"
    box = cesium.evaluate(f"client.show({made}, {_AFRICA})")
    picture = engine.picture(MARBLE, box, _SIZE)
    assert_alike(cesium.picture("#map"), picture, mean=_SOFT, far=_FAR)
