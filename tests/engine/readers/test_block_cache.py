"""The block cache: bounded by bytes, and no key stands for two files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.footprint import pack_rings
from engine.levels import level_view
from engine.readers.block_cache import BlockCache, Identities, block_key
from engine.readers.block_reader import BlockRequest
from engine.readers.handles import HandlePool
from tests.engine.rasters import ramp, single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.item import Item


def _item(path: Path) -> Item:
    return single_service(path).catalog.item(1)


def _load(cache: BlockCache, item: Item, number: int, place: tuple[int, int]) -> np.ndarray:
    request = BlockRequest(item, number, level_view(item, 0), (0,), False, b"")
    key = block_key(request, "planes")
    cache.load(HandlePool(), request, "planes", key, place)
    block = cache.peek(key, place)
    assert block is not None
    return block.data


def test_the_least_recently_used_blocks_leave(tmp_path: Path) -> None:
    item = _item(
        write_raster(tmp_path / "a.tif", ramp(512, 512), tiled=True, blockxsize=128, blockysize=128)
    )
    cache = BlockCache(max_bytes=5 * 128 * 128)
    for row in range(4):
        for col in range(4):
            _load(cache, item, 0, (row, col))
            assert cache.nbytes <= cache.max_bytes
    key = block_key(BlockRequest(item, 0, level_view(item, 0), (0,), False, b""), "planes")
    held = [(r, c) for r in range(4) for c in range(4) if cache.peek(key, (r, c)) is not None]
    assert held == [(2, 3), (3, 0), (3, 1), (3, 2), (3, 3)]
    cache.clear()
    assert cache.nbytes == 0
    assert cache.peek(key, (3, 3)) is None


def test_a_rewritten_file_has_other_keys(tmp_path: Path) -> None:
    identities, cache = Identities(), BlockCache(1 << 20)
    first = _item(write_raster(tmp_path / "a.tif", ramp(64, 64)))
    old = _load(cache, first, identities.number(first), (0, 0))
    other = 250 - ramp(64, 64)
    second = _item(write_raster(tmp_path / "b.tif", other))
    (tmp_path / "b.tif").replace(tmp_path / "a.tif")
    status = (tmp_path / "a.tif").stat()
    source = msgspec.structs.replace(
        first.sources[0], size=status.st_size, mtime_ns=status.st_mtime_ns
    )
    second = msgspec.structs.replace(second, sources=(source,))
    new = _load(cache, second, identities.number(second), (0, 0))
    np.testing.assert_array_equal(new, other)
    assert not np.array_equal(old, new)


def test_everything_that_changes_pixels_changes_the_key(tmp_path: Path) -> None:
    item = _item(write_raster(tmp_path / "a.tif", ramp(64, 64, bands=3)))
    identities = Identities()
    number = identities.number(item)
    plain = BlockRequest(item, number, level_view(item, 0), (0, 1, 2), False, b"")
    ring = pack_rings([np.array([[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]])])
    variants = [
        BlockRequest(item, number, level_view(item, 0), (2, 1, 0), False, b""),
        BlockRequest(item, number, level_view(item, 0), (0, 1, 2), False, ring),
        BlockRequest(item, number, level_view(item, 0, 1), (0, 1, 2), False, b""),
        BlockRequest(item, number, level_view(item, 0, 1), (0, 1, 2), True, b""),
    ]
    keys = {block_key(request, "planes") for request in (plain, *variants)}
    keys.add(block_key(plain, "rgbv"))
    assert len(keys) == 6
    changes = [
        {"no_data": (1.0, 1.0, 1.0)},
        {"valid_range": (1.0, 9.0)},
        {"dataset_mask": True},
        {"bands": item.bands[::-1]},
    ]
    numbers = {identities.number(msgspec.structs.replace(item, **change)) for change in changes}
    assert len(numbers | {number}) == 5
    assert identities.number(msgspec.structs.replace(item, name="b", id=9)) == number
