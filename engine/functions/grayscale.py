"""The Grayscale function: a weighted mean of bands.

References
----------
ArcGIS REST API, raster function objects: Grayscale (ConversionParameters), weights that are made to sum up to 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.function_rules import GrayscaleRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.functions.spectral_conversion import weighted_sum

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule

# Of red, green and blue, as televisions weigh them (ITU-R BT.601).
_LUMA = (0.299, 0.587, 0.114)


class Grayscale(EachPixel):
    """The raster function; output is one band of the input's type unless the rule names one."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the weights.

        Raises
        ------
        InvalidParameter
        """
        weights = arguments_of(rule, GrayscaleRule).conversion_parameters
        if not weights:
            weights = _LUMA if info.bands >= 3 else (1.0,) * info.bands
        total = math.fsum(weights)
        if len(weights) > info.bands or not total > 0 or not all(map(math.isfinite, weights)):
            accepted = f"at most {info.bands} numbers with a sum above 0"
            raise InvalidParameter("ConversionParameters", weights, accepted)
        found = weighted_sum(tuple(weight / total for weight in weights))
        output = BandsInfo(rule.output_pixel_type or info.pixel_type, 1)
        return PointwiseFunction(output, (found,))
