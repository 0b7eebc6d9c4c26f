"""Levels by their true size ratio, and how their pixels are cut into blocks."""

from __future__ import annotations

import msgspec
import pytest

from engine.item import BandSource, Item, Level, Source
from engine.levels import choose_level, level_view
from engine.pixel_type import PixelType


def _item(*levels: tuple[int, int], block: int = 256) -> Item:
    return Item(
        id=1,
        name="item",
        category=1,
        sources=(Source("missing.tif", "GTiff", 1, 1),),
        bands=(BandSource(0, 1),),
        crs="EPSG:32632",
        geotransform=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
        levels=tuple(Level(w, h, block, block) for w, h in levels),
        pixel_type=PixelType.U8,
        no_data=(None,),
    )


def test_the_coarsest_level_that_is_fine_enough_is_taken() -> None:
    item = _item((4096, 4096), (2048, 2048), (1024, 1024))
    chosen = [choose_level(item, ratio).index for ratio in (0.2, 1.0, 1.9, 2.0, 3.9, 4.0)]
    assert chosen == [0, 0, 0, 1, 1, 2]


def test_the_true_ratio_counts_not_powers_of_two() -> None:
    # 4097 / 2049 is 1.9995: an output pixel of 2 is coarse enough for it, and 1.97 is not.
    item = _item((4097, 4097), (2049, 2049), (1025, 1025), (513, 513))
    assert choose_level(item, 2.0).index == 1
    assert choose_level(item, 1.97).index == 0
    assert choose_level(item, 8.0).index == 3
    view = level_view(item, 1)
    assert (view.scale_x, view.width) == (2049 / 4097, 2049)


def test_levels_of_factor_three_are_chosen_by_their_size() -> None:
    item = _item((9000, 9000), (3000, 3000), (1000, 1000))
    assert [choose_level(item, r).index for r in (2.9, 3.0, 8.8, 9.0)] == [0, 1, 1, 2]


def test_a_missing_level_is_not_made_up_when_the_pyramid_is_near() -> None:
    item = _item((8192, 8192), (1024, 1024))
    near = choose_level(item, 1.9)
    assert (near.index, near.shrink) == (0, 0)
    # Between the levels the finer one is averaged, exactly 2 and 4 pixels to one.
    assert (choose_level(item, 4.0).index, choose_level(item, 4.0).shrink) == (0, 2)
    assert (choose_level(item, 8.0).index, choose_level(item, 8.0).shrink) == (1, 0)


def test_beyond_the_coarsest_level_it_is_averaged() -> None:
    view = choose_level(_item((1000, 600)), 16.0)
    assert (view.index, view.shrink) == (0, 4)
    assert (view.cols, view.rows) == (63, 38)
    assert (view.width, view.height) == (62.5, 37.5)
    assert view.scale_x == 1 / 16


def test_a_level_squeezed_along_one_axis_counts_by_its_finer_axis() -> None:
    item = _item((4096, 4096), (2048, 4096))
    assert choose_level(item, 2.0).index == 0
    assert choose_level(item, 2.0).shrink == 1


@pytest.mark.parametrize("ratio", [1e-9, 0.5, 3.0, 1e3, 1e9, 1e30])
def test_every_ratio_gives_a_level_with_pixels(ratio: float) -> None:
    view = choose_level(_item((300, 7)), ratio)
    assert view.cols >= 1
    assert view.rows >= 1
    assert view.block_cols >= 1


def test_odd_block_layouts_are_cut_into_512() -> None:
    striped = msgspec.structs.replace(_item((3000, 3000)), levels=(Level(3000, 3000, 3000, 1),))
    view = level_view(striped, 0)
    assert (view.block_cols, view.block_rows) == (512, 512)
    tiled = level_view(_item((3000, 3000)), 0)
    assert (tiled.block_cols, tiled.block_rows) == (256, 256)


def test_a_level_does_not_depend_on_anything_but_item_and_ratio() -> None:
    item = _item((5000, 5000), (2500, 2500))
    assert choose_level(item, 1.7) == choose_level(item, 1.7)
