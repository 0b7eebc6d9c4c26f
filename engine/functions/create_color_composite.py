"""The CreateColorComposite function: bands, or expressions of them, as red, green and blue.

References
----------
ArcGIS REST API, raster function objects: CreateColorComposite (Method, BandIndexesR, BandIndexesG, BandIndexesB);
ArcGIS Pro, Create Color Composite function.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.grammar import expression_of
from engine.expressions.tree import Sample
from engine.function_rules import CreateColorCompositeRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of, some_bands
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_BY_NAME, _BY_NUMBER = 0, 2
_NUMBER = re.compile(r"(?:b(?:and)?_?)?(\d{1,4})", re.IGNORECASE)
_NAMES = ("Red", "Green", "Blue")


class CreateColorComposite(EachPixel):
    """The raster function; bands alone keep their type, expressions give F32, unless the rule names one."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Read the three expressions.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, CreateColorCompositeRule)
        if arguments.method not in (_BY_NAME, _BY_NUMBER):
            raise InvalidParameter("Method", arguments.method, "0 (names) or 2 (numbers)")
        texts = (arguments.red, arguments.green, arguments.blue)
        found = tuple(
            _colour(text.strip(), f"BandIndexes{name[0]}", info, arguments.method)
            for text, name in zip(texts, _NAMES, strict=True)
        )
        bands = [each.band for each in found if isinstance(each, Sample)]
        if len(bands) == len(found):
            known = some_bands(info, bands)
            output = BandsInfo(
                rule.output_pixel_type or info.pixel_type,
                len(found),
                statistics=known.statistics,
                histograms=known.histograms,
                names=known.names,
                wavelengths_nm=known.wavelengths_nm,
                properties=info.properties,
            )
        else:
            output = BandsInfo(rule.output_pixel_type or PixelType.F32, len(found), names=_NAMES)
        return PointwiseFunction(output, found)


def _colour(text: str, argument: str, info: BandsInfo, method: int) -> Expression:
    names = [name.casefold() for name in info.names]
    if not text:
        raise InvalidParameter(argument, "nothing", "a band, or an expression of bands")
    if method == _BY_NAME and text.casefold() in names:
        # Names with blanks ("Near Infrared") are no words of an expression.
        return Sample(0, names.index(text.casefold()))
    if _NUMBER.fullmatch(text):
        return _numbered(text, argument, info)

    def named(word: str) -> Expression | None:
        if word.casefold() in names:
            return Sample(0, names.index(word.casefold()))
        return _numbered(word, argument, info) if _NUMBER.fullmatch(word) else None

    return expression_of(text, named, argument)


def _numbered(text: str, argument: str, info: BandsInfo) -> Sample:
    match = _NUMBER.fullmatch(text)
    band = int(match[1]) if match else 0
    if not 1 <= band <= info.bands:
        raise InvalidParameter(argument, text, f"bands B1 to B{info.bands}")
    return Sample(0, band - 1)
