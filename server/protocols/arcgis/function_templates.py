"""Templates of rendering rules: what their author wrote, with what a request sets put in.

A template is a rendering rule in either form that clients write. Where it has variables (objects of type
RasterFunctionVariable) requests set those by name; a plain value is set by the name of its argument: one of the
outermost function, else of any function in the template that has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.function_rules import PythonRule
from engine.request_parts import MosaicInput, RenderingRule
from server.protocols.arcgis.sloppy_json import decode_json

if TYPE_CHECKING:
    from engine.request_parts import RuleInput
    from engine.summary import FunctionTemplate
    from server.protocols.arcgis.sloppy_json import JsonValue

    Arguments = dict[str, JsonValue]

# Keys that hold a function's arguments.
ARGUMENT_KEYS = ("rasterfunctionarguments", "arguments")
_VARIABLE = "RasterFunctionVariable"


def filled(template: FunctionTemplate, given: Arguments) -> tuple[JsonValue, Arguments]:
    """Return a template's rule with arguments put in, and those that have no place in it.

    Parameters
    ----------
    given
        Keys in lower case.

    Raises
    ------
    InvalidParameter
        The template is no JSON.
    """
    body = decode_json(f"template {template.name}", template.source)
    if not given:
        return body, {}
    filler = _Filler(given)
    # Variables first, then what the outermost function has, then what is within.
    for fill in (filler.variables, filler.outermost, filler.anywhere):
        body = fill(body)
    return body, filler.left()


class _Filler:
    def __init__(self, given: Arguments) -> None:
        self._given = given
        self._used: set[str] = set()

    def left(self) -> Arguments:
        return {name: value for name, value in self._given.items() if name not in self._used}

    def _take(self, name: str) -> JsonValue:
        self._used.add(name)
        return self._given[name]

    def variables(self, value: JsonValue) -> JsonValue:
        """Put in what is given for variables, wherever they stand."""
        if isinstance(value, list):
            return [self.variables(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == _VARIABLE:
            name = str(value.get("name", "")).casefold()
            if name in self._given:
                return self._take(name)
        return {key: self.variables(each) for key, each in value.items()}

    def outermost(self, value: JsonValue) -> JsonValue:
        """Put in what the outermost function states by these names."""
        if not isinstance(value, dict):
            return value
        return {
            key: self._plain(each) if key.casefold() in ARGUMENT_KEYS else each
            for key, each in value.items()
        }

    def anywhere(self, value: JsonValue) -> JsonValue:
        """Put in what any function states by names that have had no place so far."""
        wanted = set(self.left())
        return self._within(value, wanted) if wanted else value

    def _within(self, value: JsonValue, wanted: set[str]) -> JsonValue:
        if isinstance(value, list):
            return [self._within(each, wanted) for each in value]
        if not isinstance(value, dict):
            return value
        found: dict[str, JsonValue] = {}
        for key, each in value.items():
            inner = self._plain(each, wanted) if key.casefold() in ARGUMENT_KEYS else each
            found[key] = self._within(inner, wanted)
        return found

    def _plain(self, arguments: JsonValue, wanted: set[str] | None = None) -> JsonValue:
        if not isinstance(arguments, dict):
            return arguments
        names = self._given.keys() if wanted is None else wanted
        return {
            key: self._take(key.casefold())
            if key.casefold() in names and _is_plain(value)
            else value
            for key, value in arguments.items()
        }


def _is_plain(value: JsonValue) -> bool:
    """Tell a value that a request may set from a function or variable in its place."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return not isinstance(value, dict)


def on_raster(rule: RenderingRule, own: RuleInput) -> RenderingRule:
    """Return a rule with something else in place of the service's rasters."""
    if own == MosaicInput():
        return rule

    def moved(part: RuleInput) -> RuleInput:
        if isinstance(part, RenderingRule):
            return on_raster(part, own)
        return own if part == MosaicInput() else part

    inputs = tuple(map(moved, rule.inputs or (MosaicInput(),)))
    return msgspec.structs.replace(rule, inputs=inputs)


def with_arguments(rule: Arguments, more: Arguments) -> Arguments:
    """Return a rule object whose outermost function has more arguments."""
    if not more:
        return rule
    key = next((key for key in rule if key.casefold() in ARGUMENT_KEYS), "rasterFunctionArguments")
    own = rule.get(key)
    return {**rule, key: {**(own if isinstance(own, dict) else {}), **more}}


def has_python(rule: RenderingRule) -> bool:
    """Tell whether a rule holds a version of a registered function, which may be no longer the one in force."""
    return isinstance(rule.arguments, PythonRule) or any(
        has_python(each) for each in rule.inputs if isinstance(each, RenderingRule)
    )
