"""The `renderingRule` parameter: a tree of raster functions; what is not known is refused by name.

Accepts the plain form (`rasterFunction`, `rasterFunctionArguments`) and the template form that the
JavaScript SDK sends (`function`, `arguments`). A raster is absent or "$$" (the service's own), a rule again, a
number, "$" and an OBJECTID, or the service's own URL with a mosaic rule (the Python API always sends that
one); other URLs are refused, never fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from engine.errors import InvalidParameter, RequestTooLarge
from engine.function_rules import LocalRule, PythonRule
from engine.function_rules.local_names import LOCAL_NAMES
from engine.pixel_type import PixelType
from engine.request_parts import ConstantInput, ItemInput, MosaicInput, RenderingRule
from server.protocols.arcgis.focal_calls import without_focal_calls
from server.protocols.arcgis.function_arguments import (
    FUNCTION_RULES,
    local_arguments,
    read_arguments,
)
from server.protocols.arcgis.function_names import NOTHING, accepted_functions, outside_rule
from server.protocols.arcgis.function_templates import filled, has_python, on_raster, with_arguments
from server.protocols.arcgis.parameters import Parameters, as_integer
from server.protocols.arcgis.rules import mosaic_rule_of_json
from server.protocols.input_limits import (
    MAX_RULE_DEPTH,
    MAX_RULE_DEPTH_IN_ALL,
    MAX_RULE_PARTS,
    MAX_RULE_RASTERS,
)
from server.python_functions.arguments import adapted_function, python_rule
from server.python_functions.known import known_functions

if TYPE_CHECKING:
    from engine.request_parts import RuleInput
    from engine.summary import FunctionTemplate, ServiceSummary
    from server.protocols.arcgis.sloppy_json import JsonValue

    Arguments = dict[str, JsonValue]

_ADAPTER = "pythonadapter"
_MAY_NAME = frozenset(("rasterfunction", "function"))
# Of a rule without a function: the service's own picture, or a cast of it.
_MAY_BE_ALONE = frozenset(("rasterfunctionarguments", "outputpixeltype", "variablename"))
PYTHON = str(PythonRule.__struct_config__.tag)
_ITEM = re.compile(r"\$(\d{1,18})")


@dataclass(frozen=True, slots=True)
class RuleScope:
    """What names in a rule may stand for.

    Attributes
    ----------
    service : str
        "folder/name", to recognise the service's own URL as an input.
    templates : tuple of FunctionTemplate
        Those of the service; they go before functions of the same name.
    takes_adapters : bool
        The rule is a template, which may name the class of a registered function in Python, as those of
        ArcGIS do; clients name the function.
    """

    service: str = ""
    templates: tuple[FunctionTemplate, ...] = ()
    takes_adapters: bool = False

    def without(self, template: FunctionTemplate) -> RuleScope:
        """Return what names stand for within a template: itself it does not see."""
        others = tuple(each for each in self.templates if each != template)
        return RuleScope(self.service, others, takes_adapters=True)

    def template(self, name: str) -> FunctionTemplate | None:
        """Return the template of a name, in any case."""
        folded = name.casefold()
        return next((each for each in self.templates if each.name.casefold() == folded), None)


NOWHERE = RuleScope()


def rule_scope(service: str, summary: ServiceSummary) -> RuleScope:
    """Return what names in rules for a service ("folder/name") may stand for."""
    return RuleScope(service, summary.templates)


def rendering_rule(parameters: Parameters, scope: RuleScope = NOWHERE) -> RenderingRule | None:
    """Return the `renderingRule` asked for; None = the service's default picture.

    Raises
    ------
    InvalidParameter
        Names the function or argument that is not accepted.
    """
    value = parameters.json("renderingRule")
    return None if value is None else rendering_rule_of_json(value, scope)


def rendering_rules(
    parameters: Parameters, scope: RuleScope = NOWHERE
) -> tuple[RenderingRule, ...]:
    """Return the list `renderingRules`, else `renderingRule` as a list of one, else ()."""
    value = parameters.json("renderingRules")
    if value is None:
        single = rendering_rule(parameters, scope)
        return () if single is None else (single,)
    rules = value if isinstance(value, list) else [value]
    if len(rules) > 20:
        raise InvalidParameter("renderingRules", f"{len(rules)} rules", "at most 20")
    return tuple(rendering_rule_of_json(rule, scope) for rule in rules)


def rendering_rule_of_json(value: JsonValue, scope: RuleScope = NOWHERE) -> RenderingRule:
    """Read a rule object, or just the name of a function; see `rendering_rule`."""
    found = _Reader(scope).rule(value)
    _check_size(found)
    return found


def _check_size(rule: RenderingRule) -> None:
    """Refuse a rule that is too large with all that templates brought.

    A template that uses its raster twice doubles it: such rules are small as they are read, and without end
    for all that walk over them.
    """
    pending, parts = [(rule, 1)], 0
    while pending:
        part, depth = pending.pop()
        parts += 1
        if depth > MAX_RULE_DEPTH_IN_ALL:
            raise RequestTooLarge("depth of renderingRule", depth, MAX_RULE_DEPTH_IN_ALL)
        if parts > MAX_RULE_PARTS:
            raise RequestTooLarge("number of functions in renderingRule", parts, MAX_RULE_PARTS)
        pending += [(each, depth + 1) for each in part.inputs if isinstance(each, RenderingRule)]


class _Reader:
    """Reads one tree; counts its parts and how deep they lie."""

    def __init__(self, scope: RuleScope) -> None:
        self._scope = scope
        self._depth = 0
        self._parts = 0

    def rule(self, value: JsonValue) -> RenderingRule:
        if isinstance(value, str):
            value = {"rasterFunction": value}
        if not isinstance(value, dict):
            raise InvalidParameter("renderingRule", value, "a JSON object with rasterFunction")
        self._depth += 1
        self._parts += 1
        if self._depth > MAX_RULE_DEPTH:
            raise RequestTooLarge("depth of renderingRule", self._depth, MAX_RULE_DEPTH)
        if self._parts > MAX_RULE_PARTS:
            raise RequestTooLarge(
                "number of functions in renderingRule", self._parts, MAX_RULE_PARTS
            )
        fields = _fold(value)
        if not _MAY_NAME.isdisjoint(fields) or fields.keys() <= _MAY_BE_ALONE:
            name, arguments = _name_and_arguments(fields)
        else:
            raise InvalidParameter(
                "renderingRule", ", ".join(fields), "an object with rasterFunction"
            )
        pixel_type = _output_type(fields)
        template = None if "function" in fields else self._scope.template(name)
        if template is None:
            found = self._made(name, arguments, pixel_type)
        else:
            variable = str(fields.get("variablename", "")).casefold()
            raster = arguments.pop("raster", None) or arguments.pop(variable, None)
            found = self._of_template(template, arguments, raster)
            if pixel_type is not None:
                found = RenderingRule(inputs=(found,), output_pixel_type=pixel_type)
            _check_size(found)
        self._depth -= 1
        return found

    def _of_template(
        self, template: FunctionTemplate, arguments: Arguments, raster: JsonValue
    ) -> RenderingRule:
        """Return what a template stands for with a request's arguments and raster."""
        if not arguments and not has_python(template.rule):
            return on_raster(template.rule, self._input("Raster", raster))
        outside = self._scope
        own: RuleInput = self._input("Raster", raster)
        body, left = filled(template, arguments)
        self._scope = outside.without(template)
        if isinstance(body, dict):
            body = with_arguments(body, left)
        found = self.rule(body)
        self._scope = outside
        return on_raster(found, own)

    def _made(self, name: str, arguments: Arguments, pixel_type: PixelType | None) -> RenderingRule:
        if name.casefold() in NOTHING:
            inputs = self._inputs(("Raster",), arguments)
            first = inputs[0] if inputs else None
            if isinstance(first, RenderingRule) and pixel_type is None:
                return first
            return RenderingRule(inputs=inputs, output_pixel_type=pixel_type)
        kind = FUNCTION_RULES.get(name.casefold())
        if kind is None and name.casefold() in LOCAL_NAMES:
            kind, arguments = LocalRule, local_arguments(name, arguments)
        registered = None
        if kind is None:
            registered = known_functions().get(name.casefold())
        if registered is None and self._scope.takes_adapters and name.casefold() == _ADAPTER:
            registered = adapted_function(arguments)
        if registered is not None:
            own_rule, rasters = python_rule(registered, arguments, _Rasters(self))
            return RenderingRule(
                function=PYTHON,
                arguments=own_rule,
                inputs=() if rasters == [MosaicInput()] else tuple(rasters),
                output_pixel_type=pixel_type,
            )
        if kind is None:
            own, outside = outside_rule(name, arguments)
            inputs = self._inputs(("Raster",), arguments)
            return RenderingRule(
                function=own, arguments=outside, inputs=inputs, output_pixel_type=pixel_type
            )
        made = RenderingRule(
            function=str(kind.__struct_config__.tag),
            arguments=read_arguments(kind, arguments),  # type: ignore[arg-type]  # -- the kinds are those of FunctionArguments
            inputs=self._inputs(kind.inputs, arguments),
            output_pixel_type=pixel_type,
        )
        return without_focal_calls(made)

    def _inputs(self, names: tuple[str, ...], arguments: Arguments) -> tuple[RuleInput, ...]:
        """Return the rasters of a function; () where it has the service's own alone."""
        found: list[RuleInput] = []
        for place, name in enumerate(names):
            given = arguments.get(name.rstrip("*?").casefold())
            if place == 0 and given is None:
                given = arguments.get("raster")
            if name.endswith("*"):
                found += self._listed(name.rstrip("*"), given)
            elif given is not None or not name.endswith("?"):
                found.append(self._input(name.rstrip("?"), given))
        return () if found == [MosaicInput()] else tuple(found)

    def _listed(self, name: str, given: JsonValue) -> list[RuleInput]:
        if isinstance(given, dict) and isinstance(given.get("elements"), list):
            # How templates of ArcGIS Pro hold lists.
            given = given["elements"]
        values = given if isinstance(given, list) else [given]
        if len(values) > MAX_RULE_RASTERS:
            raise RequestTooLarge(f"number of rasters in {name}", len(values), MAX_RULE_RASTERS)
        return [self._input(name, each) for each in values]

    def _input(self, name: str, value: JsonValue) -> RuleInput:
        value = _held(value)
        if value in (None, "", "$$"):
            return MosaicInput()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return ConstantInput(value=float(value))
        if isinstance(value, dict):
            return self._nested(name, _fold(value), value)
        match = _ITEM.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is not None:
            return ItemInput(item=as_integer(f"renderingRule.{name}", match[1], 0))
        accepted = "$$ (the service's own rasters), $ and an OBJECTID, a number or a function"
        raise InvalidParameter(f"renderingRule.{name}", value, accepted)

    def _nested(self, name: str, fields: Arguments, value: JsonValue) -> RuleInput:
        if "rasterfunction" in fields or "function" in fields:
            inner = self.rule(value)
            plain = inner.function == "None" and inner.output_pixel_type is None
            return (*inner.inputs, MosaicInput())[0] if plain else inner
        if "url" not in fields:
            if fields.get("isdataset") or fields.get("type") == "RasterFunctionVariable":
                return MosaicInput()
            raise InvalidParameter(f"renderingRule.{name}", value, "a function or $$")
        _check_own_url(fields, self._scope.service)
        mosaic = fields.get("mosaicrule")
        if isinstance(mosaic, dict) and _fold(mosaic).get("itemrenderingrule"):
            accepted = "no itemRenderingRule: it stands in the mosaicRule of the request"
            raise InvalidParameter(f"renderingRule.{name}.mosaicRule", mosaic, accepted)
        own = MosaicInput(mosaic=mosaic_rule_of_json(mosaic) if mosaic else None)
        rule = fields.get("renderingrule")
        if not rule:
            return own
        return on_raster(self.rule(rule), own)


