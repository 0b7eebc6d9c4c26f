"""The Statistics function: what is typical of each pixel's neighbours; fills holes, too.

References
----------
ArcGIS REST API, raster function objects: Statistics (Type, KernelColumns, KernelRows, FillNoDataOnly).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import StatisticsRule
from engine.functions.base import arguments_of, retyped
from engine.functions.cast import cast
from engine.functions.focal_statistics import SORTED, focal
from engine.functions.neighbourhoods import rectangle
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from engine.functions.base import BandsInfo
    from engine.functions.neighbourhoods import Neighbourhood
    from engine.request_parts import RenderingRule

_NAMES = {1: "min", 2: "max", 3: "mean", 4: "std", 5: "median", 6: "majority", 7: "minority"}
_KINDS = "1 (least), 2 (largest), 3 (mean), 4 (standard deviation), 5 (median), 6 (majority) or 7 (minority)"
_MOST_SIDE = 99
MOST_SORTED = 33 * 33


@dataclass(frozen=True, slots=True)
class BoundFocal:
    """A statistic of neighbourhoods, band by band.

    Attributes
    ----------
    statistic : str
        Of `engine.functions.focal_statistics`.
    share : float
        Of percentiles.
    fills_only : bool
        Pixels with data stay; those without one get the statistic.
    needs_all : bool
        A neighbour without data leaves no statistic.
    """

    output: BandsInfo
    shape: Neighbourhood
    statistic: str
    share: float = 0.5
    fills_only: bool = False
    needs_all: bool = False

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the statistic of the valid neighbours; without one there is no data."""
        valid = np.broadcast_to(block.valid, block.data.shape)
        if block.data.dtype.kind == "f":
            valid = valid & np.isfinite(block.data)
        data, good = [], np.empty(block.data.shape, np.bool_)
        for band in range(block.bands):
            own = np.ascontiguousarray(valid[band])
            found = focal(block.data[band], own, self.shape, self.statistic, self.share)
            if self.fills_only:
                data.append(
                    np.where(own, block.data[band].astype(found.values.dtype), found.values)
                )
                good[band] = own | found.valid
            else:
                # Where there is no data none is made up.
                data.append(found.values)
                good[band] = own & found.valid
            if self.needs_all:
                missing = focal(~own, np.ones_like(own), self.shape, "max")
                good[band] &= missing.values == 0
        values = data[0][np.newaxis] if len(data) == 1 else np.stack(data)
        return cast(PixelBlock(values, good), self.output.pixel_type)


def taps_of_shape(shape: Neighbourhood, statistic: str) -> int:
    """Return how many neighbours are looked at for a pixel, as many more as sorting them takes."""
    high, wide = shape.window
    if shape.is_rectangle and statistic not in SORTED:
        return high + wide
    count = int(np.count_nonzero(shape.weights))
    # A network of n values has about n (log n)² / 4 exchanges, each as long as some sums.
    return round(count * max(1.0, math.log2(count) ** 2 / 3)) if statistic in SORTED else count


def check_sorted(name: str, shape: Neighbourhood, statistic: str) -> None:
    """Refuse neighbourhoods whose values are too many to be sorted; raises InvalidParameter."""
    count = int(np.count_nonzero(shape.weights))
    if statistic in SORTED and count > MOST_SORTED:
        accepted = f"a neighbourhood of at most {MOST_SORTED} pixels, which have to be sorted"
        raise InvalidParameter(name, f"{count} pixels for {statistic}", accepted)


class Statistics:
    """The raster function; output is F32 for means and deviations, else of the input's type."""

    def padding(self, rule: RenderingRule) -> int:
        """Return half the neighbourhood's larger side."""
        arguments = arguments_of(rule, StatisticsRule)
        return max(arguments.kernel_rows, arguments.kernel_columns, 1) // 2

    def taps(self, rule: RenderingRule) -> int:
        """Return the rows and columns that are added one after the other, or all that are sorted."""
        arguments = arguments_of(rule, StatisticsRule)
        sides = (arguments.kernel_rows, arguments.kernel_columns)
        if not all(1 <= side <= _MOST_SIDE for side in sides):
            # `bind` refuses it by name.
            return 1
        return taps_of_shape(rectangle(*sides), _NAMES.get(arguments.kind, ""))

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundFocal:
        """Check the neighbourhood.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, StatisticsRule)
        statistic = _NAMES.get(arguments.kind)
        if statistic is None:
            raise InvalidParameter("Type", arguments.kind, _KINDS)
        for name, side in (
            ("KernelRows", arguments.kernel_rows),
            ("KernelColumns", arguments.kernel_columns),
        ):
            if not 1 <= side <= _MOST_SIDE:
                raise InvalidParameter(name, side, f"1 to {_MOST_SIDE} pixels")
        shape = rectangle(arguments.kernel_rows, arguments.kernel_columns)
        check_sorted("KernelRows × KernelColumns", shape, statistic)
        own = info.pixel_type
        if statistic in ("mean", "std") and own is not PixelType.F64:
            own = PixelType.F32
        return BoundFocal(
            retyped(info, rule.output_pixel_type or own),
            shape,
            statistic,
            fills_only=arguments.fill_no_data_only,
        )
