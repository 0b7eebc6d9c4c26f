"""One compiled pass from samples to four-byte pixels, through a table per band.

Integers up to 16 bits index their table directly; wider types and floats are first scaled to one of
65536 steps between the ends of their cut, fine enough that no grey value is skipped by any gamma.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.kernel import kernel
from engine.pixels import PixelBlock, Rgbv

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 65536
# What is added to a sample to get its place in a table.
OFFSETS = {"uint8": 0, "int8": 128, "uint16": 0, "int16": 32768}


def table_size(dtype_name: str) -> int:
    """Return the entries that a table for samples of this type has."""
    return 256 if dtype_name in ("uint8", "int8") else STEPS


@kernel
def _tables_kernel(data, valid, tables, offset, needs_all, out):
    bands = data.shape[0]
    masks = valid.shape[0]
    green, blue = 1 % bands, 2 % bands
    for i in range(data.shape[1]):
        red_valid = valid[0, i]
        green_valid = valid[green % masks, i]
        blue_valid = valid[blue % masks, i]
        every = red_valid and green_valid and blue_valid
        some = red_valid or green_valid or blue_valid
        word = np.uint32(0)
        if every or (some and not needs_all):
            word = np.uint32(0xFF000000)
            if red_valid:
                word |= np.uint32(tables[0, int(data[0, i]) + offset])
            if green_valid:
                word |= np.uint32(tables[green, int(data[green, i]) + offset]) << np.uint32(8)
            if blue_valid:
                word |= np.uint32(tables[blue, int(data[blue, i]) + offset]) << np.uint32(16)
        out[i] = word


@kernel
def _scaled_tables_kernel(data, valid, scales, tables, needs_all, out):
    bands = data.shape[0]
    masks = valid.shape[0]
    for i in range(data.shape[1]):
        word = np.uint32(0)
        usable = 0
        for lane in range(3):
            band = lane % bands
            value = float(data[band, i])
            if valid[band % masks, i] and not np.isnan(value):
                step = (value - scales[band, 0]) * scales[band, 1]
                index = 0
                if step >= 65535.0:
                    index = 65535
                elif step > 0.0:
                    index = int(step + 0.5)
                word |= np.uint32(tables[band, index]) << np.uint32(8 * lane)
                usable += 1
        if usable == 3 or (usable > 0 and not needs_all):
            out[i] = word | np.uint32(0xFF000000)
        else:
            out[i] = np.uint32(0)


@kernel
def _word_tables_kernel(words, tables, out):
    for i in range(words.shape[0]):
        word = words[i]
        if word >= np.uint32(0xFF000000):
            red = np.uint32(tables[0, int(word & np.uint32(255))])
            green = np.uint32(tables[1, int((word >> np.uint32(8)) & np.uint32(255))])
            blue = np.uint32(tables[2, int((word >> np.uint32(16)) & np.uint32(255))])
            out[i] = red | (green << np.uint32(8)) | (blue << np.uint32(16)) | np.uint32(0xFF000000)
        else:
            out[i] = np.uint32(0)


@kernel
def _colours_kernel(data, valid, colours, offset, out):
    for i in range(data.shape[0]):
        out[i] = colours[int(data[i]) + offset] if valid[i] else np.uint32(0)


def _flat(block: PixelBlock) -> PixelBlock:
    """Return the block with rows and columns as one axis, contiguous."""
    data = np.ascontiguousarray(block.data).reshape(block.bands, -1)
    valid = np.ascontiguousarray(block.valid).reshape(block.valid.shape[0], -1)
    return PixelBlock(data, valid)


def _check(block: PixelBlock, tables: NDArray[np.uint8], size: int) -> None:
    if block.bands not in (1, 3) or tables.shape != (block.bands, size):
        raise ValueError(f"tables {tables.shape} do not fit a block of {block.data.shape}")


def words_by_tables(block: PixelBlock, tables: NDArray[np.uint8], *, needs_all: bool) -> Rgbv:
    """Look up samples of 8 or 16 bits.

    Parameters
    ----------
    block
        1 or 3 bands; one is repeated as grey.
    tables : uint8 (bands, `table_size`)
        Entry of a sample at sample + `OFFSETS`.
    needs_all
        Whether a pixel needs all bands valid, or any; an invalid band shows as 0.
    """
    name = block.data.dtype.name
    _check(block, tables, table_size(name))
    flat = _flat(block)
    out = np.empty((block.rows, block.cols), np.uint32)
    _tables_kernel(flat.data, flat.valid, tables, OFFSETS[name], needs_all, out.reshape(-1))
    return Rgbv(out)


def words_by_scale(
    block: PixelBlock,
    scales: NDArray[np.float64],
    tables: NDArray[np.uint8],
    *,
    needs_all: bool,
) -> Rgbv:
    """Scale samples of any type to table steps and look them up; NaN is invalid.

    Parameters
    ----------
    scales : float64 (bands, 2)
        Low end of the cut, and steps per unit.
    tables : uint8 (bands, 65536)
    needs_all
        As in `words_by_tables`.
    """
    _check(block, tables, STEPS)
    # float32 and float64 only: two compiled versions instead of eight.
    if block.data.dtype not in (np.float32, np.float64):
        block = PixelBlock(block.data.astype(np.float64), block.valid)
    flat = _flat(block)
    out = np.empty((block.rows, block.cols), np.uint32)
    _scaled_tables_kernel(flat.data, flat.valid, scales, tables, needs_all, out.reshape(-1))
    return Rgbv(out)


def words_by_words(picture: Rgbv, tables: NDArray[np.uint8]) -> Rgbv:
    """Look up the three channels of four-byte pixels in uint8 (3, 256) tables."""
    if tables.shape != (3, 256):
        raise ValueError(f"tables {tables.shape} are not (3, 256)")
    out = np.empty((picture.rows, picture.cols), np.uint32)
    words = np.ascontiguousarray(picture.words)
    _word_tables_kernel(words.reshape(-1), tables, out.reshape(-1))
    return Rgbv(out)


def words_by_colours(block: PixelBlock, colours: NDArray[np.uint32]) -> Rgbv:
    """Look up one band of classes in a colour table.

    Parameters
    ----------
    colours : uint32 (`table_size`,)
        Whole words, validity included; 0 where a value has no colour. For types beyond 16 bits the
        table stands for 0 to 65535 and other values have no colour.
    """
    if block.data.dtype.name not in OFFSETS:
        inside = (block.data >= 0) & (block.data < STEPS)
        data = np.where(inside, block.data, 0).astype(np.uint16)
        block = PixelBlock(data, block.valid & inside)
    name = block.data.dtype.name
    if block.bands != 1 or colours.shape != (table_size(name),):
        raise ValueError(f"colours {colours.shape} do not fit a block of {block.data.shape}")
    flat = _flat(block)
    out = np.empty((block.rows, block.cols), np.uint32)
    _colours_kernel(flat.data[0], flat.valid[0], colours, OFFSETS[name], out.reshape(-1))
    return Rgbv(out)
