"""The demo's raw images: no place on a map, a sensor model, a terrain and the truth beside them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.transform import RPCTransformer

from engine.build import demo_raw_images
from engine.build.progress import no_progress

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("raw")
    demo_raw_images.make_raw_images(made, no_progress)
    return made


def _images(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tif"))


def test_images_have_a_model_and_no_place(folder: Path) -> None:
    for path in _images(folder):
        with rasterio.open(path) as image:
            assert image.crs is None
            assert image.rpcs is not None
            assert image.overviews(1)
    with (folder / "scenes.csv").open(encoding="utf-8") as file:
        assert [row["SeenFrom"] for row in csv.DictReader(file)] == ["west", "east"]


def test_roads_of_the_truth_lie_on_roads_of_the_images(folder: Path) -> None:
    truth = json.loads((folder / demo_raw_images.TRUTH_FILE).read_text(encoding="utf-8"))
    lines = [f["geometry"]["coordinates"] for f in truth["features"]]
    with rasterio.open(folder / demo_raw_images.TERRAIN_FILE) as terrain:
        posts, place, crs = terrain.read(1), ~terrain.transform, terrain.crs
    lon, lat = np.array(lines[3][2:7]).T
    x, y = rasterio.warp.transform("EPSG:4326", crs, lon, lat)
    heights = [
        float(posts[int(r), int(c)]) for c, r in (place @ pair for pair in zip(x, y, strict=True))
    ]
    for path in _images(folder):
        with rasterio.open(path) as image, RPCTransformer(image.rpcs) as transformer:
            rows, cols = transformer.rowcol(lon, lat, zs=heights, op=float)
            red = image.read(1)
        on_road = [
            red[int(r) - 2 : int(r) + 3, int(c) - 2 : int(c) + 3].max()
            for r, c in zip(rows, cols, strict=True)
        ]
        assert np.mean(on_road) > np.median(red) + 40


def test_the_truth_holds_roads_and_a_river(folder: Path) -> None:
    truth = json.loads((folder / demo_raw_images.TRUTH_FILE).read_text(encoding="utf-8"))
    kinds = [feature["properties"]["kind"] for feature in truth["features"]]
    assert kinds.count("road") == 16
    assert kinds.count("river") == 1
