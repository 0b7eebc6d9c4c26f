"""The Focal function: statistics of neighbourhoods of any shape.

As everywhere, a pixel without data has no result, whatever its neighbours have; Statistics fills holes.

References
----------
ArcGIS Pro, Focal Statistics function and How Focal Statistics works (shapes, statistics, weights).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import FocalRule
from engine.functions.base import arguments_of, retyped
from engine.functions.focal_statistics import MOMENTS
from engine.functions.neighbourhoods import Neighbourhood, rectangle, ring, wedge
from engine.functions.statistics import BoundFocal, check_sorted, taps_of_shape
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.functions.base import BandsInfo
    from engine.request_parts import RenderingRule

_RECTANGLE, _CIRCLE, _ANNULUS, _WEDGE, _IRREGULAR, _WEIGHT = range(1, 7)
_NAMES = (
    *("majority", "max", "mean", "median", "min", "minority", "range", "std"),
    *("sum", "variety", "percentile"),
)
_MOST_SIDE = 99
_MOST_RADIUS = 49.0


class Focal:
    """The raster function, each band by itself.

    Output is F32 for means, medians, percentiles and deviations, S32 for sums, ranges and counts of whole
    numbers, else of the input's type.
    """

    def padding(self, rule: RenderingRule) -> int:
        """Return half the neighbourhood's larger side."""
        return _shape(arguments_of(rule, FocalRule)).padding

    def taps(self, rule: RenderingRule) -> int:
        """Return the pixels of the neighbourhood, or rows and columns where those do."""
        arguments = arguments_of(rule, FocalRule)
        return taps_of_shape(_shape(arguments), _statistic(arguments))

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundFocal:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, FocalRule)
        shape, statistic = _shape(arguments), _statistic(arguments)
        if shape.is_weighted and statistic not in MOMENTS:
            accepted = "mean, standard deviation or sum of a neighbourhood with weights"
            raise InvalidParameter("StatisticType", arguments.statistic_type, accepted)
        check_sorted("NeighborhoodType", shape, statistic)
        if not 0 <= arguments.percentile <= 100:
            raise InvalidParameter("Percentile", arguments.percentile, "0 to 100")
        if arguments.no_data_policy not in (0, 1):
            accepted = "0 (DATA: neighbours without data do not count) or 1 (NODATA)"
            raise InvalidParameter("NoDataPolicy", arguments.no_data_policy, accepted)
        own = rule.output_pixel_type or _type_of(statistic, info.pixel_type)
        return BoundFocal(
            retyped(info, own),
            shape,
            statistic,
            share=arguments.percentile / 100.0,
            needs_all=arguments.no_data_policy == 1,
        )


def _type_of(statistic: str, own: PixelType) -> PixelType:
    if own.is_float:
        return own
    if statistic in ("mean", "median", "percentile", "std"):
        return PixelType.F32
    return PixelType.S32 if statistic in ("sum", "range", "variety") else own


def _statistic(arguments: FocalRule) -> str:
    if not 1 <= arguments.statistic_type <= len(_NAMES):
        known = ", ".join(f"{number} ({name})" for number, name in enumerate(_NAMES, 1))
        raise InvalidParameter("StatisticType", arguments.statistic_type, f"one of {known}")
    return _NAMES[arguments.statistic_type - 1]


def _shape(arguments: FocalRule) -> Neighbourhood:
    """Return the neighbourhood; raises InvalidParameter."""
    make = _MAKERS.get(arguments.neighborhood_type)
    if make is None:
        accepted = "1 (rectangle), 2 (circle), 3 (annulus), 4 (wedge), 5 (irregular) or 6 (weight)"
        raise InvalidParameter("NeighborhoodType", arguments.neighborhood_type, accepted)
    return make(arguments)


def _rectangle(arguments: FocalRule) -> Neighbourhood:
    _check_sides(arguments)
    return rectangle(arguments.height, arguments.width)


def _circle(arguments: FocalRule) -> Neighbourhood:
    return ring(0.0, _radius("Radius", arguments.radius))


def _annulus(arguments: FocalRule) -> Neighbourhood:
    inner, outer = arguments.inner_radius, _radius("OuterRadius", arguments.outer_radius)
    if not 0 <= inner <= outer:
        raise InvalidParameter("InnerRadius", inner, f"0 to OuterRadius ({outer:g})")
    return ring(inner, outer)


def _wedge(arguments: FocalRule) -> Neighbourhood:
    start, end = arguments.start_angle, arguments.end_angle
    for name, angle in (("StartAngle", start), ("EndAngle", end)):
        if not math.isfinite(angle):
            raise InvalidParameter(name, angle, "degrees counter-clockwise from east")
    return wedge(_radius("Radius", arguments.radius), start, end)


def _check_sides(arguments: FocalRule) -> None:
    for name, side in (("Width", arguments.width), ("Height", arguments.height)):
        if not 1 <= side <= _MOST_SIDE:
            raise InvalidParameter(name, side, f"1 to {_MOST_SIDE} pixels")


def _radius(name: str, radius: float) -> float:
    if not 1 <= radius <= _MOST_RADIUS:
        raise InvalidParameter(name, radius, f"1 to {_MOST_RADIUS:g} pixels")
    return radius


def _of_values(arguments: FocalRule) -> Neighbourhood:
    _check_sides(arguments)
    values, width, height = arguments.neighborhood_values, arguments.width, arguments.height
    if len(values) > 2 and len(values) == 2 + values[0] * values[1]:
        width, height, values = int(values[0]), int(values[1]), values[2:]
    weights = np.array(values, np.float64)
    if len(values) != width * height or max(width, height) > _MOST_SIDE:
        accepted = f"Width × Height numbers ({width} × {height}), sides to {_MOST_SIDE}"
        raise InvalidParameter("NeighborhoodValues", f"{len(values)} numbers", accepted)
    if not np.isfinite(weights).all() or not weights.any():
        raise InvalidParameter("NeighborhoodValues", "what is given", "finite numbers, not all 0")
    if arguments.neighborhood_type == _IRREGULAR:
        weights = (weights != 0).astype(np.float64)
    return Neighbourhood(weights.reshape(height, width))


_MAKERS = {
    _RECTANGLE: _rectangle,
    _CIRCLE: _circle,
    _ANNULUS: _annulus,
    _WEDGE: _wedge,
    _IRREGULAR: _of_values,
    _WEIGHT: _of_values,
}
