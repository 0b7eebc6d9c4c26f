"""The TasseledCap function: brightness, greenness, wetness and what is left of a sensor's bands.

References
----------
R. J. Kauth, G. S. Thomas (1976), The tasselled cap, Proc. Machine Processing of Remotely Sensed Data, Purdue.
Coefficients: `engine.functions.tasseled_cap_tables`. ArcGIS REST API, raster function objects: TasseledCap
(no arguments; the sensor is that of the raster's key property SensorName).
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import TasseledCapRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.functions.tasseled_cap_tables import TABLES, TasseledCapTable, table_of
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_NAMES = ("Brightness", "Greenness", "Wetness", "Fourth", "Fifth", "Sixth")
# Bands of one kind lie as close together as this share of their wavelength.
_TOLERANCE = 0.06


class TasseledCap(EachPixel):
    """The raster function; output is F32 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Find the sensor's coefficients and its bands.

        Raises
        ------
        InvalidParameter
        """
        table = _table(arguments_of(rule, TasseledCapRule), info)
        bands = _bands(table, info)
        constants = table.constants or (0.0,) * len(table.rows)
        expressions = tuple(
            _sum(row, bands, constant) for row, constant in zip(table.rows, constants, strict=True)
        )
        names = _NAMES[: len(expressions)]
        output = BandsInfo(
            rule.output_pixel_type or PixelType.F32,
            len(expressions),
            names=names,
            properties=info.properties,
        )
        return PointwiseFunction(output, expressions)


def _sum(row: tuple[float, ...], bands: tuple[int, ...], constant: float) -> Expression:
    terms: list[Expression] = [
        call("mul", Sample(0, band), factor) for band, factor in zip(bands, row, strict=True)
    ]
    total = reduce(lambda one, other: call("add", one, other), terms)
    return call("add", total, constant) if constant else total


def _table(arguments: TasseledCapRule, info: BandsInfo) -> TasseledCapTable:
    sensor = arguments.sensor_name or str(info.property("SensorName") or "")
    platform = "" if arguments.sensor_name else str(info.property("PlatformName") or "")
    found = table_of(sensor, platform, str(info.property("Values") or ""))
    if found is None:
        known = ", ".join(table.name for table in TABLES)
        told = f"{sensor} {platform}".strip() or "not known"
        raise InvalidParameter("SensorName", told, f"a raster of one sensor, one of {known}")
    return found


def _bands(table: TasseledCapTable, info: BandsInfo) -> tuple[int, ...]:
    """Return which bands of the raster the coefficients are for."""
    middles = [_middle(*ends) for ends in info.wavelengths_nm]
    if len(middles) == info.bands and any(middles):
        found = tuple(_nearest(wanted, middles) for wanted in table.wavelengths_nm)
        if -1 not in found and len(set(found)) == len(found):
            return found
    order = table.orders.get(info.bands)
    if order is None:
        wanted_nm = ", ".join(f"{each:g}" for each in table.wavelengths_nm)
        raise InvalidParameter(
            "Raster", f"{info.bands} bands", f"bands of {table.name} about {wanted_nm} nm"
        )
    return order


def _middle(low: float | None, high: float | None) -> float:
    ends = [each for each in (low, high) if each]
    return sum(ends) / len(ends) if ends else 0.0


def _nearest(wanted: float, middles: list[float]) -> int:
    """Return the band nearest to a wavelength; -1 = none is near."""
    place = min(range(len(middles)), key=lambda band: abs(middles[band] - wanted))
    return place if abs(middles[place] - wanted) <= _TOLERANCE * wanted else -1
