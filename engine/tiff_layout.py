"""The header of a large TIFF whose strips come one after another: parse, make room, fill in.

Rule: bytes and integers only. The front fills in headers and knows neither numpy nor GDAL; GDAL writes
the template once (see `engine.formats.tiff_strips`), so georeference and tags are GDAL's own.

The file is the header, then each row block's parts in order: its pixel strip, then, where there is
one, its strip of the validity mask.

References
----------
TIFF Revision 6.0 section 2 (structure); "The BigTIFF File Format", AWare Systems.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

_STRIP_OFFSETS = 273
_STRIP_BYTE_COUNTS = 279
_COMPRESSION = 259
_NEW_SUBFILE_TYPE = 254
_LONG = 4
_LONG8 = 16
_SHORT = 3


class StripArrays(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the header the offsets and byte counts of one image's strips stand."""

    offsets_at: int
    counts_at: int


class TiffLayout(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to write a TIFF strip by strip.

    Attributes
    ----------
    header : bytes
        Complete but for the strip offsets and counts.
    parts : tuple of StripArrays
        The pixels, then the mask where there is one.
    compression : str
        "none", "deflate", "lzw" or "zstd"; the mask is deflated where pixels are compressed.
    fill : float
        What invalid samples hold.
    """

    width: int
    height: int
    bands: int
    dtype: str
    sample_bytes: int
    rows_per_strip: int
    compression: str
    big: bool
    header: bytes
    parts: tuple[StripArrays, ...]
    fill: float = 0.0

    @property
    def strips(self) -> int:
        """Count of row blocks."""
        return -(-self.height // self.rows_per_strip)

    @property
    def has_mask(self) -> bool:
        """Whether each row block has a strip of the validity mask."""
        return len(self.parts) > 1

    def rows_of(self, strip: int) -> int:
        """Return the rows of a row block; the last may be shorter."""
        return min(self.rows_per_strip, self.height - strip * self.rows_per_strip)


def uncompressed_sizes(layout: TiffLayout) -> list[tuple[int, ...]]:
    """Return the byte counts of each row block's parts, known beforehand without compression."""
    if layout.compression != "none":
        raise ValueError(f"sizes of {layout.compression} strips are not known beforehand")
    row = layout.width * layout.bands * layout.sample_bytes
    mask_row = (layout.width + 7) // 8
    sizes: list[tuple[int, ...]] = []
    for strip in range(layout.strips):
        rows = layout.rows_of(strip)
        sizes.append((rows * row, rows * mask_row) if layout.has_mask else (rows * row,))
    return sizes


def finish(layout: TiffLayout, sizes: Sequence[tuple[int, ...]]) -> bytes:
    """Return the header with offsets and byte counts filled in.

    Parameters
    ----------
    sizes
        For each row block, top to bottom, the byte counts of its parts.

    Raises
    ------
    ValueError
        The counts do not fit the layout, or the file outgrew what its offsets can say.
    """
    if len(sizes) != layout.strips or any(len(entry) != len(layout.parts) for entry in sizes):
        raise ValueError(f"{layout.strips} row blocks of {len(layout.parts)} parts expected")
    code = "Q" if layout.big else "I"
    header = bytearray(layout.header)
    offsets: list[list[int]] = [[] for _ in layout.parts]
    position = len(header)
    for entry in sizes:
        for part, size in enumerate(entry):
            offsets[part].append(position)
            position += size
    if not layout.big and position >= 1 << 32:
        raise ValueError(f"{position} bytes do not fit a classic TIFF")
    for part, arrays in enumerate(layout.parts):
        counts = [entry[part] for entry in sizes]
        struct.pack_into(f"<{layout.strips}{code}", header, arrays.offsets_at, *offsets[part])
        struct.pack_into(f"<{layout.strips}{code}", header, arrays.counts_at, *counts)
    return bytes(header)


class _Entry(msgspec.Struct, frozen=True):
    """One directory entry: where it stands, and what it says."""

    at: int
    tag: int
    type: int
    count: int
    value: int


class _Form(msgspec.Struct, frozen=True):
    """The sizes in which classic TIFF and BigTIFF differ."""

    count_bytes: int
    count_code: str
    entry_bytes: int
    entry_code: str
    word_bytes: int
    word_code: str


_CLASSIC = _Form(2, "<H", 12, "<HHII", 4, "<I")
_BIG = _Form(8, "<Q", 20, "<HHQQ", 8, "<Q")


def is_big(header: bytes | bytearray) -> bool:
    """Tell whether a little-endian TIFF has 64-bit offsets."""
    return bool(struct.unpack_from("<H", header, 2)[0] == 43)


def _directories(header: bytes | bytearray) -> list[dict[int, _Entry]]:
    """Return the entries of each directory by tag."""
    form = _BIG if is_big(header) else _CLASSIC
    found = []
    (at,) = struct.unpack_from(form.word_code, header, 8 if form is _BIG else 4)
    while at:
        (count,) = struct.unpack_from(form.count_code, header, at)
        at += form.count_bytes
        entries = {}
        for _ in range(count):
            entry = _Entry(at, *struct.unpack_from(form.entry_code, header, at))
            entries[entry.tag] = entry
            at += form.entry_bytes
        found.append(entries)
        (at,) = struct.unpack_from(form.word_code, header, at)
    return found


def _put_array(header: bytearray, entry: _Entry, count: int) -> int:
    """Give an entry `count` full-width words and return where they stand."""
    form = _BIG if is_big(header) else _CLASSIC
    word_type = _LONG8 if form is _BIG else _LONG
    value_at = entry.at + form.entry_bytes - form.word_bytes
    if count == 1:
        struct.pack_into(form.entry_code, header, entry.at, entry.tag, word_type, 1, 0)
        return value_at
    at = len(header)
    struct.pack_into(form.entry_code, header, entry.at, entry.tag, word_type, count, at)
    header += bytes(count * form.word_bytes)
    return at


def prepared(
    template: bytes, strips: int, *, mask_compression: int
) -> tuple[bytes, tuple[StripArrays, ...]]:
    """Make room for full-width offsets and counts in a TIFF that GDAL wrote without any strip.

    GDAL packs the byte counts as tightly as it thinks they can be, so both arrays of each directory
    are laid out anew behind everything else.

    Parameters
    ----------
    mask_compression
        TIFF code the mask's strips will have (1 none, 8 deflate).

    Returns
    -------
    header, parts
        For `TiffLayout`.
    """
    header = bytearray(template)
    header += bytes(-len(header) % 8)
    parts = []
    for entries in _directories(template):
        if _NEW_SUBFILE_TYPE in entries:
            form = _BIG if is_big(header) else _CLASSIC
            at = entries[_COMPRESSION].at
            struct.pack_into(form.entry_code, header, at, _COMPRESSION, _SHORT, 1, mask_compression)
        parts.append(
            StripArrays(
                offsets_at=_put_array(header, entries[_STRIP_OFFSETS], strips),
                counts_at=_put_array(header, entries[_STRIP_BYTE_COUNTS], strips),
            )
        )
    return bytes(header), tuple(parts)


def only_strip(file: bytes) -> bytes:
    """Return the bytes of the single strip of a TIFF of one directory."""
    entries = _directories(file)[0]
    offset, count = entries[_STRIP_OFFSETS], entries[_STRIP_BYTE_COUNTS]
    if offset.count != 1:
        raise ValueError(f"one strip expected, the file has {offset.count}")
    return file[offset.value : offset.value + _first_value(count)]


def _first_value(entry: _Entry) -> int:
    """Return the value of an entry of count 1, whose upper bytes may be unused."""
    return entry.value & 0xFFFF if entry.type == _SHORT else entry.value
