"""Compiled items are small, the same after storing, and say their size."""

from __future__ import annotations

import math

import msgspec

from engine.extent import Extent
from engine.item import BandSource, Item, Level, Source
from tests.engine.catalogs import make_item


def _stored(item: Item) -> Item:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(item), type=Item)


def test_an_item_is_the_same_after_storing() -> None:
    item = make_item(
        7,
        Extent(1.5, 2.5, 3.5, 4.5),
        alpha=BandSource(0, 4),
        sources=(
            Source(
                "/nowhere/7.tif",
                "GTiff",
                7,
                8,
                pyramid=Source("/nowhere/7.ovr.tif", "GTiff", 5, 6),
                pyramid_from=1,
            ),
        ),
        levels=(Level(100, 80, 64, 64), Level(50, 40, 64, 64)),
        no_data=(0.0, None),
        valid_range=(1.0, 9.0),
        z_order=-2.0,
        nadir_x=0.0,
    )
    assert _stored(item) == item


def test_no_data_may_be_not_a_number() -> None:
    (value,) = _stored(make_item(1, no_data=(math.nan,))).no_data
    assert value is not None
    assert math.isnan(value)


def test_the_size_is_that_of_level_0() -> None:
    item = make_item(1, levels=(Level(100, 80, 64, 64), Level(50, 40, 64, 64)))
    assert (item.width, item.height) == (100, 80)


def test_a_plain_item_takes_less_than_300_bytes() -> None:
    # A million of them are stored without the names of their fields.
    assert len(msgspec.msgpack.encode(make_item(1_000_000))) < 300
