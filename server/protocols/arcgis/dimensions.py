"""multidimensionalDefinition, variable and sliceId: which slices of a multidimensional service are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.dates import ACCEPTED_DATES, parse_date_ms
from engine.errors import InvalidParameter, RequestTooLarge
from engine.request_parts import DimensionValues, MosaicRule
from server.protocols.arcgis.parameters import Parameters, as_number
from server.protocols.input_limits import MAX_DIMENSION_NAME, MAX_DIMENSIONS, MAX_LIST

if TYPE_CHECKING:
    from server.protocols.arcgis.sloppy_json import JsonValue

NAME = "multidimensionalDefinition"
EXAMPLE = '[{"variableName":"salinity","dimensionName":"StdZ","values":[-5]}]'


def with_slices(rule: MosaicRule | None, parameters: Parameters) -> MosaicRule | None:
    """Return a rule with what `sliceId`, `variable` and `multidimensionalDefinition` say beside it.

    Raises
    ------
    InvalidParameter
    """
    number = parameters.integer("sliceId", 0)
    variable = variable_parameter(parameters)
    entries = definition_parameter(parameters)
    if variable:
        entries = (*entries, DimensionValues(variable=variable))
    if number is None and not entries:
        return rule
    own = rule or MosaicRule()
    return msgspec.structs.replace(own, slice_id=number, dimensions=(*own.dimensions, *entries))


def all_slices(rule: MosaicRule | None) -> MosaicRule:
    """Return a rule that takes all slices along the dimensions that it does not name."""
    return msgspec.structs.replace(rule or MosaicRule(), all_slices=True)


def variable_parameter(parameters: Parameters) -> str:
    """Return the `variable` asked for, "" = the default one."""
    text = parameters.text("variable")
    if text.casefold() in ("null", "undefined"):
        return ""
    if len(text) > MAX_DIMENSION_NAME:
        raise InvalidParameter("variable", text[:MAX_DIMENSION_NAME], "the name of a variable")
    return text


def definition_parameter(parameters: Parameters) -> tuple[DimensionValues, ...]:
    """Return the parameter `multidimensionalDefinition`; () = not given.

    Raises
    ------
    InvalidParameter
    """
    value = parameters.json(NAME)
    return () if value is None else definition_of_json(NAME, value)


def definition_of_json(name: str, value: JsonValue) -> tuple[DimensionValues, ...]:
    """Read a list of {variableName, dimensionName, values, isSlice}, or one of them alone.

    Raises
    ------
    InvalidParameter
        Names the key that is not accepted.
    """
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_DIMENSIONS:
        raise RequestTooLarge(f"number of entries in '{name}'", len(entries), MAX_DIMENSIONS)
    read = [_entry(name, entry) for entry in entries if entry not in (None, {}, "")]
    # Clients write entries without variable and dimension that mean nothing.
    return tuple(entry for entry in read if entry.variable or entry.dimension)


def _entry(name: str, value: JsonValue) -> DimensionValues:
    if not isinstance(value, dict):
        raise InvalidParameter(name, value, f"a list as {EXAMPLE}")
    keys = {key.casefold(): entry for key, entry in value.items()}
    return DimensionValues(
        variable=_name(f"{name}.variableName", keys.get("variablename")),
        dimension=_name(f"{name}.dimensionName", keys.get("dimensionname")),
        values=_values(f"{name}.values", keys.get("values")),
    )


def _name(name: str, value: JsonValue) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_DIMENSION_NAME:
        raise InvalidParameter(name, value, f"text of at most {MAX_DIMENSION_NAME} characters")
    return value.strip()


def _values(name: str, value: JsonValue) -> tuple[tuple[float, float], ...]:
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_LIST:
        raise RequestTooLarge(f"number of values in '{name}'", len(values), MAX_LIST)
    return tuple(_range(name, each) for each in values if each is not None)


def _range(name: str, value: JsonValue) -> tuple[float, float]:
    if not isinstance(value, list):
        number = _number(name, value)
        return number, number
    if len(value) != 2:
        raise InvalidParameter(name, value, "numbers, or ranges [low, high]")
    low, high = (_number(name, end) for end in value)
    if low > high:
        raise InvalidParameter(name, value, "ranges [low, high] with the lower end first")
    return low, high


def _number(name: str, value: JsonValue) -> float:
    """Return a number; dates as text are times, in milliseconds."""
    if isinstance(value, str):
        milliseconds = parse_date_ms(value)
        if milliseconds is not None:
            return float(milliseconds)
        if "-" in value.strip()[1:] and "e" not in value.casefold():
            raise InvalidParameter(name, value, f"a number or a date: {ACCEPTED_DATES}")
    return as_number(name, value)
