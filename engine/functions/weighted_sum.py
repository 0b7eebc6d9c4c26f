"""The WeightedSum function: rasters times their weights, added.

References
----------
ArcGIS REST API, raster function objects: WeightedSum (Rasters, Fields, Weights).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import WeightedSumRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.local import common_bands
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.request_parts import RenderingRule

_SAMPLES = ("", "value")


class WeightedSum(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is F32 unless the rule names a type."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Check the weights.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, WeightedSumRule)
        check_fields(arguments.fields)
        weights = arguments.weights or (1.0,) * len(infos)
        if len(weights) != len(infos) or not all(map(math.isfinite, weights)):
            raise InvalidParameter("Weights", weights, f"{len(infos)} numbers, one a raster")
        bands = common_bands(infos)
        expressions = tuple(
            call("sum", *(call("mul", each, w) for each, w in zip(samples, weights, strict=True)))
            for samples in samples_by_band(infos, bands)
        )
        return PointwiseFunction(
            BandsInfo(rule.output_pixel_type or PixelType.F32, bands), expressions
        )


def samples_by_band(infos: Sequence[BandsInfo], bands: int) -> list[list[Sample]]:
    """Return the samples of all rasters that go together, band by band; one band counts for all."""
    return [
        [Sample(place, band if info.bands > 1 else 0) for place, info in enumerate(infos)]
        for band in range(bands)
    ]


def check_fields(fields: Sequence[str]) -> None:
    """Refuse fields of attribute tables.

    Raises
    ------
    InvalidParameter
    """
    for field in fields:
        if field.strip().casefold() not in _SAMPLES:
            raise InvalidParameter("Fields", field, "Value: the samples themselves")
