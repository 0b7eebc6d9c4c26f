"""QGIS opens the service as an ArcGIS layer and as XYZ tiles, without a plug-in."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.conftest import RunningServer

_AFRICA = "1500000,-2000000,3500000,0"


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB").resize((64, 64)), dtype=np.float64)


def test_qgis_draws_the_service_alike_by_rest_and_by_tiles(
    server: RunningServer,
    require_system_module: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    python = require_system_module("qgis.core")
    script = Path(__file__).with_name("qgis_open.py")
    tiles = f"{server.base}/tiles/{server.mosaic}/%7Bz%7D/%7Bx%7D/%7By%7D.png"
    result = subprocess.run(
        [python, script, server.rest(server.mosaic), tiles, _AFRICA, tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    for name in ("arcgis", "xyz"):
        assert report[name]["valid"], report
        assert report[name]["seen"] > 0.95, report
    by_rest, by_tiles = _pixels(tmp_path / "arcgis.png"), _pixels(tmp_path / "xyz.png")
    assert by_rest.std() > 15
    # Tiles are drawn at the nearest zoom and scaled by QGIS, so pixels agree only roughly.
    assert np.abs(by_rest - by_tiles).mean() < 12
