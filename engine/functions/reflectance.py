"""The Reflectance function (ApparentReflectance): numbers of a sensor as reflectance at the top of the atmosphere.

Raster types give the items of Landsat and Sentinel-2 products a process with the gains and offsets of their metadata:
such rasters hold reflectance already, and are scaled here alone. Of plain numbers (`--values dn`, and Maxar products)
they keep the fields ReflectanceGain, ReflectanceBias and SunElevation, which this function takes where a rule has none.

References
----------
USGS, Landsat 8 Data Users Handbook (LSDS-1574), 5.2: reflectance = (gain · number + offset) / sin(sun elevation).
ArcGIS Pro, raster functions: Apparent Reflectance (RadianceGainValues … Albedo, ScaleFactor, Offset): without
Albedo the result is reflectance · ScaleFactor + Offset, 50000 and 5000 where they are not given, as U16.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import ReflectanceRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule


class Reflectance(EachPixel):
    """The raster function; output is F32 with Albedo, else U16, unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Find gains, biases and the sun.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ReflectanceRule)
        factors = _factors(arguments, info)
        scale, offset = (1.0, 0.0) if arguments.albedo else _scale(arguments)
        expressions: tuple[Expression, ...] = tuple(
            call("add", call("mul", Sample(0, band), gain * scale), bias * scale + offset)
            for band, (gain, bias) in enumerate(factors)
        )
        own = PixelType.F32 if arguments.albedo else PixelType.U16
        output = replace(
            info,
            pixel_type=rule.output_pixel_type or own,
            statistics=(),
            histograms=(),
            colormap=(),
        )
        return PointwiseFunction(output, expressions)


def _scale(arguments: ReflectanceRule) -> tuple[float, float]:
    found = (arguments.scale_factor, arguments.offset)
    if not all(map(math.isfinite, found)) or not found[0]:
        raise InvalidParameter(
            "ScaleFactor, Offset", found, "finite numbers, a factor that is not 0"
        )
    return found


def _factors(arguments: ReflectanceRule, info: BandsInfo) -> list[tuple[float, float]]:
    """Return gain and bias of each band that make reflectance of its numbers."""
    gains, biases = arguments.reflectance_gain_values, arguments.reflectance_bias_values
    if not gains:
        if "reflectance" in str(info.property("Values") or "").casefold():
            return [(1.0, 0.0)] * info.bands
        gains = _numbers(info.property("ReflectanceGain"))
        biases = biases or _numbers(info.property("ReflectanceBias"))
    if not gains:
        accepted = "a gain for each band, or rasters added with their values as reflectance"
        given = "none" if not arguments.radiance_gain_values else "gains of radiance alone"
        raise InvalidParameter("ReflectanceGainValues", given, accepted)
    sine = math.sin(math.radians(_sun_elevation(arguments, info)))
    pairs = zip(
        _one_a_band("ReflectanceGainValues", gains, info),
        _one_a_band("ReflectanceBiasValues", biases or (0.0,), info),
        strict=True,
    )
    return [(gain / sine, bias / sine) for gain, bias in pairs]


def _sun_elevation(arguments: ReflectanceRule, info: BandsInfo) -> float:
    found: object = arguments.sun_elevation
    if found is None:
        found = info.property("SunElevation")
    if not isinstance(found, int | float) or not 0.0 < found <= 90.0:
        told = "not known" if found is None else found
        raise InvalidParameter("SunElevation", told, "degrees above the horizon, above 0 up to 90")
    return float(found)


def _one_a_band(name: str, values: tuple[float, ...], info: BandsInfo) -> tuple[float, ...]:
    if len(values) not in (1, info.bands) or not all(map(math.isfinite, values)):
        raise InvalidParameter(name, values, f"1 or {info.bands} finite numbers, one per band")
    return values * info.bands if len(values) == 1 else values


def _numbers(value: str | float | None) -> tuple[float, ...]:
    """Return the numbers of a property, which may be a text with blanks between."""
    try:
        return tuple(float(each) for each in str(value).split()) if value is not None else ()
    except ValueError:
        return ()
