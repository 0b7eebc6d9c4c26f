"""The Resample function: which interpolation takes the pixels of the rasters below it.

A view has pixels of its own, which rasters are sampled onto: what the function changes is how. The cell sizes of
its arguments are those of the view. Gauss blur smooths what is sampled with the weights of `engine.functions.
convolution_kernels` 11.

References
----------
ArcGIS REST API, raster function objects: Resample (ResamplingType; InputCellsize, OutputCellsize).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from config.definition import Interpolation
from engine.errors import InvalidParameter
from engine.expressions.tree import Sample
from engine.function_rules import ConvolutionRule, ResampleRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.request_parts import ConstantInput, MosaicInput, RenderingRule

if TYPE_CHECKING:
    from engine.request_parts import RuleInput

_NAME = "Resample"
_SMOOTH = 11
# None = sampling stays as it is.
_INTERPOLATIONS: dict[int, Interpolation | None] = {
    0: Interpolation.NEAREST,
    1: Interpolation.BILINEAR,
    2: Interpolation.CUBIC,
    3: Interpolation.MAJORITY,
    4: Interpolation.BILINEAR,
    5: Interpolation.BILINEAR,
    6: Interpolation.BILINEAR,
    7: None,
    10: None,
}
_BLURRED = (5, 6)


class Resample(EachPixel):
    """The raster function by itself, where nothing is sampled: pixels as they are."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        _kind(rule)
        output = replace(info, pixel_type=rule.output_pixel_type or info.pixel_type)
        return PointwiseFunction(output, tuple(Sample(0, band) for band in range(info.bands)))


def _kind(rule: RenderingRule) -> int:
    kind = arguments_of(rule, ResampleRule).resampling_type
    if kind not in _INTERPOLATIONS:
        accepted = (
            "0 (nearest), 1 (bilinear), 2 (cubic), 3 (majority), 4 (bilinear plus), 5 (gauss blur), "
            "6 (gauss blur plus), 7 (average) or 10 (vector average)"
        )
        raise InvalidParameter("ResamplingType", kind, accepted)
    return kind


def resampled_rule(rule: RenderingRule) -> RenderingRule:
    """Return a rule with interpolations at its rasters in place of Resample.

    Raises
    ------
    InvalidParameter
        There is no such ResamplingType.
    """
    inputs = tuple(
        resampled_rule(each) if isinstance(each, RenderingRule) else each for each in rule.inputs
    )
    if rule.function != _NAME:
        return rule if inputs == rule.inputs else msgspec.structs.replace(rule, inputs=inputs)
    kind = _kind(rule)
    below = _sampled(inputs[0] if inputs else MosaicInput(), _INTERPOLATIONS[kind])
    pixel_type = rule.output_pixel_type
    if kind not in _BLURRED:
        return RenderingRule(inputs=(below,), output_pixel_type=pixel_type)
    smooth = ConvolutionRule(kind=_SMOOTH)
    return RenderingRule(
        function="Convolution", arguments=smooth, inputs=(below,), output_pixel_type=pixel_type
    )


def _sampled(part: RuleInput, interpolation: Interpolation | None) -> RuleInput:
    """Return a part with an interpolation at each of its rasters that has none of its own."""
    if interpolation is None or isinstance(part, ConstantInput):
        return part
    if not isinstance(part, RenderingRule):
        if part.interpolation is not None:
            return part
        return msgspec.structs.replace(part, interpolation=interpolation)
    inputs = tuple(_sampled(each, interpolation) for each in part.inputs or (MosaicInput(),))
    return msgspec.structs.replace(part, inputs=inputs)
