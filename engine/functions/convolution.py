"""The Convolution function: a weighted sum over each pixel's neighbours.

A neighbour that is not there (no data, or beyond the raster) counts as the pixel itself, so edges are
neither dark nor lost, and validity stays as it is.

References
----------
ArcGIS REST API, raster function objects: Convolution (Type, Rows, Columns, Kernel). The kernel is laid
over the pixels as it is written, its first row at the top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import ConvolutionRule
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.cast import cast
from engine.functions.convolution_kernels import KERNELS
from engine.kernel import kernel, unaliased_kernel
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.request_parts import RenderingRule

OWN = -1
NONE = 255
_MOST_SIDE = 31


@kernel
def _careful_sum(data, valid, weights, row, col):
    """Return the sum at a pixel that lacks neighbours."""
    rows, cols = data.shape
    up, left = weights.shape[0] // 2, weights.shape[1] // 2
    own, total = float(data[row, col]), 0.0
    for r in range(weights.shape[0]):
        y = row + r - up
        for c in range(weights.shape[1]):
            x = col + c - left
            is_there = 0 <= y < rows and 0 <= x < cols and valid[y, x]
            total += weights[r, c] * (float(data[y, x]) if is_there else own)
    return total


@unaliased_kernel
def _add_four(row, weights, out):
    for j in range(out.size):
        out[j] += (weights[0] * np.float64(row[j]) + weights[1] * np.float64(row[j + 1])) + (
            weights[2] * np.float64(row[j + 2]) + weights[3] * np.float64(row[j + 3])
        )


@unaliased_kernel
def _add_one(row, weight, out):
    for j in range(out.size):
        out[j] += weight * np.float64(row[j])


@unaliased_kernel
def _add_taps(row, weights, out):
    """Add a row of a kernel, laid over a row from its first sample on."""
    c, wide = 0, weights.size
    while c + 4 <= wide:
        _add_four(row[c:], weights[c : c + 4], out)
        c += 4
    while c < wide:
        _add_one(row[c:], weights[c], out)
        c += 1


@unaliased_kernel
def _inner_row(data, first, weights, parts, room, out):
    """Write the sums of a row where all neighbours are there, from the kernel's middle on.

    Parameters
    ----------
    parts : (down, across)
        Whose products the weights are; empty where they are none.
    room : float64 (2, cols)
    """
    down, across = parts
    sums = room[1, : data.shape[1] - weights.shape[1] + 1]
    sums[:] = 0.0
    if down.size > 0:
        room[0, :] = 0.0
        for r in range(down.size):
            _add_one(data[first + r], down[r], room[0])
        _add_taps(room[0], across, sums)
    else:
        for r in range(weights.shape[0]):
            _add_taps(data[first + r], weights[r], sums)
    for j in range(sums.size):
        out[j] = sums[j]


@unaliased_kernel
def _mark_lacking(valid, first, high, wide, room, lacks):
    """Write whether the window at each place of a row lacks a sample."""
    room[0, :] = 0.0
    for r in range(high):
        for j in range(valid.shape[1]):
            room[0, j] += 0.0 if valid[first + r, j] else 1.0
    for j in range(lacks.size):
        lacks[j] = False
    for c in range(wide):
        for j in range(lacks.size):
            lacks[j] |= room[0, j + c] > 0.0


@kernel
def _convolve_kernel(data, validity, weights, parts, rooms, out):
    valid, full_rows = validity
    room, lacks = rooms
    rows, cols = data.shape
    high, wide = weights.shape
    up, left = high // 2, wide // 2
    inner = cols - wide + 1
    for row in range(rows):
        first = row - up
        is_inner = first >= 0 and first + high <= rows and inner > 0
        is_full = True
        if is_inner:
            for r in range(high):
                is_full = is_full and full_rows[first + r]
            _inner_row(data, first, weights, parts, room, out[row, left : left + inner])
            if not is_full:
                _mark_lacking(valid, first, high, wide, room, lacks[:inner])
        for col in range(cols):
            if is_inner and left <= col < left + inner and (is_full or not lacks[col - left]):
                continue
            if valid[row, col]:
                out[row, col] = _careful_sum(data, valid, weights, row, col)
            else:
                out[row, col] = 0.0


def convolve(
    data: NDArray[np.generic],
    valid: NDArray[np.bool_],
    weights: NDArray[np.float64],
    dtype: type[np.floating] = np.float64,
) -> NDArray[np.floating]:
    """Return the weighted sums of one band, worked out in double precision.

    Parameters
    ----------
    data : (rows, cols)
    valid : bool (rows, cols)
    weights : (kernel rows, kernel cols)
        Its middle, of even sizes the pixel after it, lies on the pixel.
    dtype
        Of the sums.
    """
    if data.shape != valid.shape:
        raise ValueError(f"samples {data.shape} and validity {valid.shape} differ in shape")
    full_rows = valid.all(axis=1)
    samples = np.ascontiguousarray(data)
    if data.dtype.kind == "f" and not full_rows.all():
        # What counts nothing must be no NaN, which 0 · NaN is.
        samples = np.where(valid, samples, np.zeros((), data.dtype))
    out = np.empty(data.shape, dtype)
    room, lacks = np.empty((2, data.shape[1])), np.empty(data.shape[1], np.bool_)
    own = np.ascontiguousarray(weights, np.float64)
    validity = (np.ascontiguousarray(valid), full_rows)
    _convolve_kernel(samples, validity, own, _parts(own), (room, lacks), out)
    return out


def _parts(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a column and a row whose products the weights are, else two of nothing."""
    none = np.zeros(0)
    r, c = np.unravel_index(int(np.abs(weights).argmax()), weights.shape)
    if weights[r, c] == 0 or min(weights.shape) == 1:
        return none, none
    down, across = weights[:, c].copy(), weights[r] / weights[r, c]
    apart = np.abs(np.outer(down, across) - weights).max()
    return (down, across) if apart <= 1e-15 * np.abs(weights).max() else (none, none)


