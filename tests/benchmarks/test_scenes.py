"""The benchmark's scenes are what the README says they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio

from benchmarks.scenes import OVERLAP, SceneSize, ensure_scenes

if TYPE_CHECKING:
    from pathlib import Path

SMALL = SceneSize(side=2, pixels=1024)


def test_scene_is_a_tiled_deflate_cog_with_predictor_and_overviews(tmp_path: Path) -> None:
    with rasterio.open(ensure_scenes(SMALL, tmp_path)[0].path) as scene:
        assert scene.shape == (1024, 1024)
        assert scene.dtypes == ("uint8",) * 3
        assert scene.block_shapes == [(512, 512)] * 3
        assert scene.overviews(1) == [2, 4, 8]
        assert scene.crs.to_epsg() == 32633
        assert scene.tags(ns="IMAGE_STRUCTURE")["COMPRESSION"] == "DEFLATE"
        assert scene.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "2"


def test_neighbours_overlap_and_show_the_same_ground_in_other_tints(tmp_path: Path) -> None:
    west, east = ensure_scenes(SMALL, tmp_path)[:2]
    step = round(SMALL.pixels * (1 - OVERLAP))
    with rasterio.open(west.path) as left, rasterio.open(east.path) as right:
        one = left.read()[:, :, step:].astype(float)
        other = right.read()[:, :, : SMALL.pixels - step].astype(float)
    for band in range(3):
        assert np.corrcoef(one[band].ravel(), other[band].ravel())[0, 1] > 0.99
    assert np.abs(one - other).mean() > 2


def test_two_makings_give_the_same_pixels(tmp_path: Path) -> None:
    first = ensure_scenes(SMALL, tmp_path / "first")[-1]
    second = ensure_scenes(SMALL, tmp_path / "second")[-1]
    assert first.path.read_bytes() == second.path.read_bytes()


def test_finished_scenes_are_not_made_again(tmp_path: Path) -> None:
    path = ensure_scenes(SMALL, tmp_path)[0].path
    before = path.stat().st_mtime_ns
    assert ensure_scenes(SMALL, tmp_path)[0].path.stat().st_mtime_ns == before
