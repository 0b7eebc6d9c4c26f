"""The InterpolateIrregularData function: pixels without data get values from those around that have them.

In a rendering rule the points are the raster's pixels with data, which stay as they are; a point counts up to
the radius. "Linear" is a plane through the points around, weighed by inverse squared distances: like a
triangulation it gives a plane back exactly and stays between the least and the greatest of its points, but
what a pixel becomes depends on the points within the radius alone, so that tiles put side by side equal one
export.

References
----------
ArcGIS REST API, raster function objects: InterpolateIrregularData (InterpolationMethod 0 nearest, 2 linear
tinning, 4 inverse distance weighted; Radius 3). Shepard, D. (1968), A two-dimensional interpolation function
for irregularly-spaced data, Proceedings of the 23rd ACM National Conference, 517–524.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import InterpolateIrregularDataRule
from engine.functions.base import arguments_of, retyped
from engine.functions.cast import cast
from engine.kernel import kernel
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.functions.base import BandsInfo
    from engine.request_parts import RenderingRule

NEAREST, LINEAR, INVERSE_DISTANCE = 0, 2, 4
_METHODS = "0 (nearest), 2 (linear) or 4 (inverse distance)"
_MOST_PX = 32.0


@kernel
def _nearest(data, valid, offsets, i, j):
    """Return the value of the nearest point, and whether there is one; offsets come nearest first."""
    rows, cols = data.shape
    for number in range(offsets.shape[0]):
        y, x = i + offsets[number, 0], j + offsets[number, 1]
        if 0 <= y < rows and 0 <= x < cols and valid[y, x]:
            return data[y, x], True
    return 0.0, False


@kernel
def _weighed(data, valid, offsets, place, is_plane):
    """Return the mean of points by inverse squared distances, or the value of a plane through them."""
    i, j = place
    rows, cols = data.shape
    w0 = wx = wy = wxx = wxy = wyy = wz = wxz = wyz = 0.0
    low, high = np.inf, -np.inf
    for number in range(offsets.shape[0]):
        dy, dx = offsets[number, 0], offsets[number, 1]
        y, x = i + dy, j + dx
        if not (0 <= y < rows and 0 <= x < cols and valid[y, x]):
            continue
        value = data[y, x]
        weight = 1.0 / (dx * dx + dy * dy)
        w0 += weight
        wz += weight * value
        wx += weight * dx
        wy += weight * dy
        wxx += weight * dx * dx
        wxy += weight * dx * dy
        wyy += weight * dy * dy
        wxz += weight * dx * value
        wyz += weight * dy * value
        low, high = min(low, value), max(high, value)
    if w0 == 0.0:
        return 0.0, False
    mean = wz / w0
    if is_plane:
        # About the weighed middle of the points, so that great values lose no digits.
        mx, my = wx / w0, wy / w0
        sxx, sxy, syy = wxx - w0 * mx * mx, wxy - w0 * mx * my, wyy - w0 * my * my
        sxz, syz = wxz - wz * mx, wyz - wz * my
        determinant = sxx * syy - sxy * sxy
        # Points on one line are no plane.
        if determinant > 1e-9 * max(sxx * syy, 1e-300):
            slope_x = (sxz * syy - syz * sxy) / determinant
            slope_y = (syz * sxx - sxz * sxy) / determinant
            mean += -slope_x * mx - slope_y * my
    return min(max(mean, low), high), True


@kernel
def _fill_kernel(data, valid, offsets, method, out, good):
    rows, cols = data.shape
    for i in range(rows):
        for j in range(cols):
            if valid[i, j]:
                out[i, j], good[i, j] = data[i, j], True
            elif method == 0:
                out[i, j], good[i, j] = _nearest(data, valid, offsets, i, j)
            else:
                out[i, j], good[i, j] = _weighed(data, valid, offsets, (i, j), method == 2)


@dataclass(frozen=True, slots=True)
class BoundInterpolation:
    """The bound function."""

    output: BandsInfo
    method: int
    radius: float

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the filled bands; where no point is near there is no data still."""
        data = np.empty(block.data.shape, np.float64)
        good = np.empty(block.data.shape, np.bool_)
        valid = np.broadcast_to(block.valid, block.data.shape)
        offsets = offsets_within(self.radius)
        for band in range(block.bands):
            samples = block.data[band].astype(np.float64)
            own = valid[band] & np.isfinite(samples)
            _fill_kernel(samples, own, offsets, self.method, data[band], good[band])
        return cast(PixelBlock(data, good), self.output.pixel_type)


def offsets_within(radius: float) -> NDArray[np.int64]:
    """Return the (row, column) steps to pixels within a radius, nearest first, rows before columns."""
    reach = int(radius)
    steps = [
        (dy, dx)
        for dy in range(-reach, reach + 1)
        for dx in range(-reach, reach + 1)
        if 0 < dy * dy + dx * dx <= radius * radius
    ]
    return np.array(sorted(steps, key=lambda step: step[0] ** 2 + step[1] ** 2), np.int64)


class InterpolateIrregularData:
    """The raster function; output has the input's type unless the rule names one."""

    def padding(self, rule: RenderingRule) -> int:
        """Return the radius.

        Raises
        ------
        InvalidParameter
        """
        radius = arguments_of(rule, InterpolateIrregularDataRule).radius
        if not 1 <= radius <= _MOST_PX:
            raise InvalidParameter("Radius", radius, f"1 to {_MOST_PX:g} pixels")
        return math.ceil(radius)

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundInterpolation:
        """Check the method.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, InterpolateIrregularDataRule)
        self.padding(rule)
        if arguments.interpolation_method not in (NEAREST, LINEAR, INVERSE_DISTANCE):
            raise InvalidParameter("InterpolationMethod", arguments.interpolation_method, _METHODS)
        output = retyped(info, rule.output_pixel_type or info.pixel_type)
        return BoundInterpolation(output, arguments.interpolation_method, arguments.radius)
