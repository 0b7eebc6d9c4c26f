"""OWSLib reads capabilities, asks for maps and values, and hears exceptions."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import numpy as np
import pytest
from owslib.util import ServiceException
from owslib.wms import WebMapService
from PIL import Image

from tests.clients.services import HEIGHTS, TEMPLATED, height_at

if TYPE_CHECKING:
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (320, 240)
_AFRICA = (1_500_000.0, -2_000_000.0, 3_500_000.0, -500_000.0)
_LONLAT = (16.0, -14.0, 24.0, -8.0)
_HILLS = (1_000_000.0, 5_855_000.0, 1_060_000.0, 5_900_000.0)


def _open(server: RunningServer, name: str, version: str) -> Any:
    return WebMapService(
        f"{server.base}/arcgis/services/{name}/ImageServer/WMSServer", version=version
    )


def _asked(layer: str, box: tuple[float, ...], crs: str = "EPSG:3857") -> dict[str, Any]:
    asked = {"layers": [layer], "styles": [""], "srs": crs, "bbox": box, "size": _SIZE}
    return {**asked, "format": "image/png", "transparent": True}


@pytest.mark.drives("owslib", "GetMap of both versions")
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_owslib_gets_maps_as_the_engine_renders_them(
    server: RunningServer, engine: EngineRoom, version: str
) -> None:
    wms = _open(server, TEMPLATED, version)
    assert wms.identification.title == "Marble"
    rule = {"renderingRule": '{"rasterFunction":"Negative"}'}
    cases = [
        (_asked("marble", _AFRICA), {}),
        ({**_asked("marble", _AFRICA), "styles": ["Negative"]}, rule),
        (_asked("marble", _LONLAT, "EPSG:4326"), {"bboxSR": "4326", "imageSR": "4326"}),
    ]
    for asked, more in cases:
        answer = io.BytesIO(wms.getmap(**asked).read())
        pixels = np.asarray(Image.open(answer).convert("RGB"))
        assert np.array_equal(pixels, engine.picture(TEMPLATED, asked["bbox"], _SIZE, **more))


@pytest.mark.drives("owslib", "TIME")
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_owslib_asks_for_times_that_capabilities_tell(server: RunningServer, version: str) -> None:
    wms = _open(server, TEMPLATED, version)
    start, end, _ = wms["marble"].timepositions[0].split("/")
    asked = _asked("marble", wms["marble"].boundingBoxWGS84, "EPSG:4326")
    seen = {}
    for time in (None, f"{start}/{end}", start, "current"):
        answer = io.BytesIO(wms.getmap(**asked, **({"time": time} if time else {})).read())
        seen[time] = (np.asarray(Image.open(answer).convert("RGBA"))[..., 3] > 0).mean()
    # Overviews have no date: with TIME the scenes themselves are seen, whose edges are finer.
    assert seen[f"{start}/{end}"] == pytest.approx(seen[None], abs=0.01)
    assert 0 < seen[start] < seen[None]
    assert 0 < seen["current"] < seen[None]


@pytest.mark.drives("owslib", "GetFeatureInfo")
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_owslib_asks_for_values(server: RunningServer, version: str) -> None:
    wms = _open(server, HEIGHTS, version)
    answer = wms.getfeatureinfo(
        **_asked("heights", _HILLS),
        query_layers=["heights"],
        info_format="application/json",
        xy=(100, 60),
    )
    told = json.loads(answer.read())["features"][0]["properties"]["Value"]
    step = 60_000 / 320
    x, y = _HILLS[0] + 100.5 * step, _HILLS[3] - 60.5 * step
    # Pixels of the map are not those of the raster: half of one is some metres of height.
    assert float(told) == pytest.approx(float(height_at(np.array(x), np.array(y))), abs=20)


@pytest.mark.drives("owslib", "exceptions")
def test_owslib_hears_what_is_wrong(server: RunningServer) -> None:
    for version in ("1.1.1", "1.3.0"):
        wms = _open(server, TEMPLATED, version)
        with pytest.raises(ServiceException, match="STYLES"):
            wms.getmap(**{**_asked("marble", _AFRICA), "styles": ["nothing"]})


@pytest.mark.drives("owslib", "GetLegendGraphic")
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_legends_are_as_large_as_capabilities_say(server: RunningServer, version: str) -> None:
    wms = _open(server, HEIGHTS, version)
    styles = wms["heights"].styles
    assert list(styles) == ["default", "Hillshade"]
    for style in styles.values():
        with urlopen(style["legend"], timeout=30) as answer:
            legend = Image.open(io.BytesIO(answer.read()))
        asked = parse_qs(urlsplit(style["legend"]).query)
        assert legend.size == (int(asked["WIDTH"][0]), int(asked["HEIGHT"][0]))
        assert version == "1.1.1" or legend.size[1] == int(style["legend_height"])
