"""Arguments of raster functions in rendering rules, in Esri's names: Remap, Convolution, Arithmetic.

Numbers that are not there take the functions' own defaults; whether they can be is the engine's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.function_rules import ArithmeticRule, ConvolutionRule, FunctionArguments, RemapRule
from server.protocols.arcgis.parameters import as_integer, as_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.protocols.arcgis.sloppy_json import JsonValue

    Arguments = dict[str, JsonValue]

_MOST_NUMBERS = 4096
_TRUE = (True, 1, "true", "True", "1")


def _remap(arguments: Arguments) -> RemapRule:
    replacement = arguments.get("replacementvalue")
    return RemapRule(
        input_ranges=_numbers(arguments, "InputRanges"),
        output_values=_numbers(arguments, "OutputValues"),
        no_data_ranges=_numbers(arguments, "NoDataRanges"),
        allow_unmatched=arguments.get("allowunmatched") in _TRUE,
        replacement_value=(
            None
            if replacement is None
            else as_number("renderingRule.ReplacementValue", replacement)
        ),
        is_last_range_inclusive=arguments.get("islastinputrangeinclusive") in _TRUE,
    )


def _convolution(arguments: Arguments) -> ConvolutionRule:
    def whole(key: str, default: int) -> int:
        value = arguments.get(key.casefold(), default)
        return as_integer(f"renderingRule.{key}", value, -1, 255)

    return ConvolutionRule(
        kind=whole("Type", -1),
        rows=whole("Rows", 3),
        columns=whole("Columns", 3),
        kernel=_numbers(arguments, "Kernel"),
    )


def _arithmetic(arguments: Arguments) -> ArithmeticRule:
    operation = arguments.get("operation", 1)
    second = arguments.get("raster2")
    if isinstance(second, bool) or not isinstance(second, int | float | list):
        raise InvalidParameter("renderingRule.Raster2", second, "a number")
    return ArithmeticRule(
        operation=as_integer("renderingRule.Operation", operation, 1, 99),
        constants=_numbers(arguments, "Raster2"),
    )


def _numbers(arguments: Arguments, key: str) -> tuple[float, ...]:
    value = arguments.get(key.casefold(), [])
    values = value if isinstance(value, list) else [value]
    if len(values) > _MOST_NUMBERS:
        name = f"renderingRule.{key}"
        raise InvalidParameter(name, f"{len(values)} numbers", f"at most {_MOST_NUMBERS}")
    return tuple(as_number(f"renderingRule.{key}", each) for each in values)


# By their names in lower case: the name proper, and what reads the arguments (keys in lower case).
FUNCTIONS: dict[str, tuple[str, Callable[[Arguments], FunctionArguments]]] = {
    "remap": ("Remap", _remap),
    "convolution": ("Convolution", _convolution),
    "arithmetic": ("Arithmetic", _arithmetic),
}
