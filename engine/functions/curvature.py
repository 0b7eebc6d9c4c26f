"""The Curvature function: how the ground bends, hundredths a metre; positive where it bulges.

A surface through the pixel and its eight neighbours; where it is level, it has no direction and planform and profile are
0. Differences are taken before sums, and a neighbour that is not there counts as the pixel itself.

References
----------
ArcGIS REST API, raster function objects: Curvature. Zevenbergen, L. W., Thorne, C. R. (1987), Quantitative analysis of
land surface topography, Earth Surface Processes and Landforms 12(1), 47-56.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import CurvatureRule
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.pointwise import PointwiseFunction, StagedFunction
from engine.functions.surface import OfSurface, OnGround
from engine.kernel import unaliased_kernel
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

STANDARD, PLANFORM, PROFILE = range(3)
_BEND_X, _BEND_Y, _TWIST, _RISE_X, _RISE_Y = range(5)


@unaliased_kernel
def _bends_of_row(above, at, below, out):
    """Write twice the bends, four times the twist and twice the rises of a row but for its ends."""
    for j in range(1, at.size - 1):
        west, east = at[j - 1] - at[j], at[j + 1] - at[j]
        north, south = above[j] - at[j], below[j] - at[j]
        out[0, j] = west + east
        out[1, j] = north + south
        out[2, j] = (above[j + 1] - above[j - 1]) + (below[j - 1] - below[j + 1])
        out[3, j] = at[j + 1] - at[j - 1]
        out[4, j] = above[j] - below[j]


@unaliased_kernel
def _bends_kernel(heights, valid, near, out):
    """Write the bends of each pixel; `near` is room for its neighbours."""
    count, cols = heights.shape
    for i in range(count):
        full = 0 < i < count - 1 and cols > 2
        if full:
            for j in range(cols):
                full = full and valid[i - 1, j] and valid[i, j] and valid[i + 1, j]
        if full:
            _bends_of_row(heights[i - 1], heights[i], heights[i + 1], out[:, i])
        for j in range(cols):
            if full and 0 < j < cols - 1:
                continue
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    y, x = i + dy, j + dx
                    is_there = 0 <= y < count and 0 <= x < cols and valid[y, x]
                    near[dy + 1, dx + 1] = heights[y, x] if is_there else heights[i, j]
            own = near[1, 1]
            out[0, i, j] = (near[1, 0] - own) + (near[1, 2] - own)
            out[1, i, j] = (near[0, 1] - own) + (near[2, 1] - own)
            out[2, i, j] = (near[0, 2] - near[0, 0]) + (near[2, 0] - near[2, 2])
            out[3, i, j] = near[1, 2] - near[1, 0]
            out[4, i, j] = near[0, 1] - near[2, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bends(OnGround):
    """The step before curvatures: half the second and the whole first derivatives, by metres."""

    @property
    def output(self) -> BandsInfo:
        """Description of what `apply_on` returns."""
        return BandsInfo(PixelType.F32, 5)

    def measured(
        self,
        block: PixelBlock,
        width: NDArray[np.float64],
        height: NDArray[np.float64],
        unit_m: float,
    ) -> PixelBlock:
        """Return the bends for pixels of these sizes."""
        heights = np.ascontiguousarray(block.data[0], np.float32)
        valid = np.ascontiguousarray(block.valid[0])
        if block.data.dtype.kind == "f":
            valid = valid & np.isfinite(heights)
        out = np.empty((5, *heights.shape), np.float32)
        room = np.empty((3, 3), np.float32)
        _bends_kernel(heights, valid, room, out)
        scales = {
            _BEND_X: 0.5 / width**2,
            _BEND_Y: 0.5 / height**2,
            _TWIST: 0.25 / (width * height),
            _RISE_X: 0.5 / width,
            _RISE_Y: 0.5 / height,
        }
        for band, scale in scales.items():
            out[band] *= (unit_m * scale).astype(np.float32)
        return PixelBlock(out, valid[np.newaxis])


class Curvature(OfSurface):
    """The raster function; output is F32 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> StagedFunction:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, CurvatureRule)
        if arguments.curvature_type not in (STANDARD, PLANFORM, PROFILE):
            accepted = "0 (standard), 1 (planform) or 2 (profile)"
            raise InvalidParameter("CurvatureType", arguments.curvature_type, accepted)
        if not math.isfinite(arguments.z_factor):
            raise InvalidParameter("ZFactor", arguments.z_factor, "a finite number")
        found = call("mul", _curvature(arguments.curvature_type), 200.0 * arguments.z_factor)
        output = BandsInfo(rule.output_pixel_type or PixelType.F32, 1, names=("Curvature",))
        bends = Bends(is_plain=arguments.plain_cells, height_m=info.height_m)
        return StagedFunction(bends, PointwiseFunction(output, (found,)))


def _curvature(kind: int) -> Expression:
    bend_x, bend_y, twist, rise_x, rise_y = (Sample(0, band) for band in range(5))
    if kind == STANDARD:
        return call("neg", call("add", bend_x, bend_y))
    steep = call("add", call("square", rise_x), call("square", rise_y))
    along, across = (rise_x, rise_y) if kind == PROFILE else (rise_y, rise_x)
    bent = call(
        "add",
        call("mul", bend_x, call("square", along)),
        call("mul", bend_y, call("square", across)),
    )
    turned = call("mul", twist, call("mul", rise_x, rise_y))
    if kind == PROFILE:
        found = call("div", call("add", bent, turned), steep)
    else:
        found = call("div", call("sub", turned, bent), steep)
    return call("con", call("eq", steep, 0.0), 0.0, found)
