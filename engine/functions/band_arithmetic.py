"""The BandArithmetic function: an index of bands by its number, or an expression of the user's.

References
----------
ArcGIS REST API, raster function objects: BandArithmetic (Method, BandIndexes). A division by 0 has no result.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.grammar import expression_of
from engine.expressions.tree import Number, Sample
from engine.function_rules import BandArithmeticRule
from engine.functions.band_indices import BAND_INDICES
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.expressions.tree import Expression
    from engine.functions.band_indices import BandIndex
    from engine.request_parts import RenderingRule

_USER_DEFINED = 0
_BAND = re.compile(r"b(?:and)?_?(\d{1,4})", re.IGNORECASE)
_MOST_WORDS = 64


class BandArithmetic(EachPixel):
    """The raster function; output is F32 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Read the bands or the expression.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, BandArithmeticRule)
        if arguments.method == _USER_DEFINED:
            name_of = partial(_band_named, info)
            expressions = [expression_of(arguments.band_indexes, name_of, "BandIndexes")]
            names: tuple[str, ...] = ()
        else:
            index = BAND_INDICES.get(arguments.method)
            if index is None:
                accepted = f"0 (an expression) or 1 to {max(BAND_INDICES)}"
                raise InvalidParameter("Method", arguments.method, accepted)
            values = _values(index, arguments.band_indexes, info)
            expressions = [expression_of(each, values.get) for each in index.formulas]
            names = (index.name,) if len(expressions) == 1 else ()
        output = BandsInfo(
            rule.output_pixel_type or PixelType.F32,
            len(expressions),
            names=names,
            properties=info.properties,
        )
        return PointwiseFunction(output, tuple(expressions))


def _band_named(info: BandsInfo, name: str) -> Expression | None:
    match = _BAND.fullmatch(name)
    if match is not None:
        band = int(match[1])
        if not 1 <= band <= info.bands:
            raise InvalidParameter("BandIndexes", name, f"bands B1 to B{info.bands}")
        return Sample(0, band - 1)
    names = [known.casefold() for known in info.names]
    return Sample(0, names.index(name.casefold())) if name.casefold() in names else None


def _values(index: BandIndex, text: str, info: BandsInfo) -> Mapping[str, Expression]:
    """Return what the names in an index's formulas stand for."""
    words = text.replace(",", " ").split()
    least = index.bands + sum(default is None for _, default in index.parameters)
    most = index.bands + len(index.parameters)
    if not least <= len(words) <= most or len(words) > _MOST_WORDS:
        own = "".join(f", then {name}" for name, _ in index.parameters)
        accepted = f"{index.bands} bands from 1 to {info.bands}{own}, with blanks between"
        raise InvalidParameter("BandIndexes", text, accepted)
    values: dict[str, Expression] = {}
    for place, word in enumerate(words[: index.bands], 1):
        match = re.fullmatch(r"(?:[bB](?:and)?_?)?(\d{1,4})", word)
        band = int(match[1]) if match else 0
        if not 1 <= band <= info.bands:
            raise InvalidParameter("BandIndexes", word, f"bands from 1 to {info.bands}")
        values[f"b{place}"] = Sample(0, band - 1)
    given = words[index.bands :]
    for place, (name, default) in enumerate(index.parameters):
        number = _number(given[place], text) if place < len(given) else default
        values[name] = Number(0.0 if number is None else number)
    return values


def _number(word: str, text: str) -> float:
    try:
        number = float(word)
    except ValueError:
        raise InvalidParameter("BandIndexes", text, "numbers") from None
    if not abs(number) < 1e30:
        raise InvalidParameter("BandIndexes", text, "finite numbers")
    return number
