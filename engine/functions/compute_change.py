"""The ComputeChange function: what changed from one raster to another.

References
----------
ArcGIS REST API, raster function objects: ComputeChange (Method, KeepMethod, FromClassValues, ToClassValues); ArcGIS
Pro, Compute Change function: relative difference (to - from) / max(from, to); of rasters of several bands
differences and classes are those of the first. Angles between spectra: Kruse, F. A. et al. (1993), The spectral
image processing system (SIPS), Remote Sensing of Environment 44, 145–163.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import ComputeChangeRule
from engine.functions.arg_statistics import arg_extreme
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_DIFFERENCE, _RELATIVE, _CLASSES, _DISTANCE, _ANGLE, _BAND = range(6)
_ALL, _CHANGED, _UNCHANGED = 1, 2, 3
_MOST_BANDS = 256
# Classes beyond are told apart no more: such pixels have no data.
_FEW_CLASSES, _MANY_CLASSES = 1_000, 10_000


class ComputeChange(EachPixel):
    """The raster function; output is F32, of classes S32, of bands U8, unless the rule names a type.

    A change of class is told as from · 1000 + to for rasters of 8 bits, as from · 10000 + to for others.
    """

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """As `bind_inputs`, from a raster to itself."""
        return _bound((info, info), 0, rule)

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Check the rasters against the method.

        Raises
        ------
        InvalidParameter
        """
        return _bound((infos[0], infos[-1]), len(infos) - 1, rule)


_Pair = tuple[Sample, Sample]


def _bound(
    infos: tuple[BandsInfo, BandsInfo], second: int, rule: RenderingRule
) -> PointwiseFunction:
    """Return the function between two rasters, the later one being input number `second`."""
    arguments = arguments_of(rule, ComputeChangeRule)
    method = arguments.method
    own = PixelType.F32
    if method in (_DIFFERENCE, _RELATIVE, _CLASSES):
        old, new = Sample(0, 0), Sample(second, 0)
        found: Expression = call("sub", new, old)
        if method == _RELATIVE:
            found = call("div", found, call("max", old, new))
        elif method == _CLASSES:
            own = PixelType.S32
            found = _transition(arguments, (old, new), infos)
    elif method in _SPECTRAL:
        bands, others = (info.bands for info in infos)
        if bands != others or bands > _MOST_BANDS:
            counts = f"{bands} and {others} bands"
            raise InvalidParameter("Raster2", counts, f"equal counts, at most {_MOST_BANDS}")
        pairs = [(Sample(0, band), Sample(second, band)) for band in range(bands)]
        found = _SPECTRAL[method](pairs)
        own = PixelType.U8 if method == _BAND else own
    else:
        raise InvalidParameter("Method", method, "0 to 5")
    is_thematic = method in (_CLASSES, _BAND)
    output = BandsInfo(rule.output_pixel_type or own, 1, is_thematic=is_thematic)
    return PointwiseFunction(output, (found,))


def _transition(
    arguments: ComputeChangeRule, pair: _Pair, infos: Sequence[BandsInfo]
) -> Expression:
    """Return the number of a change from class to class, invalid where it does not count."""
    keep = arguments.keep_method
    if keep not in (0, _ALL, _CHANGED, _UNCHANGED):
        accepted = "1 (all), 2 (changed pixels) or 3 (unchanged pixels)"
        raise InvalidParameter("KeepMethod", keep, accepted)
    is_small = all(info.pixel_type.bytes_per_sample == 1 for info in infos)
    most = _FEW_CLASSES if is_small else _MANY_CLASSES
    old, new = (call("round", sample) for sample in pair)
    found: Expression = call("add", call("mul", old, float(most)), new)
    for value in (old, new):
        is_class = call("and", call("ge", value, 0.0), call("lt", value, float(most)))
        found = call("set_null", call("not", is_class), found)
    for value, own in ((old, arguments.from_class_values), (new, arguments.to_class_values)):
        if own:
            is_other = call("min", *(call("ne", value, float(each)) for each in own))
            found = call("set_null", is_other, found)
    if keep in (_CHANGED, _UNCHANGED):
        found = call("set_null", call("eq" if keep == _CHANGED else "ne", old, new), found)
    return found


def _distance(pairs: Sequence[_Pair]) -> Expression:
    return call("sqrt", call("sum", *(call("square", call("sub", b, a)) for a, b in pairs)))


def _angle(pairs: Sequence[_Pair]) -> Expression:
    dot = call("sum", *(call("mul", a, b) for a, b in pairs))
    lengths = [call("sqrt", call("sum", *(call("square", p[n]) for p in pairs))) for n in (0, 1)]
    cosine = call("div", dot, call("mul", *lengths))
    return call("acos", call("clamp", cosine, -1.0, 1.0))


def _band(pairs: Sequence[_Pair]) -> Expression:
    changes = [call("abs", call("sub", b, a)) for a, b in pairs]
    return arg_extreme(changes, "gt", None)


_SPECTRAL = {_DISTANCE: _distance, _ANGLE: _angle, _BAND: _band}
