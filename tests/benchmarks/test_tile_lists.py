"""Tile lists lie over the data, are fixed, and hold every zoom."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pyproj import Transformer

from benchmarks.scenes import CRS, Scene
from benchmarks.tile_lists import WORLD_M, Tile, tile_view, tiles_over, views_over

SCENE = Scene(
    path=Path("scene.tif"),
    west_m=500_000.0,
    south_m=5_340_000.0,
    east_m=541_000.0,
    north_m=5_381_000.0,
)


def test_list_has_the_number_asked_for_and_no_tile_twice() -> None:
    tiles = tiles_over([SCENE], range(11, 15), 272).tiles
    assert len(tiles) == len(set(tiles)) == 272


def test_finer_zooms_share_what_coarse_ones_leave() -> None:
    zooms = Counter(tile.zoom for tile in tiles_over([SCENE], range(11, 15), 272).tiles)
    assert set(zooms) == {11, 12, 13, 14}
    assert abs(zooms[13] - zooms[14]) <= 1


def test_list_is_the_same_in_every_run() -> None:
    assert tiles_over([SCENE], range(9, 14), 50) == tiles_over([SCENE], range(9, 14), 50)


def test_every_tile_touches_the_scene() -> None:
    to_scene = Transformer.from_crs("EPSG:3857", CRS, always_xy=True)
    for tile in tiles_over([SCENE], range(9, 15), 300).tiles:
        view = tile_view(tile)
        west, south, east, north = to_scene.transform_bounds(
            view.west, view.south, view.east, view.north
        )
        assert west < SCENE.east_m
        assert east > SCENE.west_m
        assert south < SCENE.north_m
        assert north > SCENE.south_m


def test_tile_zero_is_the_whole_world() -> None:
    view = tile_view(Tile(zoom=0, col=0, row=0))
    assert (view.west, view.north) == (-WORLD_M / 2, WORLD_M / 2)
    assert view.east == pytest.approx(WORLD_M / 2)
    assert view.south == pytest.approx(-WORLD_M / 2)


def test_views_keep_square_pixels_and_span_six_doublings() -> None:
    views = views_over([SCENE], 20, cols=800, rows=600)
    sizes = sorted((view.east - view.west) / view.cols for view in views)
    for view in views:
        across, up = (view.east - view.west) / 800, (view.north - view.south) / 600
        assert across == pytest.approx(up)
    assert sizes[-1] / sizes[0] == pytest.approx(64.0)
