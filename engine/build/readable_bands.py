"""Bands of an item as far as they can be read: damage to one costs the others nothing."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.build.item_pixels import UNREADABLE, Strip
from engine.errors import SourceCorrupt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.build.band_mapping import BandMapping
    from engine.build.item_pixels import Bools, ItemPixels
    from engine.readers.header import RasterHeader

# A damaged band is read in so many parts, each of which may fail by itself.
_PARTS = 32
_GDAL_BAND = re.compile(r"\(band \d+: ")


def readable_band(
    pixels: ItemPixels, index: int, shape: tuple[int, int], damage: list[SourceCorrupt]
) -> tuple[NDArray[Any], Bools]:
    """Return samples of a band and where they are valid: of what can be read of it.

    Parameters
    ----------
    shape : (rows, cols)
        The nearest samples of so many.
    damage
        Takes the error of a band that cannot be read as a whole.
    """
    try:
        return pixels.band(index, None, shape)
    except SourceCorrupt as err:
        damage.append(err)
    rows, cols = shape
    data = np.zeros(shape, pixels.pixel_type.dtype_name)
    valid = np.zeros(shape, np.bool_)
    edges = np.unique(np.linspace(0, rows, _PARTS + 1).astype(int)).tolist()
    for first, end in pairwise(edges):
        top = first * pixels.height // rows
        strip = Strip(top, max(1, end * pixels.height // rows - top))
        try:
            part = pixels.band(index, strip, (end - first, cols))
        except SourceCorrupt:
            # Told by the first error.
            continue
        data[first:end], valid[first:end] = part
    return data, valid


def damage_note(
    damage: Iterable[SourceCorrupt], mapping: BandMapping, headers: tuple[RasterHeader, ...]
) -> str:
    """Return a sentence that names the files that cannot be read, and their bands; "" for none."""
    found = {str(err.fields[0]): str(err.fields[1]) for err in damage}
    if not found:
        return ""
    told = "; ".join(_file_told(path, why, mapping, headers) for path, why in sorted(found.items()))
    return f"A part of it cannot be read: {told}."


def _file_told(path: str, why: str, mapping: BandMapping, headers: tuple[RasterHeader, ...]) -> str:
    held = [
        (number, header.name)
        for number, (band, header) in enumerate(
            zip(mapping.bands, mapping.headers, strict=False), 1
        )
        if band.source >= 0 and headers[band.source].path == path
    ]
    words = _GDAL_BAND.sub("(", why.removeprefix(UNREADABLE)).strip()
    name = PurePath(path).name
    if len(held) == 1 and len(mapping.bands) > 1:
        number, own = held[0]
        name = f"band {number}{f' ({own})' if own else ''} in {name}"
    return f"{name} {words}".strip()