@dataclass(frozen=True, slots=True)
class _Rasters:
    """The reader as functions of others ask it."""

    reader: _Reader

    def one(self, name: str, value: JsonValue) -> RuleInput:
        return self.reader._input(name, value)  # noqa: SLF001 -- a face of the same class

    def several(self, name: str, value: JsonValue) -> list[RuleInput]:
        return self.reader._listed(name, value)  # noqa: SLF001 -- a face of the same class


def _fold(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key.casefold(): entry for key, entry in value.items() if entry is not None}


def _name_and_arguments(fields: Arguments) -> tuple[str, dict[str, JsonValue]]:
    template = fields.get("function")
    if isinstance(template, dict):
        name = _fold(template).get("type", "")
        arguments = fields.get("arguments", {})
    else:
        name = fields.get("rasterfunction", "")
        arguments = fields.get("rasterfunctionarguments", {})
    if not isinstance(name, str):
        raise InvalidParameter("renderingRule.rasterFunction", name, accepted_functions())
    if not isinstance(arguments, dict):
        raise InvalidParameter("renderingRule.rasterFunctionArguments", arguments, "a JSON object")
    unwrapped = {key: _unwrap(entry) for key, entry in _fold(arguments).items()}
    return name.strip().removesuffix("Function"), unwrapped


