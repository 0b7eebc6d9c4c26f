"""Browser clients draw and identify real aerial images, in the country's own projection."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from config.definition import ServiceProperties
from engine.build.progress import no_progress
from engine.build.workers import InProcess
from server.demo.demo_services import DemoService, prepare
from server.site.publishing import Publisher
from tests.clients.engine_pictures import assert_alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.build.progress import Progress
    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

    OpenPage = Callable[[str], Page]

_NAME = "aerial"
_SIZE = (512, 384)
_TAKEN_UP_S = 30.0


@pytest.fixture(scope="module")
def aerial(server: RunningServer, shared_data: Path) -> Iterator[str]:
    """Four orthophotos that overlap, published while these tests run."""
    kit = shared_data / "03_aerial_mosaics" / "ngi_ortho"

    def take(folder: Path, progress: Progress) -> list[Path]:
        folder.mkdir(parents=True)
        for number in range(1, 5):
            (folder / f"ngi_{number}.tif").symlink_to(kit / f"ngi_rgb_byte_{number}.tif")
        (folder / "scenes.csv").write_text("Name,Flown\nngi_1,yes\n", encoding="utf-8")
        return sorted(folder.glob("*.tif"))

    service = DemoService(name=_NAME, make_scenes=take, properties=ServiceProperties())
    prepare(service, server.data, InProcess(), no_progress)
    end = time.monotonic() + _TAKEN_UP_S
    while "error" in server.json(f"{server.rest(_NAME)}?f=json"):
        assert time.monotonic() < end, "the running server did not follow"
        time.sleep(0.1)
    yield _NAME
    Publisher(server.data).delete(_NAME)


@pytest.fixture
def middle(engine: EngineRoom, aerial: str) -> tuple[float, float]:
    """The middle of the service in Web Mercator."""
    extent = engine.service(aerial).summary.extent_mercator
    assert extent is not None
    return (extent.xmin + extent.xmax) / 2, (extent.ymin + extent.ymax) / 2


@pytest.mark.drives("arcgis", "ImageryLayer and identify, real aerial images")
def test_arcgis_js_draws_aerial_images(
    client_page: OpenPage,
    server: RunningServer,
    engine: EngineRoom,
    aerial: str,
    middle: tuple[float, float],
) -> None:
    arcgis = client_page("arcgis")
    x, y = middle
    sides = {"xmin": x - 2560, "ymin": y - 1920, "xmax": x + 2560, "ymax": y + 1920}
    box = json.dumps({**sides, "spatialReference": {"wkid": 102100}})
    layer = f"window.layer = new client.ImageryLayer({{ url: '{server.rest(aerial)}' }})"
    shown = arcgis.evaluate(f"client.show({layer}, {box})")
    made = engine.picture(aerial, shown, _SIZE, format="jpgpng")
    assert_alike(arcgis.picture("#map"), made, mean=1.5)
    point = {"type": "point", "x": x, "y": y, "spatialReference": {"wkid": 102100}}
    found = arcgis.evaluate(
        f"layer.identify({{ geometry: {json.dumps(point)} }}).then(found => ({{ value: found.value,"
        " names: found.catalogItems.features.map(item => item.attributes.Name) }))"
    )
    summary = engine.service(aerial).summary
    half = summary.pixel_size_x / 2
    near = engine.samples(aerial, (x - half, y - half, x + half, y + half), (1, 1))
    values = [int(part) for part in found["value"].split(",")]
    assert values == pytest.approx([int(value) for value in near.data[:, 0, 0]], abs=25)
    assert set(found["names"]) <= {"ngi_1", "ngi_2", "ngi_3", "ngi_4"}


@pytest.mark.drives("ol", "ImageArcGISRest, real aerial images")
def test_openlayers_draws_aerial_images(
    client_page: OpenPage,
    server: RunningServer,
    engine: EngineRoom,
    aerial: str,
    middle: tuple[float, float],
) -> None:
    ol = client_page("ol")
    source = {"url": server.rest(aerial), "ratio": 1, "crossOrigin": "anonymous"}
    made = f"new ol.source.ImageArcGISRest({json.dumps(source)})"
    layer = f"new ol.layer.Image({{ source: {made} }})"
    box = ol.evaluate(f"client.show({layer}, {list(middle)}, 10)")
    assert_alike(ol.picture("#map"), engine.picture(aerial, box, _SIZE), mean=0.5)
