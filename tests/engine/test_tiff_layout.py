"""The header of a large TIFF: places for offsets, and what does not fit them."""

from __future__ import annotations

import struct

import msgspec
import pytest

from engine.tiff_layout import StripArrays, TiffLayout, finish, only_strip, uncompressed_sizes


def layout(*, big: bool = False, compression: str = "none", masks: int = 0) -> TiffLayout:
    """Three row blocks of 4, 4 and 2 rows, 5 pixels of 2 bands of 16 bits."""
    word = 8 if big else 4
    arrays = [
        StripArrays(offsets_at=8 + part * 6 * word, counts_at=8 + part * 6 * word + 3 * word)
        for part in range(1 + masks)
    ]
    return TiffLayout(
        width=5,
        height=10,
        bands=2,
        dtype="uint16",
        sample_bytes=2,
        rows_per_strip=4,
        compression=compression,
        big=big,
        header=bytes(8 + 6 * word * (1 + masks)),
        parts=tuple(arrays),
    )


def words(header: bytes, at: int, size: int) -> list[int]:
    return [int.from_bytes(header[at + i * size : at + (i + 1) * size], "little") for i in range(3)]


def test_uncompressed_strips_have_known_sizes() -> None:
    assert uncompressed_sizes(layout()) == [(80,), (80,), (40,)]
    assert uncompressed_sizes(layout(masks=1)) == [(80, 4), (80, 4), (40, 2)]


@pytest.mark.parametrize("big", [False, True])
def test_parts_of_a_row_block_follow_each_other(big: bool) -> None:
    plan = layout(big=big, masks=1)
    header = finish(plan, [(80, 4), (70, 3), (40, 2)])
    start, size = len(plan.header), 8 if big else 4
    pixels, mask = plan.parts
    assert words(header, pixels.offsets_at, size) == [start, start + 84, start + 157]
    assert words(header, pixels.counts_at, size) == [80, 70, 40]
    assert words(header, mask.offsets_at, size) == [start + 80, start + 154, start + 197]
    assert words(header, mask.counts_at, size) == [4, 3, 2]


@pytest.mark.parametrize("sizes", [[(80,), (80,)], [(80, 1)] * 3, []])
def test_sizes_that_do_not_fit_the_layout_are_refused(sizes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="3 row blocks of 1 parts"):
        finish(layout(), sizes)


def test_a_classic_file_that_outgrows_its_offsets_is_refused() -> None:
    with pytest.raises(ValueError, match="classic"):
        finish(layout(compression="deflate"), [(2**31,)] * 3)


def test_sizes_of_compressed_strips_are_not_guessed() -> None:
    with pytest.raises(ValueError, match="deflate"):
        uncompressed_sizes(layout(compression="deflate"))


def test_a_layout_crosses_processes() -> None:
    plan = layout(masks=1)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(plan), type=TiffLayout) == plan


def test_a_short_byte_count_ignores_the_bytes_behind_it() -> None:
    entries = (struct.pack("<HHII", 273, 4, 1, 38), struct.pack("<HHIHH", 279, 3, 1, 3, 0xFFFF))
    file = b"II*\0" + struct.pack("<IH", 8, 2) + b"".join(entries) + bytes(4) + b"abcdef"
    assert only_strip(file) == b"abc"
