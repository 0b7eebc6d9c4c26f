"""The ElevationVoidFill function: short voids of heights filled from their edges.

Each pixel of a void becomes the mean of the nearest heights in eight directions, weighted by the inverse square of
their distance. A void counts as narrow where it ends on both sides of the pixel within so many pixels, along the row
or along the column: looking no farther than that, tiles agree.

References
----------
ArcGIS REST API, raster function objects: ElevationVoidFill (MaxVoidWidth). Shepard, D. (1968), A two-dimensional
interpolation function for irregularly-spaced data, Proceedings of the 23rd ACM National Conference, 517-524.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import ElevationVoidFillRule
from engine.functions.base import arguments_of, retyped
from engine.functions.cast import cast
from engine.kernel import kernel
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from engine.functions.base import BandsInfo
    from engine.request_parts import RenderingRule

# Voids that are wider are never filled: what lies between is anybody's guess.
WIDEST_PX = 64
_DIRECTIONS = 8


@kernel
def _fill_kernel(data, valid, widest, reach, out, good):
    """Write heights with narrow voids filled.

    Parameters
    ----------
    reach : int64 (8,)
        Room for the distances of the edges: east, south-east, south … north-east.
    """
    rows, cols = data.shape
    for i in range(rows):
        for j in range(cols):
            good[i, j] = valid[i, j]
            out[i, j] = data[i, j]
            if valid[i, j]:
                continue
            total, weights = 0.0, 0.0
            for way in range(8):
                dx = 1 if way in (7, 0, 1) else (-1 if 3 <= way <= 5 else 0)
                dy = 1 if 1 <= way <= 3 else (-1 if 5 <= way <= 7 else 0)
                reach[way] = 0
                for step in range(1, widest + 1):
                    y, x = i + step * dy, j + step * dx
                    if y < 0 or y >= rows or x < 0 or x >= cols:
                        break
                    if valid[y, x]:
                        reach[way] = step
                        weight = 1.0 / (step * step * (dx * dx + dy * dy))
                        total += weight * data[y, x]
                        weights += weight
                        break
            wide = reach[0] + reach[4] - 1
            high = reach[2] + reach[6] - 1
            if (reach[0] > 0 and reach[4] > 0 and wide <= widest) or (
                reach[2] > 0 and reach[6] > 0 and high <= widest
            ):
                out[i, j] = total / weights
                good[i, j] = True


@dataclass(frozen=True, slots=True)
class BoundVoidFill:
    """Filling voids up to a width."""

    output: BandsInfo
    widest: int

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the heights with narrow voids filled, band by band."""
        valid = np.broadcast_to(block.valid, block.data.shape)
        if block.data.dtype.kind == "f":
            valid = valid & np.isfinite(block.data)
        out = np.empty(block.data.shape, np.float64)
        good = np.empty(block.data.shape, np.bool_)
        reach = np.empty(_DIRECTIONS, np.int64)
        for band in range(block.bands):
            samples = block.data[band].astype(np.float64)
            own = np.ascontiguousarray(valid[band])
            _fill_kernel(samples, own, self.widest, reach, out[band], good[band])
        return cast(PixelBlock(out, good), self.output.pixel_type)


class ElevationVoidFill:
    """The raster function; output is of the input's type unless the rule names one."""

    def padding(self, rule: RenderingRule) -> int:
        """Return the widest void that is filled."""
        return _widest(arguments_of(rule, ElevationVoidFillRule))

    def taps(self, rule: RenderingRule) -> int:
        """Return the pixels in eight directions."""
        return _DIRECTIONS * self.padding(rule)

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundVoidFill:
        """Check the width.

        Raises
        ------
        InvalidParameter
        """
        widest = _widest(arguments_of(rule, ElevationVoidFillRule))
        return BoundVoidFill(retyped(info, rule.output_pixel_type or info.pixel_type), widest)


def _widest(arguments: ElevationVoidFillRule) -> int:
    width = arguments.max_void_width
    if not 0 <= width <= WIDEST_PX:
        accepted = f"0 (the widest that is filled, {WIDEST_PX}) to {WIDEST_PX} pixels"
        raise InvalidParameter("MaxVoidWidth", width, accepted)
    return width or WIDEST_PX
