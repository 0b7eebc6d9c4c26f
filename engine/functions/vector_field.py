"""The VectorField function: vectors by their parts, or by magnitude and direction.

References
----------
ArcGIS REST API, raster function objects: VectorField (AngleReferenceSystem, InputDataType, OutputDataType).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import VectorFieldRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule
    from engine.summary import BandStatistics

GEOGRAPHIC, ARITHMETIC = 0, 1
UV, MAG_DIR = "Vector-UV", "Vector-MagDir"
# Under which key it is told what the bands of a raster are.
DATA_TYPE = "vectordatatype"
_WORDS = {"uv": UV, "unknown": UV, "": UV, "magdir": MAG_DIR}


class VectorField(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is two bands of F32 unless the rule names a type."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Check the kinds of data.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, VectorFieldRule)
        if len(infos) == 1 and infos[0].bands < 2:
            raise InvalidParameter("Raster2", "none", "a raster, or both parts as two bands")
        reference = arguments.angle_reference_system
        if reference not in (GEOGRAPHIC, ARITHMETIC):
            accepted = "0 (geographic) or 1 (arithmetic)"
            raise InvalidParameter("AngleReferenceSystem", reference, accepted)
        source = _kind("InputDataType", arguments.input_data_type)
        wanted = _kind("OutputDataType", arguments.output_data_type)
        parts: tuple[Expression, Expression] = (
            Sample(0, 0),
            Sample(0, 1) if len(infos) == 1 else Sample(1, 0),
        )
        statistics = _statistics(infos) if source == wanted else ()
        if source != wanted:
            parts = parts_of(parts, reference) if wanted == UV else direction_of(parts, reference)
        output = BandsInfo(
            rule.output_pixel_type or PixelType.F32,
            2,
            statistics=statistics,
            names=("U", "V") if wanted == UV else ("Magnitude", "Direction"),
            properties=((DATA_TYPE, wanted),),
        )
        return PointwiseFunction(output, parts)


def _statistics(infos: Sequence[BandsInfo]) -> tuple[BandStatistics, ...]:
    """Return those of both parts, () where one's are not known."""
    found = infos[0].statistics[:2] if len(infos) == 1 else ()
    if len(infos) == 2:
        found = (*infos[0].statistics[:1], *infos[1].statistics[:1])
    return found if len(found) == 2 else ()


def _kind(name: str, text: str) -> str:
    word = text.casefold().replace("-", "").replace("_", "").replace(" ", "")
    found = _WORDS.get(word.removeprefix("esriimageservicedatatype").removeprefix("vector"))
    if found is None:
        raise InvalidParameter(name, text, f"{UV} or {MAG_DIR}")
    return found


def parts_of(
    vector: tuple[Expression, Expression], reference: int
) -> tuple[Expression, Expression]:
    """Return the parts to the east and to the north of a magnitude and a direction in degrees."""
    magnitude, direction = vector
    angle = call("mul", direction, math.radians(1.0))
    along, across = (call("mul", magnitude, call(name, angle)) for name in ("cos", "sin"))
    return (across, along) if reference == GEOGRAPHIC else (along, across)


def direction_of(
    vector: tuple[Expression, Expression], reference: int
) -> tuple[Expression, Expression]:
    """Return the magnitude, and the direction in degrees from 0 to 360, of two parts."""
    east, north = vector
    magnitude = call("sqrt", call("add", call("square", east), call("square", north)))
    first, second = (east, north) if reference == GEOGRAPHIC else (north, east)
    angle = call("mul", call("atan2", first, second), math.degrees(1.0))
    return magnitude, call("con", call("lt", angle, 0.0), call("add", angle, 360.0), angle)
