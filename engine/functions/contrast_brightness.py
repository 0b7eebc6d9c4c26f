"""The ContrastBrightness function.

References
----------
ArcGIS REST API, raster function objects: ContrastBrightness (ContrastOffset, BrightnessOffset).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import ContrastBrightnessRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule

_MOST = 100.0
_MIDDLE = 127.5


class ContrastBrightness(EachPixel):
    """The raster function, for samples from 0 to 255; output is U8 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ContrastBrightnessRule)
        contrast, brightness = arguments.contrast_offset, arguments.brightness_offset
        for name, value in (("ContrastOffset", contrast), ("BrightnessOffset", brightness)):
            if not -_MOST <= value <= _MOST:
                raise InvalidParameter(name, value, "-100 to 100")
        expressions = []
        for band in range(info.bands):
            sample = Sample(0, band)
            # 200 v - 25500 + 510 b, as the reference has it.
            level = call("add", call("mul", sample, 200.0), 510.0 * brightness - 25500.0)
            if contrast >= _MOST:
                bright = call("gt", level, 0.0)
                found = call("con", bright, 255.0, 0.0)
            else:
                steep = 0.5 / (_MOST - contrast) if contrast > 0 else (_MOST + contrast) / 20000.0
                found = call("add", call("mul", level, steep), 128.0)
            expressions.append(found)
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, info.bands, names=info.names)
        return PointwiseFunction(output, tuple(call("clamp", e, 0.0, 255.0) for e in expressions))
