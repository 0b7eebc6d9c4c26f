"""The NDVI function: the normalized difference of near infrared and red.

References
----------
ArcGIS REST API, raster function objects: NDVI (VisibleBandID, InfraredBandID, ScientificOutput); whole
numbers are 100 · NDVI + 100, rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.expressions.tree import Sample, call
from engine.function_rules import NdviRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of, checked_band
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule


class Ndvi(EachPixel):
    """The raster function; output is U8 from 0 to 200, scientific F32 from -1 to 1."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the bands.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, NdviRule)
        red = Sample(0, checked_band("VisibleBandID", arguments.visible_band, info))
        near = Sample(0, checked_band("InfraredBandID", arguments.infrared_band, info))
        index = call("div", call("sub", near, red), call("add", near, red))
        if arguments.scientific_output:
            return PointwiseFunction(
                BandsInfo(rule.output_pixel_type or PixelType.F32, 1, names=("NDVI",)), (index,)
            )
        # As Esri has it: halves go up.
        whole = call("floor", call("add", call("mul", index, 100.0), 100.5))
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, 1, names=("NDVI",))
        return PointwiseFunction(output, (whole,))
