"""The Statistics function: what is typical of each pixel's neighbours; fills holes, too.

References
----------
ArcGIS REST API, raster function objects: Statistics (Type, KernelColumns, KernelRows, FillNoDataOnly).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import StatisticsRule
from engine.functions.base import arguments_of, retyped
from engine.functions.cast import cast
from engine.functions.focal_kernels import least_kernel, moments_kernel, ranked_kernel
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.functions.base import BandsInfo
    from engine.request import RenderingRule

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LEAST, LARGEST, MEAN, DEVIATION, MEDIAN, MAJORITY, MINORITY = range(1, 8)
_RANKED = {MEDIAN: 0, MAJORITY: 1, MINORITY: 2}
_KINDS = "1 (least), 2 (largest), 3 (mean), 4 (standard deviation), 5 (median), 6 (majority) or 7 (minority)"
_MOST_SIDE = 99


@dataclass(frozen=True, slots=True)
class BoundStatistics:
    """Statistics of neighbourhoods of so many (rows, columns)."""

    output: BandsInfo
    kind: int
    window: tuple[int, int]
    fills_only: bool

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the statistic of the valid neighbours; without one there is no data."""
        data = np.empty(block.data.shape, np.float64)
        valid = np.broadcast_to(block.valid, block.data.shape)
        good = np.empty(block.data.shape, np.bool_)
        for band in range(block.bands):
            own = np.ascontiguousarray(valid[band])
            samples = block.data[band].astype(np.float64)
            found, is_there = self._statistic(samples, own)
            if self.fills_only:
                data[band], good[band] = np.where(own, samples, found), own | is_there
            else:
                # Where there is no data none is made up.
                data[band], good[band] = found, own & is_there
        return cast(PixelBlock(data, good), self.output.pixel_type)

    def _statistic(self, data: Floats, valid: Bools) -> tuple[Floats, Bools]:
        rows, cols = data.shape
        out = np.empty((rows, cols), np.float64)
        if self.kind in _RANKED:
            good = np.empty((rows, cols), np.bool_)
            room = np.empty(self.window[0] * self.window[1], np.float64)
            ranked_kernel(data, valid, self.window, _RANKED[self.kind], room, out, good)
            return out, good
        if self.kind in (LEAST, LARGEST):
            sign = 1.0 if self.kind == LEAST else -1.0
            buffer = np.empty(cols + self.window[1], np.float64)
            least_kernel(sign * data, valid, self.window, buffer, out)
            return sign * out, np.isfinite(out)
        return self._moments(data, valid, out)

    def _moments(self, data: Floats, valid: Bools, sums: Floats) -> tuple[Floats, Bools]:
        rows, cols = data.shape
        squares, counts = np.empty((rows, cols)), np.empty((rows, cols))
        buffers = np.empty((3, cols + self.window[1]))
        moments_kernel(data, valid, self.window, buffers, sums, squares, counts)
        good = counts > 0
        with np.errstate(all="ignore"):
            mean = sums / counts
            if self.kind == MEAN:
                return mean, good
            return np.sqrt(np.maximum(squares / counts - mean * mean, 0.0)), good


class Statistics:
    """The raster function; output is F32 for means and deviations, else of the input's type."""

    def padding(self, rule: RenderingRule) -> int:
        """Return half the neighbourhood's larger side."""
        arguments = arguments_of(rule, StatisticsRule)
        return max(arguments.kernel_rows, arguments.kernel_columns, 1) // 2

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundStatistics:
        """Check the neighbourhood.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, StatisticsRule)
        if not LEAST <= arguments.kind <= MINORITY:
            raise InvalidParameter("Type", arguments.kind, _KINDS)
        for name, side in (
            ("KernelRows", arguments.kernel_rows),
            ("KernelColumns", arguments.kernel_columns),
        ):
            if not 1 <= side <= _MOST_SIDE:
                raise InvalidParameter(name, side, f"1 to {_MOST_SIDE} pixels")
        own = info.pixel_type
        if arguments.kind in (MEAN, DEVIATION) and own is not PixelType.F64:
            own = PixelType.F32
        return BoundStatistics(
            retyped(info, rule.output_pixel_type or own),
            arguments.kind,
            (arguments.kernel_rows, arguments.kernel_columns),
            arguments.fill_no_data_only,
        )
