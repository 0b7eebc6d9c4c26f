"""The Contour function: lines of equal height, what lies between them, or the smooth surface that they are drawn of.

Lines hold their height, other pixels have no data; fills hold the height of the line below. The surface is smoothed by a
Gaussian bell first, cut off at three times its width; pixels without data weigh nothing.

References
----------
ArcGIS REST API, raster function objects: Contour (ContourType, ZBase, NumberOfContours, ContourInterval,
NthContourLineInBold, SigmaGaussian, ZFactor); ArcGIS Pro, Contour function: the interval of a number of contours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import ContourRule
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.cast import cast
from engine.functions.contour_kernels import lines_kernel, smooth_kernel
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.request_parts import RenderingRule

LINES, FILL, SURFACE = range(3)
_MOST_SIGMA = 16.0
_BELL_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class BoundContour:
    """Contours with their heights settled."""

    output: BandsInfo
    arguments: ContourRule
    interval: float

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return lines, fills or the surface of the first band's heights."""
        arguments = self.arguments
        heights = block.data[0].astype(np.float64)
        valid = block.valid[0] & np.isfinite(heights)
        surface = np.where(valid, heights, 0.0)
        if arguments.sigma_gaussian > 0:
            surface = smoothed(surface, valid, arguments.sigma_gaussian)
        surface *= arguments.z_factor
        if arguments.contour_type != SURFACE:
            steps = np.floor((surface - arguments.z_base) / self.interval)
            if arguments.contour_type == LINES:
                steps, valid = _lines(steps, valid, arguments.nth_contour_line_in_bold)
            surface = arguments.z_base + steps * self.interval
        return cast(PixelBlock(surface[np.newaxis], valid[np.newaxis]), self.output.pixel_type)


def smoothed(
    heights: NDArray[np.float64], valid: NDArray[np.bool_], sigma: float
) -> NDArray[np.float64]:
    """Return the Gaussian mean of the valid neighbours of each valid pixel; 0 elsewhere."""
    radius = _radius(sigma)
    bell = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    out = np.empty_like(heights)
    buffers = np.empty((3, heights.shape[1] + 2 * radius))
    smooth_kernel(heights, np.ascontiguousarray(valid), bell, buffers, out)
    return np.where(valid, out, 0.0)


def _radius(sigma: float) -> int:
    return math.ceil(_BELL_SIGMAS * sigma)


def _lines(
    steps: NDArray[np.float64], valid: NDArray[np.bool_], nth: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    out, good = np.empty_like(steps), np.empty_like(valid)
    lines_kernel(steps, np.ascontiguousarray(valid), nth, out, good)
    return out, good


class Contour:
    """The raster function, of the first band; output is F32 unless the rule names a type."""

    def padding(self, rule: RenderingRule) -> int:
        """Return what smoothing reaches, and a pixel beyond for lines."""
        sigma = arguments_of(rule, ContourRule).sigma_gaussian
        return 1 + (_radius(sigma) if 0 < sigma <= _MOST_SIGMA else 0)

    def taps(self, rule: RenderingRule) -> int:
        """Return the neighbours along a column and a row."""
        return 2 * (2 * self.padding(rule) + 1)

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundContour:
        """Check the arguments and settle the interval.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ContourRule)
        if arguments.contour_type not in (LINES, FILL, SURFACE):
            accepted = "0 (lines), 1 (fill) or 2 (smooth surface)"
            raise InvalidParameter("ContourType", arguments.contour_type, accepted)
        for name, value in (("ZBase", arguments.z_base), ("ZFactor", arguments.z_factor)):
            if not math.isfinite(value):
                raise InvalidParameter(name, value, "a finite number")
        if not 0 <= arguments.sigma_gaussian <= _MOST_SIGMA:
            accepted = f"0 (none) to {_MOST_SIGMA:g} pixels"
            raise InvalidParameter("SigmaGaussian", arguments.sigma_gaussian, accepted)
        if arguments.nth_contour_line_in_bold < 0:
            accepted = "a count of lines, 0 = none in bold"
            raise InvalidParameter(
                "NthContourLineInBold", arguments.nth_contour_line_in_bold, accepted
            )
        interval = 1.0 if arguments.contour_type == SURFACE else _interval(info, arguments)
        output = BandsInfo(rule.output_pixel_type or PixelType.F32, 1, names=("Contour",))
        return BoundContour(output, arguments, interval)


def _interval(info: BandsInfo, arguments: ContourRule) -> float:
    given, count = arguments.contour_interval, arguments.number_of_contours
    if given > 0 and math.isfinite(given):
        return given
    if given != 0:
        raise InvalidParameter("ContourInterval", given, "a number above 0, or 0")
    if count <= 0:
        accepted = "a count above 0 where ContourInterval is 0"
        raise InvalidParameter("NumberOfContours", count, accepted)
    if not info.statistics or not info.statistics[0].max > info.statistics[0].min:
        accepted = "ContourInterval, as the range of heights is not known"
        raise InvalidParameter("NumberOfContours", count, accepted)
    heights = info.statistics[0]
    return _round_interval((heights.max - heights.min) * abs(arguments.z_factor) / count)


def _round_interval(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the nearest by quotient."""
    if rough <= 0:
        return 1.0
    tens = 10.0 ** math.floor(math.log10(rough))
    return min(
        (tens * part for part in (1, 2, 5, 10)), key=lambda each: abs(math.log(each / rough))
    )
