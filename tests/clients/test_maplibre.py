"""MapLibre draws tiles, and pictures of exportImage as tiles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.asked import asked, numbers
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import MARBLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

# Zoom 4 of 512 pixels is level 5 of 256.
_WHERE, _LEVEL = "[20, -8], 4", 5


@pytest.fixture
def maplibre(client_page: Callable[[str], Page]) -> Page:
    """The page of MapLibre."""
    return client_page("maplibre")


def _show(page: Page, tiles: str, **options: Any) -> list[float]:
    source = json.dumps({"tiles": [tiles], "tileSize": 256, **options})
    return list(page.evaluate(f"client.show({source}, {_WHERE})"))


@pytest.mark.drives("maplibre", "raster tiles")
def test_raster_tiles_draw(maplibre: Page, server: RunningServer, engine: EngineRoom) -> None:
    box = _show(maplibre, f"{server.base}/tiles/{MARBLE}/{{z}}/{{x}}/{{y}}.png")
    assert_alike(maplibre.picture("#map"), engine.tiles(MARBLE, _LEVEL, box), mean=1.0)


@pytest.mark.drives("maplibre", "exportImage as tiles, by {bbox-epsg-3857}")
def test_export_image_draws_as_tiles(
    maplibre: Page, server: RunningServer, engine: EngineRoom
) -> None:
    # What is not set arrives as the words undefined and false, as plug-ins for image services send them.
    words = "size=256,256&f=image&time=false&mosaicRule=undefined"
    pictures = f"bbox={{bbox-epsg-3857}}&bboxSR=3857&imageSR=3857&format=jpgpng&{words}"
    box = _show(maplibre, f"{server.rest(MARBLE)}/exportImage?{pictures}")
    assert_alike(maplibre.picture("#map"), engine.tiles(MARBLE, _LEVEL, box), mean=4.0)
    xmin, _ymin, xmax, _ymax = numbers(asked(maplibre.requests, "/exportImage")[0]["bbox"])
    assert xmax - xmin == pytest.approx(40_075_016.68557849 / 2**_LEVEL)
