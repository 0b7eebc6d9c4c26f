"""Real clients do fail without the fields that they need: asked through a host that leaves one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.asked import paths
from tests.clients.browser import PageError
from tests.clients.services import HEIGHTS, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer

# What a layer of the SDK knows once it is loaded.
_KNOWN = """(async () => {
  const layer = new client.%s({ url: "%s" });
  await layer.load();
  const can = layer.capabilities.operations, info = layer.serviceRasterInfo;
  return { samples: can?.supportsGetSamples, query: can?.supportsQuery, columns: info.width, bands: info.bandCount };
})()"""


@pytest.fixture
def opened(
    client_page: Callable[[str], Page], chromium_page: Page
) -> Iterator[Callable[[str], Page]]:
    """A function that opens the page of a client, whose complaints are expected."""
    yield client_page
    chromium_page.console.clear()
    chromium_page.failures.clear()


def _without(clients: str, field: str, service: str) -> str:
    return f"{clients}/without/{field}/arcgis/rest/services/{service}/ImageServer"


@pytest.mark.parametrize(
    ("field", "known", "instead"),
    [
        ("currentVersion", "samples", False),
        ("fields", "query", None),
        ("pixelSizeX", "columns", None),
        ("bandCount", "bands", None),
    ],
)
def test_arcgis_js_knows_less_without_a_field(
    opened: Callable[[str], Page], clients: str, field: str, known: str, instead: Any
) -> None:
    page = opened("arcgis")
    whole = page.evaluate(_KNOWN % ("ImageryLayer", _without(clients, "sortValue", TEMPLATED)))
    assert whole[known] not in (None, False)
    less = page.evaluate(_KNOWN % ("ImageryLayer", _without(clients, field, TEMPLATED)))
    assert less.get(known) is instead


@pytest.mark.parametrize(
    ("layer", "field"),
    [
        ("ImageryLayer", "extent"),
        ("ImageryLayer", "pixelType"),
        ("ImageryTileLayer", "tileInfo"),
        ("ImageryTileLayer", "capabilities"),
    ],
)
def test_arcgis_js_loads_no_layer_without_a_field(
    opened: Callable[[str], Page], clients: str, layer: str, field: str
) -> None:
    with pytest.raises(PageError):
        opened("arcgis").evaluate(_KNOWN % (layer, _without(clients, field, TEMPLATED)))


def test_arcgis_js_asks_for_no_histograms_without_their_flag(
    opened: Callable[[str], Page], clients: str
) -> None:
    page = opened("arcgis")
    page.evaluate(_KNOWN % ("ImageryLayer", _without(clients, "hasHistograms", TEMPLATED)))
    assert "/statistics" in paths(page.requests, TEMPLATED)
    assert "/histograms" not in paths(page.requests, TEMPLATED)


@pytest.mark.parametrize("header", ["Authorization", "X-Esri-Authorization"])
def test_arcgis_js_may_send_tokens_in_a_header(
    client_page: Callable[[str], Page], server: RunningServer, header: str
) -> None:
    """A browser asks for leave first, and Authorization is in no wildcard."""
    root = f"{server.rest(TEMPLATED)}?f=json"
    asked = f"fetch('{root}', {{ headers: {{ '{header}': 'Bearer nothing' }} }})"
    told = client_page("arcgis").evaluate(f"{asked}.then(answer => answer.json())")
    assert told["name"] == TEMPLATED


def test_esri_leaflet_fails_without_tile_info(opened: Callable[[str], Page], clients: str) -> None:
    page = opened("leaflet")
    address = _without(clients, "tileInfo", TEMPLATED)
    page.evaluate(
        "new Promise(done => { addEventListener('error', () => done(), { once: true });"
        f" L.esri.tiledMapLayer({{ url: '{address}' }}).addTo(client.map) }})"
    )
    page.evaluate("void client.map.eachLayer(layer => layer.remove())")
    assert "lods" in page.console[0]


@pytest.mark.parametrize("field", ["tileInfo", "spatialReference", "capabilities"])
def test_cesium_makes_no_terrain_without_a_field(
    opened: Callable[[str], Page], clients: str, field: str
) -> None:
    address = _without(clients, field, HEIGHTS)
    with pytest.raises(PageError):
        opened("cesium").evaluate(
            f"Cesium.ArcGISTiledElevationTerrainProvider.fromUrl('{address}').then(() => 0)"
        )


def test_cesium_takes_the_whole_world_without_a_full_extent(
    opened: Callable[[str], Page], clients: str
) -> None:
    page = opened("cesium")
    east = {}
    for field in ("fullExtent", "sortValue"):
        made = f"Cesium.ArcGisMapServerImageryProvider.fromUrl('{_without(clients, field, TEMPLATED)}')"
        degrees = "Cesium.Math.toDegrees(made.rectangle.east)"
        east[field] = page.evaluate(f"{made}.then(made => {degrees})")
    assert east["fullExtent"] == pytest.approx(180)
    assert east["sortValue"] < 90
