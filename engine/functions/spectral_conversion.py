"""The SpectralConversion function: each band of the result is a weighted sum of bands.

References
----------
ArcGIS REST API, raster function objects: SpectralConversion (ConversionMatrix).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import SpectralConversionRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_MOST_BANDS = 256


class SpectralConversion(EachPixel):
    """The raster function; output is of the input's type unless the rule names one."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the matrix.

        Raises
        ------
        InvalidParameter
        """
        matrix = arguments_of(rule, SpectralConversionRule).conversion_matrix
        rows = len(matrix) // info.bands
        if not matrix or len(matrix) % info.bands or rows > _MOST_BANDS:
            accepted = f"rows of {info.bands} numbers, one a band of the result"
            raise InvalidParameter("ConversionMatrix", f"{len(matrix)} numbers", accepted)
        if not all(map(math.isfinite, matrix)):
            raise InvalidParameter("ConversionMatrix", matrix, "finite numbers")
        expressions = tuple(
            weighted_sum(matrix[row * info.bands : (row + 1) * info.bands]) for row in range(rows)
        )
        output = BandsInfo(rule.output_pixel_type or info.pixel_type, rows)
        return PointwiseFunction(output, expressions)


def weighted_sum(weights: tuple[float, ...], offset: float = 0.0) -> Expression:
    """Return the sum of the bands of one raster, each times its weight, plus an offset."""
    terms = [call("mul", Sample(0, band), weight) for band, weight in enumerate(weights)]
    return call("sum", *terms, offset) if offset else call("sum", *terms)