def kernel_of(rule: ConvolutionRule) -> NDArray[np.float64] | None:
    """Return the weights of a rule, None where there is nothing to do.

    Raises
    ------
    InvalidParameter
    """
    if rule.kind == NONE:
        return None
    if rule.kind in KERNELS:
        return KERNELS[rule.kind]
    if rule.kind != OWN:
        accepted = f"{OWN} with Rows, Columns and Kernel, 0 to {max(KERNELS)}, or {NONE} (none)"
        raise InvalidParameter("Type", rule.kind, accepted)
    sides = (rule.rows, rule.columns)
    if not all(1 <= side <= _MOST_SIDE for side in sides):
        raise InvalidParameter("Rows, Columns", sides, f"counts from 1 to {_MOST_SIDE}")
    weights = np.array(rule.kernel, np.float64)
    if weights.size != rule.rows * rule.columns or not np.isfinite(weights).all():
        accepted = f"{rule.rows * rule.columns} finite numbers, Rows × Columns of them"
        raise InvalidParameter("Kernel", f"{weights.size} numbers", accepted)
    return weights.reshape(sides)


@dataclass(frozen=True, slots=True)
class BoundConvolution:
    """Convolution with its kernel; None does nothing."""

    output: BandsInfo
    weights: NDArray[np.float64] | None

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the sums in the output type; validity stays as it is."""
        if self.weights is None:
            return cast(block, self.output.pixel_type)
        valid = block.valid
        if block.data.dtype.kind == "f":
            valid = valid & np.isfinite(block.data)
        # Whole numbers are rounded once, from double precision.
        dtype = np.float32 if self.output.pixel_type is PixelType.F32 else np.float64
        out = [
            convolve(
                block.data[band],
                valid[band if valid.shape[0] > 1 else 0],
                self.weights,
                dtype,
            )
            for band in range(block.bands)
        ]
        sums = out[0][np.newaxis] if len(out) == 1 else np.stack(out)
        return cast(PixelBlock(sums, valid), self.output.pixel_type)


class Convolution:
    """The raster function; each band by itself. Output is the input's type unless the rule names one."""

    def padding(self, rule: RenderingRule) -> int:
        """Return half the kernel's larger side."""
        weights = kernel_of(arguments_of(rule, ConvolutionRule))
        return 0 if weights is None else max(weights.shape) // 2

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundConvolution:
        """Look up the kernel.

        Raises
        ------
        InvalidParameter
        """
        weights = kernel_of(arguments_of(rule, ConvolutionRule))
        pixel_type = rule.output_pixel_type or info.pixel_type
        output = BandsInfo(pixel_type, info.bands, height_m=info.height_m)
        return BoundConvolution(output, weights)
