"""QGIS opens the service as an ArcGIS layer and as XYZ tiles, without a plug-in."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.clients.engine_pictures import assert_alike

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

# One tile of level 5, so that QGIS need not scale it.
_LEVEL = 5
_SIDE_M = 2 * 20037508.342789244 / 2**_LEVEL
_BOX = (_SIDE_M, -_SIDE_M, 2 * _SIDE_M, 0.0)
_SIZE = (256, 256)


@pytest.fixture(scope="module")
def drawn(
    server: RunningServer,
    require_system_module: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Any], Path]:
    """What QGIS tells of both layers, and the folder with their pictures."""
    python = require_system_module("qgis.core")
    folder = tmp_path_factory.mktemp("qgis")
    script = Path(__file__).with_name("qgis_open.py")
    tiles = f"{server.base}/tiles/{server.mosaic}/%7Bz%7D/%7Bx%7D/%7By%7D.png"
    corners = ",".join(map(repr, _BOX))
    result = subprocess.run(
        [python, script, server.rest(server.mosaic), tiles, corners, folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1]), folder


def _pixels(folder: Path, name: str) -> np.ndarray:
    return np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))


@pytest.mark.drives("qgis", "ArcGIS REST server")
def test_qgis_draws_an_image_service(
    drawn: tuple[dict[str, Any], Path], server: RunningServer, engine: EngineRoom
) -> None:
    report, folder = drawn
    assert report["arcgis"]["valid"], report
    assert report["arcgis"]["seen"] > 0.95, report
    # Where a service says that it has tiles, QGIS takes those: JPEG.
    made = engine.picture(server.mosaic, _BOX, _SIZE, format="jpg")
    assert_alike(_pixels(folder, "arcgis"), made, mean=0.5)


@pytest.mark.drives("qgis", "XYZ tiles")
def test_qgis_draws_tiles(
    drawn: tuple[dict[str, Any], Path], server: RunningServer, engine: EngineRoom
) -> None:
    report, folder = drawn
    assert report["xyz"]["valid"], report
    assert_alike(_pixels(folder, "xyz"), engine.tiles(server.mosaic, _LEVEL, _BOX), mean=0.5)
