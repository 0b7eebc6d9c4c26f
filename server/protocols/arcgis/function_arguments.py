"""Arguments of raster functions in rendering rules, read into their records by what the fields are.

Names ignore case; a number may be its text, a list of one may be the thing alone. What is not there takes the
function's own default; what no function knows is ignored, as clients send arguments of other versions.
"""

from __future__ import annotations

import typing
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import InvalidParameter
from engine.function_rules import (
    ArithmeticRule,
    FunctionArguments,
    OutsideRule,
    PythonRule,
    RampPart,
    Shape,
    StretchRule,
    TableRule,
)
from engine.function_rules.local_names import LOCAL_NAMES, RASTER_NAMES
from server.protocols.arcgis.colour_ramp import ramp_parts
from server.protocols.arcgis.geometry import shape_of_json
from server.protocols.arcgis.parameters import as_integer, as_number
from server.protocols.input_limits import (
    MAX_ARGUMENT_CHARACTERS,
    MAX_ARGUMENT_NUMBERS,
    MAX_ARGUMENT_OBJECTS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.function_rules import FunctionRule
    from server.protocols.arcgis.sloppy_json import JsonValue

    Arguments = dict[str, JsonValue]

_RAMP_NAME = "colorrampname"
_TRUE = (True, 1, "true", "True", "TRUE", "1", "yes")
_FALSE = (False, 0, "false", "False", "FALSE", "0", "no", "", None)

# By their names in lower case.
FUNCTION_RULES: dict[str, type[FunctionRule]] = {
    name.casefold(): kind
    for kind in typing.get_args(FunctionArguments)
    # Plug-ins and registered functions go by names of their own.
    if kind not in (OutsideRule, PythonRule)
    for name in (str(kind.__struct_config__.tag), *kind.other_names)
}


def read_arguments(kind: type[FunctionRule], given: Arguments) -> FunctionRule:
    """Return the record of a function's arguments.

    Parameters
    ----------
    given
        Keys in lower case.

    Raises
    ------
    InvalidParameter
        Names the argument.
    """
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = esri_name(kind, field.name)
        value = given.get(name.casefold())
        if value is None and field.name in kind.second_names:
            name = kind.second_names[field.name]
            value = given.get(name.casefold())
        if field.name == "color_ramp" and isinstance(value, str):
            # Where a ramp is a name.
            given = {_RAMP_NAME: value, **given}
            continue
        if value is None:
            continue
        words = kind.words.get(field.name)
        values[field.name] = _value(f"renderingRule.{name}", value, field.type, words)
    own = _OWN.get(kind)
    if own is not None:
        values = own(values, given)
    return kind(**values)


def local_arguments(name: str, given: Arguments) -> Arguments:
    """Return the arguments of Local for one of its operations that goes by a name of its own.

    Parameters
    ----------
    name
        In LOCAL_NAMES, in any case.
    given
        Keys in lower case; rasters are the list Rasters, or called as in RASTER_NAMES.
    """
    found = {**given, "operation": LOCAL_NAMES[name.casefold()]}
    if "rasters" in given:
        return found
    left, rasters = dict(given), []
    for names in RASTER_NAMES:
        key = next((each for each in names if each in left), None)
        if key is not None:
            rasters.append(left.pop(key))
    return {**found, "rasters": rasters or [None]}


@lru_cache(maxsize=1024)
def esri_name(kind: type[FunctionRule], field: str) -> str:
    """Return the name of an argument in rendering rules."""
    known = kind.esri_names.get(field)
    return known or "".join(part.capitalize() for part in field.split("_"))


def _value(name: str, value: JsonValue, kind: Any, words: Mapping[str, int] | None) -> Any:
    options = [each for each in typing.get_args(kind) if each is not type(None)]
    if typing.get_origin(kind) is tuple:
        return _list(name, value, options[0])
    if options and kind not in (int, float, bool, str):
        # A thing, or None where it is not there.
        kind = options[0]
    if kind is bool:
        return _truth(name, value)
    if kind is Shape:
        return shape_of_json(name, value)
    if kind is int:
        return _whole(name, value, words)
    if kind is float:
        return as_number(name, value)
    if not isinstance(value, str | int | float) or len(str(value)) > MAX_ARGUMENT_CHARACTERS:
        raise InvalidParameter(
            name, value, f"a text of at most {MAX_ARGUMENT_CHARACTERS} characters"
        )
    return str(value)


def _list(name: str, value: JsonValue, kind: Any) -> tuple[Any, ...]:
    if typing.get_origin(kind) is tuple:
        return (
            _statistics(name, value)
            if len(typing.get_args(kind)) == 4
            else _rows(name, value, kind)
        )
    values = value if isinstance(value, list) else [value]
    if kind is RampPart:
        return ramp_parts(name, value)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if len(values) > MAX_ARGUMENT_OBJECTS:
            raise InvalidParameter(
                name, f"{len(values)} objects", f"at most {MAX_ARGUMENT_OBJECTS}"
            )
        return tuple(_object(name, each, kind) for each in values)
    if any(isinstance(each, list) for each in values):
        # A kernel row by row, ranges pair by pair.
        values = [cell for each in values for cell in (each if isinstance(each, list) else [each])]
    if len(values) > MAX_ARGUMENT_NUMBERS:
        raise InvalidParameter(name, f"{len(values)} values", f"at most {MAX_ARGUMENT_NUMBERS}")
    return tuple(_value(name, each, kind, None) for each in values)


def _object(name: str, value: JsonValue, kind: type[msgspec.Struct]) -> Any:
    """Read an object by the fields of a record; what the record does not know is ignored."""
    known = msgspec.structs.fields(kind)
    if not isinstance(value, dict):
        accepted = "objects with " + ", ".join(field.name for field in known)
        raise InvalidParameter(name, value, accepted)
    given = {key.casefold(): entry for key, entry in value.items()}
    values = {}
    for field in known:
        entry = given.get(field.name.replace("_", "").casefold())
        if entry is not None:
            values[field.name] = _value(f"{name}.{field.name}", entry, field.type, None)
        elif field.required:
            raise InvalidParameter(name, value, f"{field.name} in each object")
    return kind(**values)


def _rows(name: str, value: JsonValue, kind: Any) -> tuple[Any, ...]:
    own = typing.get_args(kind)
    count = None if own[-1] is Ellipsis else len(own)
    rows = value if isinstance(value, list) else []
    if (
        not rows
        or len(rows) > MAX_ARGUMENT_NUMBERS
        or not all(isinstance(row, list) for row in rows)
    ):
        raise InvalidParameter(name, value, f"a list of lists, at most {MAX_ARGUMENT_NUMBERS}")
    if count is not None and any(len(row) != count for row in rows if isinstance(row, list)):
        raise InvalidParameter(name, value, f"a list of lists of {count}")
    return tuple(_list(name, row, own[0]) for row in rows)


def _whole(name: str, value: JsonValue, words: Mapping[str, int] | None) -> int:
    if words and isinstance(value, str):
        folded = value.casefold().replace(" ", "").replace("_", "").replace("-", "")
        if folded in words:
            return words[folded]
    try:
        return as_integer(name, value)
    except InvalidParameter:
        if not words:
            raise
        accepted = ", ".join(f"{number} ({word})" for word, number in words.items())
        raise InvalidParameter(name, value, f"one of {accepted}") from None


def _truth(name: str, value: JsonValue) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise InvalidParameter(name, value, "true or false")


def _statistics(name: str, value: JsonValue) -> tuple[tuple[float, float, float, float], ...]:
    """Read `[[min, max, mean, stddev], …]`, or objects with those keys."""
    if not isinstance(value, list) or len(value) > MAX_ARGUMENT_NUMBERS:
        raise InvalidParameter(name, value, "a list of [min, max, mean, stddev]")
    rows = []
    for row in value:
        if isinstance(row, dict):
            fields = {key.casefold(): entry for key, entry in row.items()}
            mean = fields.get("avg", fields.get("mean"))
            deviation = fields.get("stddev", fields.get("standarddeviation"))
            cells = [fields.get("min"), fields.get("max"), mean, deviation]
        else:
            cells = list(row) if isinstance(row, list) else []
            cells += [0.0] * (4 - len(cells)) if len(cells) >= 2 else []
        if len(cells) != 4:
            raise InvalidParameter(name, row, "[min, max, mean, stddev]")
        low, high = (as_number(name, cell) for cell in cells[:2])
        # Clients that do not know them write null.
        mean_value, stddev = (0.0 if cell is None else as_number(name, cell) for cell in cells[2:])
        rows.append((low, high, mean_value, stddev))
    return tuple(rows)


def _stretch(values: dict[str, Any], given: Arguments) -> dict[str, Any]:
    """Leave out gammas that are not to be used; UseGamma may be a list, one a band."""
    uses = given.get("usegamma")
    if isinstance(uses, list) and uses and len(uses) <= MAX_ARGUMENT_NUMBERS:
        chosen = [_truth("renderingRule.UseGamma", each) for each in uses]
        if all(chosen):
            return values
        gammas = values.get("gamma", ())
        of = gammas * len(chosen) if len(gammas) == 1 else (*gammas, *(1.0,) * len(chosen))
        values["gamma"] = tuple(
            gamma if is_used else 1.0 for gamma, is_used in zip(of, chosen, strict=False)
        )
        uses = any(chosen)
    if uses not in _TRUE:
        values.pop("gamma", None)
        values.pop("compute_gamma", None)
    return values


def _arithmetic(values: dict[str, Any], given: Arguments) -> dict[str, Any]:
    second = given.get("raster2")
    if isinstance(second, int | float | list) and not isinstance(second, bool):
        values["constants"] = _list("renderingRule.Raster2", second, float)
    return values


def _table(values: dict[str, Any], given: Arguments) -> dict[str, Any]:
    """Take the colours out of a table, given as the features of a REST answer."""
    name = "renderingRule.AttributeTable"
    table = given.get("attributetableasrecordset") or given.get("attributetable")
    features = table.get("features") if isinstance(table, dict) else None
    if not isinstance(features, list):
        return values
    if len(features) > MAX_ARGUMENT_NUMBERS:
        raise InvalidParameter(name, f"{len(features)} rows", f"at most {MAX_ARGUMENT_NUMBERS}")
    colors = []
    for feature in features:
        cells = feature.get("attributes") if isinstance(feature, dict) else None
        row = {k.casefold(): v for k, v in cells.items()} if isinstance(cells, dict) else {}
        found = [row.get(key) for key in ("value", "red", "green", "blue")]
        if None not in found:
            colors.append(tuple(as_number(name, cell) for cell in found))
    return {**values, "colors": tuple(colors)}


# What is not one argument, one field.
_OWN: dict[type[FunctionRule], Callable[[dict[str, Any], Arguments], dict[str, Any]]] = {
    StretchRule: _stretch,
    ArithmeticRule: _arithmetic,
    TableRule: _table,
}
