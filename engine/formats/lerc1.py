"""The first LERC: float32 samples in blocks of bits, one validity mask for all bands.

A blob is a head, the mask (of the first band only: decoders take it for all) and blocks, each of which
holds an offset and whole numbers of steps above it, packed into as few bits as the largest needs.

References
----------
Esri, lerc, CntZImage (version 11), as its own decoders and GDAL's MRF driver read it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixels import PixelBlock

_MAGIC = b"CntZImage "
_VERSION, _TYPE = 11, 8
_BLOCK = 8
# More steps than float32 has digits for: such blocks are stored plain.
_MOST_STEPS = 1 << 23
# Whole numbers are exact where a step is one of them.
_EXACT_WHOLE = 0.5
# Beside its samples a block takes a flag, an offset and a count.
_BLOCK_HEAD = 10


@kernel
def _run_mask_kernel(bits, out, written):
    """Write runs: a count below 0 and the byte that repeats, or a count above 0 and bytes as they are."""
    size = bits.shape[0]
    at, i, start = 0, 0, 0
    while i <= size:
        run = 0
        if i < size:
            run = 1
            while i + run < size and run < 32767 and bits[i + run] == bits[i]:
                run += 1
        plain = i - start
        if plain > 0 and (run >= 5 or i == size or plain >= 32762):
            out[at], out[at + 1] = plain & 255, plain >> 8
            at += 2
            for k in range(plain):
                out[at + k] = bits[start + k]
            at += plain
            start = i
        if i == size:
            break
        if run >= 5:
            count = 65536 - run
            out[at], out[at + 1], out[at + 2] = count & 255, count >> 8, bits[i]
            at += 3
            start = i + run
        i += run
    out[at], out[at + 1] = 0, 128
    written[0] = at + 2


@kernel
def _put_word(out, at, word, skipped):
    """Write a 32-bit word, lowest byte first, without its lowest `skipped` bytes; return what is next."""
    for k in range(skipped, 4):
        out[at + k - skipped] = (word >> (8 * k)) & 255
    return at + 4 - skipped


@kernel
def _put_offset(out, at, low, low_word):
    """Write a block's flag byte and offset in the smallest form that holds it; return what is next."""
    whole = int(low) if abs(low) < 32768 else 99999
    if whole == low and -128 <= whole <= 127:
        out[at], out[at + 1] = 128, whole & 255
        return at + 2
    if whole == low and -32768 <= whole <= 32767:
        out[at], out[at + 1], out[at + 2] = 64, whole & 255, (whole >> 8) & 255
        return at + 3
    out[at] = 0
    return _put_word(out, at + 1, low_word, 0)


@kernel
def _range_of(samples, valid, window):
    """Return how many samples of a block are valid, the lowest, the highest, and where the lowest is."""
    top, bottom, left, right = window
    count, low, high, low_row, low_col = 0, 0.0, 0.0, top, left
    for row in range(top, bottom):
        for col in range(left, right):
            if valid[row, col]:
                z = float(samples[row, col])
                if count == 0 or z < low:
                    low, low_row, low_col = z, row, col
                if count == 0 or z > high:
                    high = z
                count += 1
    return count, low, high, low_row, low_col


@kernel
def _put_plain(out, at, raw, valid, window):
    """Write the valid samples of a block as they are; return what is next."""
    top, bottom, left, right = window
    for row in range(top, bottom):
        for col in range(left, right):
            if valid[row, col]:
                at = _put_word(out, at, int(raw[row, col]), 0)
    return at


