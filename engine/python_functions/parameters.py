"""What `getParameterInfo` gives, as records."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from engine.python_functions.messages import DataType, ParameterInfo
from engine.python_functions.user_code import UserFault

if TYPE_CHECKING:
    from engine.python_functions.messages import Scalar

_TYPES: tuple[DataType, ...] = get_args(DataType)
# As the first releases of the convention numbered them.
_NUMBERED: tuple[DataType, ...] = ("numeric", "string", "raster", "rasters", "boolean")
_MOST = 100
_MOST_TEXT = 2000


def parameters_of(given: object) -> tuple[ParameterInfo, ...]:
    """Return what a function says of its parameters.

    Raises
    ------
    UserFault
    """
    if not isinstance(given, list | tuple) or len(given) > _MOST:
        raise UserFault(f"getParameterInfo must return a list of at most {_MOST} dictionaries")
    found = tuple(_parameter(each) for each in given)
    names = [each.name.casefold() for each in found]
    for name in names:
        if names.count(name) > 1:
            raise UserFault(f"getParameterInfo has two parameters called {name!r}")
    return found


def _parameter(given: object) -> ParameterInfo:
    if not isinstance(given, dict):
        raise UserFault(f"getParameterInfo has an entry that is no dictionary: {given!r}")
    name = given.get("name")
    if not isinstance(name, str) or not name.isidentifier():
        raise UserFault(f"getParameterInfo has a parameter whose name is {name!r}, not a word")
    kind = _data_type(name, given.get("dataType"))
    domain = given.get("domain") or ()
    if not isinstance(domain, list | tuple) or not all(isinstance(each, str) for each in domain):
        raise UserFault(f"the domain of parameter {name!r} is not a tuple of texts")
    is_raster = kind in ("raster", "rasters")
    return ParameterInfo(
        name=name,
        data_type=kind,
        value=None if is_raster else _scalar(name, given.get("value")),
        required=bool(given.get("required", False)),
        display_name=_text(given.get("displayName")) or name,
        description=_text(given.get("description")),
        # Said of texts alone.
        domain=tuple(domain) if kind == "string" else (),
    )


def _data_type(name: str, value: object) -> DataType:
    if isinstance(value, int) and 0 <= value < len(_NUMBERED):
        return _NUMBERED[value]
    for known in _TYPES:
        if isinstance(value, str) and value.casefold() == known:
            return known
    accepted = ", ".join(_TYPES)
    raise UserFault(f"the dataType of parameter {name!r} is {value!r}, not one of {accepted}")


def _scalar(name: str, value: Any) -> Scalar:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    raise UserFault(f"the value of parameter {name!r} is {value!r}, not a number, text or truth")


def _text(value: object) -> str:
    return str(value or "")[:_MOST_TEXT]
