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
from engine.kernel import kernel
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.request import RenderingRule

OWN = -1
NONE = 255
_MOST_SIDE = 31


@kernel
def _is_there(valid, row, col):
    rows, cols = valid.shape
    return 0 <= row < rows and 0 <= col < cols and valid[row, col]


@kernel
def _convolve_kernel(data, valid, weights, all_valid, out):
    rows, cols = data.shape
    kernel_rows, kernel_cols = weights.shape
    up, left = kernel_rows // 2, kernel_cols // 2
    for row in range(rows):
        is_inner_row = up <= row and row + kernel_rows - up <= rows
        for col in range(cols):
            if not all_valid and not valid[row, col]:
                out[row, col] = 0.0
                continue
            total = 0.0
            own = float(data[row, col])
            if all_valid and is_inner_row and left <= col and col + kernel_cols - left <= cols:
                for r in range(kernel_rows):
                    for c in range(kernel_cols):
                        total += weights[r, c] * float(data[row + r - up, col + c - left])
            else:
                for r in range(kernel_rows):
                    at_row = row + r - up
                    for c in range(kernel_cols):
                        at_col = col + c - left
                        sample = own
                        if _is_there(valid, at_row, at_col):
                            sample = float(data[at_row, at_col])
                        total += weights[r, c] * sample
            out[row, col] = total


def convolve(
    data: NDArray[np.generic], valid: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weighted sums of one band.

    Parameters
    ----------
    data : (rows, cols)
    valid : bool (rows, cols)
    weights : (kernel rows, kernel cols)
        Its middle, of even sizes the pixel after it, lies on the pixel.
    """
    if data.shape != valid.shape:
        raise ValueError(f"samples {data.shape} and validity {valid.shape} differ in shape")
    out = np.empty(data.shape, np.float64)
    _convolve_kernel(
        np.ascontiguousarray(data),
        np.ascontiguousarray(valid),
        np.ascontiguousarray(weights, np.float64),
        bool(valid.all()),
        out,
    )
    return out


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
        out = np.empty(block.data.shape, np.float64)
        for band in range(block.bands):
            valid = block.valid[band if block.valid.shape[0] > 1 else 0]
            out[band] = convolve(block.data[band], valid, self.weights)
        return cast(PixelBlock(out, block.valid), self.output.pixel_type)


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
