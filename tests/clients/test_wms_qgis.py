"""QGIS opens a service as WMS, of both versions: pictures, styles, times, values."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pytest
from owslib.wms import WebMapService
from PIL import Image

from engine.dates import parse_date_ms
from tests.clients.services import HEIGHTS, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (320, 240)
_AFRICA = (1_500_000.0, -2_000_000.0, 3_500_000.0, -500_000.0)
# Of 8 by 6 degrees, so that pixels are square.
_LONLAT = (16.0, -14.0, 24.0, -8.0)
_EARLY = "2004-07-01T00:00:00Z"
_HILLS = (1_000_000.0, 5_855_000.0, 1_060_000.0, 5_900_000.0)


def _source(server: RunningServer, name: str, **more: str) -> str:
    words = {
        "contextualWMSLegend": "0",
        "crs": "EPSG:3857",
        "dpiMode": "7",
        "format": "image/png",
        "layers": name.rpartition("/")[2],
        "styles": "",
        **more,
    }
    version = words.pop("version", "")
    url = f"{server.base}/wms/{name}" + (f"?VERSION={version}" if version else "")
    pairs = [f"{key}={value}" for key, value in words.items()]
    return "&".join([*pairs, f"url={quote(url, safe=':/')}"])


def _dates(server: RunningServer) -> list[str]:
    """Return first and last date as the capabilities tell them, which QGIS puts into its source."""
    wms = WebMapService(f"{server.base}/wms/{TEMPLATED}", version="1.3.0")
    return list(wms["marble"].timepositions[0].split("/")[:2])


def _job(name: str, source: str, box: tuple[float, ...], **more: Any) -> dict[str, Any]:
    job = {"name": name, "source": source, "crs": "EPSG:3857", "box": box, "size": _SIZE}
    return {**job, "identify": None, **more}


@pytest.fixture(scope="module")
def drawn(
    server: RunningServer,
    require_system_module: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Any], Path]:
    """What QGIS says of each layer, and the folder of its pictures."""
    python = require_system_module("qgis.core")
    folder = tmp_path_factory.mktemp("qgis")
    centre = [(_HILLS[0] + _HILLS[2]) / 2, (_HILLS[1] + _HILLS[3]) / 2]
    start, end = _dates(server)
    dated = {"type": "wmst", "timeDimensionExtent": f"{start}/{end}/PT1S"}
    dated |= {"temporalSource": "provider", "allowTemporalUpdates": "true"}
    jobs = [
        _job("new", _source(server, TEMPLATED), _AFRICA),
        _job("old", _source(server, TEMPLATED, version="1.1.1"), _AFRICA),
        _job("degrees", _source(server, TEMPLATED, crs="EPSG:4326"), _LONLAT, crs="EPSG:4326"),
        _job("styled", _source(server, TEMPLATED, styles="Negative"), _AFRICA),
        _job("early", _source(server, TEMPLATED, **dated), _AFRICA, time=[start, _EARLY]),
        _job("heights", _source(server, HEIGHTS), _HILLS, identify=centre),
        _job("shaded", _source(server, HEIGHTS, styles="Hillshade"), _HILLS),
        _job("wrong", _source(server, HEIGHTS, layers="nothing"), _HILLS),
    ]
    script = Path(__file__).with_name("qgis_wms.py")
    ran = subprocess.run(
        [python, script, folder, json.dumps(jobs)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1]), folder


def _pixels(folder: Path, name: str) -> np.ndarray:
    return np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))


_SAME = [
    ("new", TEMPLATED, _AFRICA, {}),
    ("old", TEMPLATED, _AFRICA, {}),
    ("degrees", TEMPLATED, _LONLAT, {"bboxSR": "4326", "imageSR": "4326"}),
    ("styled", TEMPLATED, _AFRICA, {"renderingRule": '{"rasterFunction":"Negative"}'}),
    ("heights", HEIGHTS, _HILLS, {}),
    ("shaded", HEIGHTS, _HILLS, {"renderingRule": '{"rasterFunction":"Hillshade"}'}),
]


@pytest.mark.drives("qgis", "wms layers, styles and both versions")
@pytest.mark.parametrize(("name", "service", "box", "more"), _SAME)
def test_qgis_shows_what_the_engine_renders(
    drawn: tuple[dict[str, Any], Path],
    engine: EngineRoom,
    name: str,
    service: str,
    box: tuple[float, ...],
    more: dict[str, str],
) -> None:
    report, folder = drawn
    assert report[name]["valid"], report
    assert report[name]["errors"] == []
    wanted = engine.picture(service, box, _SIZE, **more)
    assert wanted.std() > 10
    assert np.array_equal(_pixels(folder, name), wanted)


@pytest.mark.drives("qgis", "wms, identify")
def test_qgis_asks_for_values_in_each_form(drawn: tuple[dict[str, Any], Path]) -> None:
    found = drawn[0]["heights"]["identified"]
    for name in ("text", "html", "feature"):
        assert any(character.isdigit() for character in found[name]), found
    assert "Value" in found["text"]
    assert "<th>Value</th>" in found["html"]


def test_qgis_finds_the_times_of_the_service(drawn: tuple[dict[str, Any], Path]) -> None:
    times = drawn[0]["early"]["times"]
    assert times, drawn[0]["early"]
    assert times[0] < times[1]
    assert drawn[0]["heights"]["times"] == []


@pytest.mark.drives("qgis", "wms, temporal range")
def test_qgis_shows_a_part_of_the_times(
    drawn: tuple[dict[str, Any], Path], server: RunningServer, engine: EngineRoom
) -> None:
    report, folder = drawn
    assert report["early"]["errors"] == []
    ends = [parse_date_ms(text) for text in (_dates(server)[0], _EARLY)]
    wanted = engine.picture(TEMPLATED, _AFRICA, _SIZE, time=f"{ends[0]},{ends[1] + 999}")
    assert not np.array_equal(wanted, _pixels(folder, "new"))
    assert np.array_equal(_pixels(folder, "early"), wanted)


def test_a_layer_that_is_not_there_is_no_layer_in_qgis(drawn: tuple[dict[str, Any], Path]) -> None:
    assert not drawn[0]["wrong"]["valid"]
