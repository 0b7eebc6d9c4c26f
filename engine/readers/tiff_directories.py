"""The directories of a TIFF file: sizes and blocks of its images, without an opening by GDAL for each.

Rules: reads a few hundred bytes; knows plain and BigTIFF of both byte orders. Whatever is not as the
TIFF 6.0 specification says, or is of no use to who asks, is None: GDAL has the last word.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import msgspec

_MOST_DIRECTORIES = 64
_MOST_ENTRIES = 512
_SUBFILE, _WIDTH, _HEIGHT, _SAMPLES, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT = (
    254, 256, 257, 277, 284, 322, 323,
)  # fmt: skip
_ASKED = (_SUBFILE, _WIDTH, _HEIGHT, _SAMPLES, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT)
_REDUCED, _MASK = 1, 4
# Types of whole numbers: SHORT, LONG, LONG8.
_NUMBERS = {3: "H", 4: "I", 16: "Q"}


class TiffImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a TIFF file; blocks of 0 are strips."""

    width: int
    height: int
    samples: int
    is_chunky: bool
    is_reduced: bool
    is_mask: bool
    block_width: int
    block_height: int


def tiff_images(path: str) -> tuple[TiffImage, ...] | None:
    """Return the images of a TIFF file in their order; None = not understood."""
    try:
        with Path(path).open("rb", buffering=0) as file:
            return _images(file.fileno())
    except (OSError, struct.error, OverflowError):
        return None


def _images(file: int) -> tuple[TiffImage, ...] | None:
    head = os.pread(file, 16, 0)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        return None
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    if version not in (42, 43):
        return None
    is_big = version == 43
    (at,) = (
        struct.unpack_from(f"{order}Q", head, 8)
        if is_big
        else struct.unpack_from(f"{order}I", head, 4)
    )
    images: list[TiffImage] = []
    seen: set[int] = set()
    while at:
        if at in seen or len(images) == _MOST_DIRECTORIES:
            return None
        seen.add(at)
        found = _directory(file, at, order, is_big=is_big)
        if found is None:
            return None
        values, at = found
        image = _image(values)
        if image is None:
            return None
        images.append(image)
    return tuple(images)


def _directory(
    file: int, at: int, order: str, *, is_big: bool
) -> tuple[dict[int, int], int] | None:
    """Return the values asked for of a directory, and where the next one is (0 = nowhere)."""
    count_form, size, next_form = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    begin = struct.calcsize(f"={count_form}")
    (count,) = struct.unpack(f"{order}{count_form}", os.pread(file, begin, at))
    if not 0 < count <= _MOST_ENTRIES:
        return None
    table = os.pread(file, count * size + struct.calcsize(f"={next_form}"), at + begin)
    values: dict[int, int] = {}
    for entry in range(count):
        tag, kind = struct.unpack_from(f"{order}HH", table, entry * size)
        if tag not in _ASKED:
            continue
        form = _NUMBERS.get(kind)
        if form is None:
            return None
        # One number, which stands in the entry itself.
        (number,) = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", table, entry * size + 4)
        if number != 1 or (form == "Q" and not is_big):
            return None
        (values[tag],) = struct.unpack_from(
            f"{order}{form}", table, entry * size + (12 if is_big else 8)
        )
    (following,) = struct.unpack_from(f"{order}{next_form}", table, count * size)
    return values, following


def _image(values: dict[int, int]) -> TiffImage | None:
    width, height = values.get(_WIDTH, 0), values.get(_HEIGHT, 0)
    if not (width and height):
        return None
    kind = values.get(_SUBFILE, 0)
    return TiffImage(
        width=width,
        height=height,
        samples=values.get(_SAMPLES, 1),
        is_chunky=values.get(_PLANAR, 1) == 1,
        is_reduced=bool(kind & _REDUCED),
        is_mask=bool(kind & _MASK),
        block_width=values.get(_TILE_WIDTH, 0),
        block_height=values.get(_TILE_HEIGHT, 0),
    )
