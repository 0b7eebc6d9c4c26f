"""Damage a little-endian GeoTIFF in the ways that robust readers must survive."""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TILE_OFFSETS, _TILE_BYTE_COUNTS = 324, 325


def _tag_at(data: bytes, tag: int) -> tuple[int, int, int]:
    """Position of a tag's entry in the first directory, its type and count."""
    (ifd,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, ifd)
    for entry in range(ifd + 2, ifd + 2 + 12 * count, 12):
        found, kind, number = struct.unpack_from("<HHI", data, entry)
        if found == tag:
            return entry, kind, number
    raise AssertionError(f"no tag {tag}")


def set_all(data: bytearray, tag: int, value: int) -> None:
    """Write `value` into every entry of a tag."""
    entry, kind, number = _tag_at(bytes(data), tag)
    width, code = {3: (2, "<H"), 4: (4, "<I")}[kind]
    at = entry + 8
    if width * number > 4:
        (at,) = struct.unpack_from("<I", data, at)
    limit = (1 << 8 * width) - 1
    for index in range(number):
        struct.pack_into(code, data, at + width * index, min(value, limit))


def cut(data: bytearray) -> bytearray:
    """Cut the file short."""
    return data[: len(data) * 2 // 3]


def offsets_beyond_the_end(data: bytearray) -> bytearray:
    """Let every tile lie where the file has ended."""
    set_all(data, _TILE_OFFSETS, 0xF0000000)
    return data


def two_gigabytes_a_tile(data: bytearray) -> bytearray:
    """Let every tile claim 2 GB."""
    set_all(data, _TILE_BYTE_COUNTS, 2_000_000_000)
    return data


def deflate_bomb(data: bytearray) -> bytearray:
    """Let every tile be 200 kB that inflate to 200 MB."""
    bomb = zlib.compress(bytes(200_000_000), 9)
    offset = len(data)
    data += bomb
    set_all(data, _TILE_OFFSETS, offset)
    set_all(data, _TILE_BYTE_COUNTS, len(bomb))
    return data


def garbage(data: bytearray) -> bytearray:
    """Let every tile begin inside the header."""
    set_all(data, _TILE_OFFSETS, 8)
    return data


DAMAGES = [cut, offsets_beyond_the_end, two_gigabytes_a_tile, deflate_bomb, garbage]
SAME_SIZE = [offsets_beyond_the_end, two_gigabytes_a_tile, garbage]


def damage(path: Path, how: Callable[[bytearray], bytearray]) -> None:
    """Damage a file."""
    path.write_bytes(how(bytearray(path.read_bytes())))


def damage_in_silence(path: Path, how: Callable[[bytearray], bytearray]) -> None:
    """Damage a file as a disk does it: nothing tells that its bytes are others."""
    stamp = path.stat()
    damage(path, how)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert path.stat().st_size == stamp.st_size
