"""tileInfo, against the standard scheme."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from server.protocols.arcgis.tile_info import tile_info

if TYPE_CHECKING:
    from pathlib import Path


def test_levels_are_those_of_a_real_service(shared_data: Path) -> None:
    file = shared_data / "09_esri/service_json/tile/imageserver.json"
    real = json.loads(file.read_text())["tileInfo"]
    ours = tile_info(75)
    assert list(ours) == list(real)
    assert ours["origin"] == real["origin"]
    for lod in real["lods"]:
        same = ours["lods"][lod["level"]]
        assert same["resolution"] == pytest.approx(lod["resolution"], rel=1e-7)
        assert same["scale"] == pytest.approx(lod["scale"], rel=1e-7)
