"""The Complex function: amplitude or phase of complex numbers whose parts are bands.

References
----------
ArcGIS REST API, raster function objects: Complex (ValueType, ImaginaryRaster).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import ComplexRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule


class Complex(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is F32 unless the rule names a type."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Find the two parts.

        Raises
        ------
        InvalidParameter
        """
        kind = arguments_of(rule, ComplexRule).value_type.strip().upper()
        if len(infos) == 1 and infos[0].bands != 2:
            found = f"none; {infos[0].bands} bands in Raster"
            raise InvalidParameter("ImaginaryRaster", found, "a raster, or both parts as two bands")
        real = Sample(0, 0)
        imaginary = Sample(0, 1) if len(infos) == 1 else Sample(1, 0)
        names: tuple[str, ...] = (kind.capitalize(),)
        expressions: tuple[Expression, ...]
        if kind == "AMPLITUDE":
            squares = call("add", call("square", real), call("square", imaginary))
            expressions = (call("sqrt", squares),)
        elif kind == "PHASE":
            expressions = (call("atan2", imaginary, real),)
        elif kind == "COMPLEX":
            expressions, names = (real, imaginary), ("Real", "Imaginary")
        else:
            raise InvalidParameter("ValueType", kind, "AMPLITUDE, PHASE or COMPLEX")
        pixel_type = rule.output_pixel_type or PixelType.F32
        return PointwiseFunction(BandsInfo(pixel_type, len(names), names=names), expressions)