@kernel
def _put_steps(out, at, samples, valid, window, scale):
    """Write the valid samples of a block as whole steps above the lowest; return what is next."""
    top, bottom, left, right = window
    low, step_size, most, count = scale
    bits = 0
    while most >> bits:
        bits += 1
    # A block has fewer than 256 samples: one byte says how many.
    out[at], out[at + 1] = bits | 128, count
    at += 2
    word, free = 0, 32
    for row in range(top, bottom):
        for col in range(left, right):
            if valid[row, col]:
                step = min(int((samples[row, col] - low) / step_size + 0.5), most)
                if free >= bits:
                    free -= bits
                    word |= step << free
                else:
                    at = _put_word(out, at, word | (step >> (bits - free)), 0)
                    free += 32 - bits
                    word = (step << free) & 0xFFFFFFFF
    # Bytes of the last word that no bit is in are left out.
    return _put_word(out, at, word, free // 8)


@kernel
def _blocks_kernel(samples, raw, valid, layout, out, written):
    """Write all blocks, row by row; `raw` holds the samples' bits, a step of 0 is lossless.

    What is `written` is bytes, and how many blocks are plain.
    """
    rows, cols = samples.shape
    side_y, side_x, step_size = layout
    at, plain = 0, 0
    for top in range(0, rows, side_y):
        for left in range(0, cols, side_x):
            window = (top, min(top + side_y, rows), left, min(left + side_x, cols))
            count, low, high, low_row, low_col = _range_of(samples, valid, window)
            steps = 0.0
            if high > low:
                steps = (high - low) / step_size if step_size > 0 else np.inf
            if low == 0 and high == 0:
                out[at] = 2
                at += 1
            elif not steps <= _MOST_STEPS:
                out[at] = 0
                plain += 1
                at = _put_plain(out, at + 1, raw, valid, window)
            else:
                flag = at
                most = int(steps + 0.5)
                at = _put_offset(out, at, low, int(raw[low_row, low_col]))
                out[flag] |= 3 if most == 0 else 1
                if most:
                    scale = (low, step_size, most, count)
                    at = _put_steps(out, at, samples, valid, window, scale)
    written[0], written[1] = at, plain


def encode_lerc1(block: PixelBlock, tolerance: float) -> bytes:
    """Return blobs of float32, one a band.

    Samples of 32-bit integers and doubles beyond float32's 24 bits are rounded to these. A pixel without
    a value in one of the bands is masked in all, for there is one mask.

    Parameters
    ----------
    block
        C-contiguous; not-a-number counts as invalid already.
    tolerance
        Largest error of a sample; whole numbers stay exact below half a step.
    """
    valid = np.ascontiguousarray(block.valid.all(axis=0))
    error = tolerance
    if block.data.dtype.kind != "f":
        error = max(_EXACT_WHOLE, tolerance)
    return b"".join(
        _blob(np.ascontiguousarray(samples, np.float32), valid, error, with_mask=band == 0)
        for band, samples in enumerate(block.data)
    )


def _blob(
    samples: NDArray[np.float32], valid: NDArray[np.bool_], error: float, *, with_mask: bool
) -> bytes:
    rows, cols = samples.shape
    parts = [_MAGIC, struct.pack("<4id", _VERSION, _TYPE, rows, cols, error)]
    if with_mask:
        runs = b"" if valid.all() or not valid.any() else _mask_runs(valid)
        parts += [struct.pack("<3if", 0, 0, len(runs), float(valid.any())), runs]
    down, across = max(1, rows // _BLOCK), max(1, cols // _BLOCK)
    blocks, plain = _blocks(samples, valid, (rows // down, cols // across), error)
    if plain:
        # Decoders in browsers take a plain block for the whole of an image.
        down, across = 1, 1
        blocks, _ = _blocks(samples, valid, (rows, cols), error)
    highest = float(samples.max(where=valid, initial=-np.inf)) if valid.any() else 0.0
    return b"".join([*parts, struct.pack("<3if", down, across, len(blocks), highest), blocks])


def _mask_runs(valid: NDArray[np.bool_]) -> bytes:
    bits = np.packbits(valid.reshape(-1))
    out = np.empty(bits.size + bits.size // 8192 * 2 + 16, np.uint8)
    written = np.zeros(1, np.int64)
    _run_mask_kernel(bits, out, written)
    return out[: written[0]].tobytes()


def _blocks(
    samples: NDArray[np.float32], valid: NDArray[np.bool_], sides: tuple[int, int], error: float
) -> tuple[bytes, int]:
    """Return the blocks of these sides, and how many of them are plain."""
    rows, cols = samples.shape
    count = -(-rows // sides[0]) * -(-cols // sides[1])
    out = np.empty(samples.nbytes + count * _BLOCK_HEAD, np.uint8)
    written = np.zeros(2, np.int64)
    raw = samples.view(np.uint32)
    _blocks_kernel(samples, raw, valid, (*sides, 2.0 * error), out, written)
    return out[: written[0]].tobytes(), int(written[1])
