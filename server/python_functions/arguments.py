"""Arguments of registered functions in rendering rules, checked against what the functions say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from engine.errors import InvalidParameter
from engine.function_rules import PythonRule
from server.python_functions.known import known_functions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.python_functions.messages import ParameterInfo, Scalar
    from engine.request_parts import RuleInput
    from server.protocols.arcgis.sloppy_json import JsonValue
    from server.python_functions.manifest import FunctionManifest

_MOST_CHARACTERS = 65_536
_TRUE = ("true", "1", "yes")
_FALSE = ("false", "0", "no")


class RasterReader(Protocol):
    """Reads the rasters of a rule."""

    def one(self, name: str, value: JsonValue) -> RuleInput:
        """Return a raster; nothing is the service's own."""
        ...

    def several(self, name: str, value: JsonValue) -> list[RuleInput]:
        """Return a list of rasters."""
        ...


def python_rule(
    manifest: FunctionManifest, given: Mapping[str, JsonValue], rasters: RasterReader
) -> tuple[PythonRule, list[RuleInput]]:
    """Return the arguments of a function, and its rasters in their order.

    Parameters
    ----------
    given
        Keys in lower case; what the function does not know is ignored.

    Raises
    ------
    InvalidParameter
        Names the argument.
    """
    names: list[str] = []
    inputs: list[RuleInput] = []
    scalars: dict[str, Scalar] = {}
    for parameter in manifest.parameters:
        value = given.get(parameter.name.casefold())
        if not parameter.is_raster:
            scalars[parameter.name] = _scalar(manifest, parameter, value)
            continue
        is_first = not names
        if value is None and is_first:
            value = given.get("raster")
        if value is None and not is_first:
            if parameter.required:
                raise _missing(manifest, parameter, "a raster")
            continue
        if parameter.data_type == "rasters":
            found = rasters.several(parameter.name, value)
        else:
            found = [rasters.one(parameter.name, value)]
        names += [parameter.name] * len(found)
        inputs += found
    text = msgspec.json.encode(scalars, order="sorted").decode()
    rule = PythonRule(
        name=manifest.name, version=manifest.version, rasters=tuple(names), scalars=text
    )
    return rule, inputs


def _scalar(manifest: FunctionManifest, parameter: ParameterInfo, value: JsonValue) -> Scalar:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        if parameter.value is None and parameter.required:
            raise _missing(manifest, parameter, f"a value ({parameter.data_type})")
        return parameter.value
    name = f"renderingRule.{parameter.name}"
    if parameter.data_type == "numeric":
        return _number(name, value)
    if parameter.data_type == "boolean":
        return _truth(name, value)
    if not isinstance(value, str | int | float) or len(str(value)) > _MOST_CHARACTERS:
        raise InvalidParameter(name, value, f"a text of at most {_MOST_CHARACTERS} characters")
    text = str(value)
    if not parameter.domain or text in parameter.domain:
        return text
    for known in parameter.domain:
        if known.casefold() == text.casefold():
            return known
    raise InvalidParameter(name, value, "one of " + ", ".join(parameter.domain))


def _number(name: str, value: JsonValue) -> float:
    # A whole number stays one: functions count with it.
    if isinstance(value, str):
        try:
            value = int(value) if len(value) < 20 else float(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                raise InvalidParameter(name, value, "a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidParameter(name, value, "a number")
    if not abs(value) < 1e308:
        raise InvalidParameter(name, value, "a finite number")
    return value


def _truth(name: str, value: JsonValue) -> bool:
    text = str(value).strip().casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidParameter(name, value, "true or false")


def _missing(
    manifest: FunctionManifest, parameter: ParameterInfo, accepted: str
) -> InvalidParameter:
    accepted += f", which {manifest.name} requires"
    return InvalidParameter(f"renderingRule.{parameter.name}", "nothing", accepted)


def adapted_function(arguments: Mapping[str, JsonValue]) -> FunctionManifest:
    """Return the registered function whose class or file a template of ArcGIS names.

    Raises
    ------
    InvalidParameter
        None is registered.
    """
    class_name = str(arguments.get("classname") or "")
    file = str(arguments.get("pythonmodule") or "").replace("\\", "/").rpartition("/")[2]
    wanted = (class_name or file.removesuffix(".py")).casefold()
    for each in known_functions().values():
        if each.class_name.casefold() == wanted:
            return each
    accepted = f"a function with class {class_name or file} to be registered: swath function add"
    raise InvalidParameter("renderingRule.PythonModule", file or class_name, accepted)
