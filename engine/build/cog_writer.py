"""Write a Cloud Optimized GeoTIFF tile by tile, in any order, without holding its pixels.

Tiles wait in memory, or in a nameless file where they are many; the head, with directories from fine to coarse, and the tiles, from
coarse to fine, are put together at the end. GDAL writes the tags that say where it lies, into a file of
one pixel. Always BigTIFF: sizes are not known before.

References
----------
"The BigTIFF File Format", AWare Systems; OGC 21-026 (Cloud Optimized GeoTIFF), clause 7.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache
from io import SEEK_END
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from engine.build.cog_tiles import encode_mask, encode_tile, encode_words, predictor_of
from engine.geometry.projection import wkt_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedWriter
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.pixels import Rgbv

_HEAD_BYTES = 16
_MOST_IN_MEMORY = 64 << 20
# Of GeoTIFF: pixel scale, tie point, matrix, keys, and the numbers and texts that keys point to.
_GEO_TAGS = frozenset({33550, 33922, 34264, 34735, 34736, 34737})
_SHORT, _LONG8, _ASCII = 3, 16, 2
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 12: 8, 16: 8}
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


@dataclass(frozen=True, slots=True)
class CogShape:
    """What a file is: size, bands, samples, place.

    Attributes
    ----------
    levels : tuple of (width, height)
        Full resolution first; each one half of the one before, rounded up.
    tile_px : int
        Side of a tile, a multiple of 16.
    geotransform : 6 floats
        GDAL order.
    """

    levels: tuple[tuple[int, int], ...]
    tile_px: int
    bands: int
    dtype: np.dtype[Any]
    crs: str
    geotransform: tuple[float, float, float, float, float, float]


def levels_of(width: int, height: int, tile_px: int) -> tuple[tuple[int, int], ...]:
    """Return the sizes of a file's levels, down to one that is a single tile."""
    levels = [(width, height)]
    while max(levels[-1]) > tile_px:
        levels.append(((levels[-1][0] + 1) // 2, (levels[-1][1] + 1) // 2))
    return tuple(levels)


@dataclass(slots=True)
class _Plane:
    """The tiles of one directory: where each waits, and its bytes (0 = none)."""

    across: int
    places: NDArray[np.int64]
    sizes: NDArray[np.int64]


@dataclass(slots=True)
class _Entry:
    kind: int
    count: int
    data: bytes


@dataclass(slots=True)
class _Directory:
    entries: dict[int, _Entry]
    plane: _Plane
    array_places: dict[int, int] = field(default_factory=dict)


class _Waiting:
    """Packed tiles: the first ones in memory, the others in a file without a name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: list[bytes] = []
        self._room = _MOST_IN_MEMORY
        self._file: IO[bytes] | None = None

    def put(self, packed: bytes) -> int:
        """Take a tile and return where it waits."""
        if len(packed) <= self._room:
            self._room -= len(packed)
            self._kept.append(packed)
            return -len(self._kept)
        self._room = 0
        if self._file is None:
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115 -- `close` closes it
        place = self._file.seek(0, SEEK_END)
        self._file.write(packed)
        return place

    def get(self, place: int, size: int) -> bytes:
        """Return a tile."""
        if place < 0 or self._file is None:
            return self._kept[-place - 1]
        self._file.seek(place)
        return self._file.read(size)

    def close(self) -> None:
        """Forget them."""
        self._kept.clear()
        if self._file is not None:
            self._file.close()


class CogWriter:
    """One file to be written; `put` its tiles, then `finish`.

    Parameters
    ----------
    folder : Path
        Where tiles wait that do not fit into memory.
    """

    def __init__(self, shape: CogShape, folder: Path) -> None:
        self._shape = shape
        self._tiles = _Waiting(folder)
        self._pixels = [_plane(size, shape.tile_px) for size in shape.levels]
        self._masks = [_plane(size, shape.tile_px) for size in shape.levels]
        self._has_invalid = False
        self.has_pixels = False

    def close(self) -> None:
        """Forget the tiles."""
        self._tiles.close()

    def put(
        self, place: tuple[int, int, int], data: NDArray[Any], valid: NDArray[np.bool_]
    ) -> None:
        """Take a tile.

        Parameters
        ----------
        place : (level, row, column)
        data : (bands, rows, cols)
            As they are written, no data in its place.
        valid : bool (rows, cols)
        """
        level, row, col = place
        self._has_invalid |= not bool(valid.all())
        if not valid.any():
            return
        self.has_pixels = True
        self._keep(self._pixels[level], (row, col), encode_tile(data, self._shape.tile_px))
        self._keep(self._masks[level], (row, col), encode_mask(valid, self._shape.tile_px))

    def put_words(self, place: tuple[int, int, int], pixels: Rgbv) -> None:
        """Take a tile of a file of three 8-bit bands."""
        level, row, col = place
        side = self._shape.tile_px
        if pixels.is_full:
            mask = _full_mask(pixels.words.shape, side)
        else:
            valid = pixels.valid_any()
            self._has_invalid |= not bool(valid.all())
            if not valid.any():
                return
            mask = encode_mask(valid, side)
        self.has_pixels = True
        self._keep(self._pixels[level], (row, col), encode_words(pixels.words, side))
        self._keep(self._masks[level], (row, col), mask)

    def _keep(self, plane: _Plane, place: tuple[int, int], packed: bytes) -> None:
        number = place[0] * plane.across + place[1]
        plane.places[number], plane.sizes[number] = self._tiles.put(packed), len(packed)

    def finish(self, path: Path, no_data: float | None) -> None:
        """Write the file.

        Parameters
        ----------
        no_data
            What stands for holes in bands; None = there are none.
        """
        directories = list(self._directories(no_data))
        head = bytearray(struct.pack("<2sHHHQ", b"II", 43, 8, 0, _HEAD_BYTES))
        for index, directory in enumerate(directories):
            _append(head, directory, is_last=index == len(directories) - 1)
        with path.open("wb") as out:
            out.write(bytes(len(head)))
            # Coarse levels first: a reader that fetches the beginning has them.
            for directory in reversed(directories):
                _copy_tiles(out, self._tiles, directory, head)
            out.seek(0)
            out.write(head)

    def _directories(self, no_data: float | None) -> Iterator[_Directory]:
        geo = _geo_entries(self._shape)
        for number, size in enumerate(self._shape.levels):
            entries = self._entries(size, is_reduced=number > 0)
            if number == 0:
                entries |= geo
            if no_data is not None:
                entries[42113] = _ascii(repr(float(no_data)))
            yield _Directory(entries, self._pixels[number])
            if self._has_invalid:
                entries = _mask_entries(size, self._shape.tile_px, is_reduced=number > 0)
                yield _Directory(entries, self._masks[number])

    def _entries(self, size: tuple[int, int], *, is_reduced: bool) -> dict[int, _Entry]:
        shape = self._shape
        bands, dtype = shape.bands, shape.dtype
        is_rgb = bands == 3 and dtype == np.uint8
        entries = _common(size, shape.tile_px, int(is_reduced)) | {
            258: _shorts([8 * dtype.itemsize] * bands),
            262: _shorts([2 if is_rgb else 1]),
            277: _shorts([bands]),
            284: _shorts([1]),
            317: _shorts([predictor_of(dtype)]),
            339: _shorts([_SAMPLE_FORMATS[dtype.kind]] * bands),
        }
        if bands > 1 and not is_rgb:
            entries[338] = _shorts([0] * (bands - 1))
        return entries


@lru_cache(maxsize=16)
def _full_mask(shape: tuple[int, int], side: int) -> bytes:
    return encode_mask(np.ones(shape, np.bool_), side)


def _plane(size: tuple[int, int], tile_px: int) -> _Plane:
    across, down = (-(-side // tile_px) for side in size)
    count = across * down
    return _Plane(across, np.zeros(count, np.int64), np.zeros(count, np.int64))


def _shorts(values: list[int]) -> _Entry:
    return _Entry(_SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def _ascii(text: str) -> _Entry:
    data = text.encode() + b"\0"
    return _Entry(_ASCII, len(data), data)


def _common(size: tuple[int, int], tile_px: int, subfile: int) -> dict[int, _Entry]:
    words = {254: subfile, 256: size[0], 257: size[1], 322: tile_px, 323: tile_px}
    entries = {tag: _Entry(4, 1, struct.pack("<I", value)) for tag, value in words.items()}
    # 8 = deflate in zlib's form.
    entries[259] = _shorts([8])
    return entries


def _mask_entries(size: tuple[int, int], tile_px: int, *, is_reduced: bool) -> dict[int, _Entry]:
    return _common(size, tile_px, 4 | int(is_reduced)) | {
        258: _shorts([1]),
        262: _shorts([4]),
        277: _shorts([1]),
        284: _shorts([1]),
    }


def _append(head: bytearray, directory: _Directory, *, is_last: bool) -> None:
    """Append a directory and what its entries point to; where its tiles are is filled in later."""
    count = len(directory.plane.places)
    entries = directory.entries
    for tag in (324, 325):
        entries[tag] = _Entry(_LONG8, count, bytes(8 * count))
    begin = len(head)
    beyond = begin + 8 + 20 * len(entries) + 8
    table, extra = bytearray(struct.pack("<Q", len(entries))), bytearray()
    for tag in sorted(entries):
        entry = entries[tag]
        table += struct.pack("<HHQ", tag, entry.kind, entry.count)
        if len(entry.data) <= 8:
            directory.array_places[tag] = begin + len(table)
            table += entry.data.ljust(8, b"\0")
        else:
            extra += bytes(-(beyond + len(extra)) % 8)
            directory.array_places[tag] = beyond + len(extra)
            table += struct.pack("<Q", beyond + len(extra))
            extra += entry.data
    extra += bytes(-(beyond + len(extra)) % 8)
    following = 0 if is_last else beyond + len(extra)
    head += table + struct.pack("<Q", following) + extra


def _copy_tiles(
    out: BufferedWriter, tiles: _Waiting, directory: _Directory, head: bytearray
) -> None:
    plane = directory.plane
    offsets = np.zeros(len(plane.places), "<u8")
    for number in np.flatnonzero(plane.sizes):
        offsets[number] = out.tell()
        out.write(tiles.get(int(plane.places[number]), int(plane.sizes[number])))
    for tag, values in ((324, offsets), (325, plane.sizes.astype("<u8"))):
        at = directory.array_places[tag]
        head[at : at + values.nbytes] = values.tobytes()


def _geo_entries(shape: CogShape) -> dict[int, _Entry]:
    """Return the tags that say where the file lies, as GDAL writes them."""
    profile = {
        "driver": "GTiff",
        "width": 1,
        "height": 1,
        "count": 1,
        "dtype": "uint8",
        "crs": CRS.from_wkt(wkt_of(shape.crs)),
        "transform": Affine.from_gdal(*shape.geotransform),
        "bigtiff": "yes",
    }
    with MemoryFile() as memory:
        with memory.open(**profile):
            pass
        file = bytes(memory.getbuffer())
    begin = struct.unpack_from("<Q", file, 8)[0]
    found = {}
    for number in range(struct.unpack_from("<Q", file, begin)[0]):
        at = begin + 8 + 20 * number
        tag, kind, count = struct.unpack_from("<HHQ", file, at)
        if tag in _GEO_TAGS:
            size = count * _TYPE_BYTES[kind]
            place = at + 12 if size <= 8 else struct.unpack_from("<Q", file, at + 12)[0]
            found[tag] = _Entry(kind, count, file[place : place + size])
    return found