def _unwrap(entry: JsonValue) -> JsonValue:
    """Take the value out of a template's RasterFunctionVariable."""
    if isinstance(entry, dict) and entry.get("type") == "RasterFunctionVariable":
        return entry.get("value")
    return entry


def _held(value: JsonValue) -> JsonValue:
    """Return the function or number that a variable in a list holds; a data set of its author stays unread."""
    held = _unwrap(value)
    if held is not value and isinstance(held, dict):
        return held if _fold(held).keys() & {"rasterfunction", "function", "url"} else value
    return value if held is None else held


def _check_own_url(fields: Arguments, service: str) -> None:
    url = str(fields["url"])
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        path = ""
    own = f"/rest/services/{service}/ImageServer".casefold()
    if not service or not path.rstrip("/").casefold().endswith(own):
        raise InvalidParameter("renderingRule.Raster.url", url, "the URL of this service")


def _output_type(fields: Arguments) -> PixelType | None:
    stated = fields.get("outputpixeltype")
    function = fields.get("function")
    if stated is None and isinstance(function, dict):
        stated = _fold(function).get("pixeltype")
    return _pixel_type(stated)


def _pixel_type(value: JsonValue) -> PixelType | None:
    word = str(value or "").strip().upper()
    if word in ("", "UNKNOWN"):
        return None
    if word not in PixelType.__members__:
        raise InvalidParameter(
            "renderingRule.outputPixelType", value, "UNKNOWN or one of " + ", ".join(PixelType)
        )
    return PixelType(word)
