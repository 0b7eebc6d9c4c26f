"""The `renderingRule` parameter: "None" (raw samples) or one known function; others are refused by name.

Accepts the plain form (`rasterFunction`, `rasterFunctionArguments`) and the template form that the
JavaScript SDK sends (`function`, `arguments`). A `Raster` argument may be absent, "$$", or the service's own
URL (the Python API always sends that one); other URLs are refused, never fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from engine.contract import FUNCTIONS as GROUP
from engine.contract import entry_points_of
from engine.errors import InvalidParameter
from engine.function_rules import OutsideRule, StretchRule
from engine.pixel_type import PixelType
from engine.request import RenderingRule
from server.protocols.arcgis.function_arguments import FUNCTIONS
from server.protocols.arcgis.parameters import Parameters, as_integer, as_number

if TYPE_CHECKING:
    from server.protocols.arcgis.sloppy_json import JsonValue

    Arguments = dict[str, JsonValue]

MAX_BANDS = 4096
_MOST_CHARACTERS = 65_536
ACCEPTED = "None, Stretch, Remap, Convolution or Arithmetic"

_STRETCH_TYPES = {
    "none": 0,
    "standarddeviation": 3,
    "standarddeviations": 3,
    "minmax": 5,
    "minimummaximum": 5,
    "percentclip": 6,
}
_TRUE = (True, 1, "true", "True", "1")


def rendering_rule(parameters: Parameters, service: str = "") -> RenderingRule | None:
    """Return the `renderingRule` asked for; None = the service's default picture.

    Parameters
    ----------
    service : str
        "folder/name", to recognise the service's own URL as an input.

    Raises
    ------
    InvalidParameter
        Names the function or argument that is not accepted.
    """
    value = parameters.json("renderingRule")
    return None if value is None else rendering_rule_of_json(value, service)


def rendering_rules(parameters: Parameters, service: str = "") -> tuple[RenderingRule, ...]:
    """Return the list `renderingRules`, else `renderingRule` as a list of one, else ()."""
    value = parameters.json("renderingRules")
    if value is None:
        single = rendering_rule(parameters, service)
        return () if single is None else (single,)
    rules = value if isinstance(value, list) else [value]
    if len(rules) > 20:
        raise InvalidParameter("renderingRules", f"{len(rules)} rules", "at most 20")
    return tuple(rendering_rule_of_json(rule, service) for rule in rules)


def rendering_rule_of_json(value: JsonValue, service: str = "") -> RenderingRule:
    """Read a rule object, or just the name of a function; see `rendering_rule`."""
    if isinstance(value, str):
        value = {"rasterFunction": value}
    if not isinstance(value, dict):
        raise InvalidParameter("renderingRule", value, "a JSON object with rasterFunction")
    fields = _fold(value)
    name, arguments = _name_and_arguments(fields)
    if name.casefold() in ("none", "identity", ""):
        _check_input(arguments, service)
        return RenderingRule(
            function="None", output_pixel_type=_pixel_type(fields.get("outputpixeltype"))
        )
    _check_input(arguments, service)
    if name.casefold() != "stretch" and name.casefold() not in FUNCTIONS:
        return _outside_rule(name, arguments, fields)
    own_name, read = FUNCTIONS.get(name.casefold(), ("Stretch", _stretch))
    return RenderingRule(
        function=own_name,
        arguments=read(arguments),
        output_pixel_type=_pixel_type(fields.get("outputpixeltype")),
    )


def _outside_rule(name: str, arguments: Arguments, fields: Arguments) -> RenderingRule:
    """Read the rule of a function that a plug-in brings; its arguments' keys are in lower case."""
    own = {entry.name.casefold(): entry.name for entry in entry_points_of(GROUP)}
    if name.casefold() not in own:
        accepted = f"{ACCEPTED}{''.join(f', {each}' for each in own.values())}"
        raise InvalidParameter("renderingRule.rasterFunction", name, accepted)
    given = {key: value for key, value in arguments.items() if key != "raster"}
    text = msgspec.json.encode(given, order="sorted").decode()
    if len(text) > _MOST_CHARACTERS:
        accepted = f"at most {_MOST_CHARACTERS} characters"
        raise InvalidParameter("renderingRule.rasterFunctionArguments", len(text), accepted)
    return RenderingRule(
        function=own[name.casefold()],
        arguments=OutsideRule(text=text),
        output_pixel_type=_pixel_type(fields.get("outputpixeltype")),
    )


def _fold(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key.casefold(): entry for key, entry in value.items() if entry is not None}


def _name_and_arguments(fields: dict[str, JsonValue]) -> tuple[str, dict[str, JsonValue]]:
    template = fields.get("function")
    if isinstance(template, dict):
        name = _fold(template).get("type", "")
        arguments = fields.get("arguments", {})
    else:
        name = fields.get("rasterfunction", "")
        arguments = fields.get("rasterfunctionarguments", {})
    if not isinstance(name, str):
        raise InvalidParameter("renderingRule.rasterFunction", name, ACCEPTED)
    if not isinstance(arguments, dict):
        raise InvalidParameter("renderingRule.rasterFunctionArguments", arguments, "a JSON object")
    unwrapped = {key: _unwrap(entry) for key, entry in _fold(arguments).items()}
    return name.strip().removesuffix("Function"), unwrapped


def _unwrap(entry: JsonValue) -> JsonValue:
    """Take the value out of a template's RasterFunctionVariable."""
    if isinstance(entry, dict) and entry.get("type") == "RasterFunctionVariable":
        return entry.get("value")
    return entry


def _check_input(arguments: dict[str, JsonValue], service: str) -> None:
    """Refuse an input that is not the service's own raster."""
    source = arguments.get("raster")
    if source in (None, "", "$$"):
        return
    if isinstance(source, dict):
        fields = _fold(source)
        if "url" in fields:
            _check_own_url(fields, service)
            return
        if "rasterfunction" in fields or "function" in fields:
            inner = rendering_rule_of_json(source, service)
            if inner.function == "None":
                return
            raise InvalidParameter(
                "renderingRule.Raster", inner.function, "the service's own raster, not a function"
            )
    raise InvalidParameter("renderingRule.Raster", source, "$$ (the service's own raster)")


def _check_own_url(fields: dict[str, JsonValue], service: str) -> None:
    url = str(fields["url"])
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        path = ""
    own = f"/rest/services/{service}/ImageServer".casefold()
    is_own = bool(service) and path.rstrip("/").casefold().endswith(own)
    if not is_own or fields.get("renderingrule"):
        raise InvalidParameter("renderingRule.Raster.url", url, "the URL of this service")


def _pixel_type(value: JsonValue) -> PixelType | None:
    word = str(value or "").strip().upper()
    if word in ("", "UNKNOWN"):
        return None
    if word not in PixelType.__members__:
        raise InvalidParameter(
            "renderingRule.outputPixelType", value, "UNKNOWN or one of " + ", ".join(PixelType)
        )
    return PixelType(word)


def _stretch(arguments: dict[str, JsonValue]) -> StretchRule:
    def number(key: str, default: float) -> float:
        return as_number(f"renderingRule.{key}", arguments.get(key.casefold(), default))

    gamma: tuple[float, ...] = ()
    if arguments.get("usegamma") in _TRUE:
        gamma = _gamma(arguments.get("gamma", []))
    rule = StretchRule(
        stretch_type=_stretch_type(arguments.get("stretchtype", 0)),
        standard_deviations=number("NumberOfStandardDeviations", 2.0),
        min_percent=number("MinPercent", 0.0),
        max_percent=number("MaxPercent", 0.0),
        out_min=number("Min", 0.0),
        out_max=number("Max", 255.0),
        statistics=_statistics(arguments.get("statistics", [])),
        dynamic_range=arguments.get("dra") in _TRUE,
        gamma=gamma,
    )
    if rule.out_min > rule.out_max:
        raise InvalidParameter("renderingRule.Min", rule.out_min, "a value not above Max")
    if rule.min_percent < 0 or rule.max_percent < 0 or rule.min_percent + rule.max_percent >= 100:
        raise InvalidParameter(
            "renderingRule.MinPercent",
            f"{rule.min_percent:g} and MaxPercent {rule.max_percent:g}",
            "percents from 0 that sum to less than 100",
        )
    return rule


def _stretch_type(value: JsonValue) -> int:
    if isinstance(value, str) and value.strip().casefold() in _STRETCH_TYPES:
        return _STRETCH_TYPES[value.strip().casefold()]
    stretch_type = as_integer("renderingRule.StretchType", value, 0, 99)
    if stretch_type not in _STRETCH_TYPES.values():
        raise InvalidParameter(
            "renderingRule.StretchType",
            stretch_type,
            "0 (none), 3 (standard deviation), 5 (min-max) or 6 (percent clip)",
        )
    return stretch_type


def _gamma(value: JsonValue) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    gamma = tuple(as_number("renderingRule.Gamma", entry) for entry in values[:MAX_BANDS])
    if any(not 0.01 <= entry <= 100 for entry in gamma):
        raise InvalidParameter("renderingRule.Gamma", value, "numbers from 0.01 to 100")
    return gamma


def _statistics(value: JsonValue) -> tuple[tuple[float, float, float, float], ...]:
    """Read `[[min, max, mean, stddev], …]`, or objects with those keys."""
    name = "renderingRule.Statistics"
    if not isinstance(value, list) or len(value) > MAX_BANDS:
        raise InvalidParameter(name, value, "a list of [min, max, mean, stddev]")
    rows = []
    for row in value:
        if isinstance(row, dict):
            fields = _fold(row)
            mean = fields.get("avg", fields.get("mean", 0.0))
            deviation = fields.get("stddev", fields.get("standarddeviation", 0.0))
            cells = [fields.get("min"), fields.get("max"), mean, deviation]
        else:
            cells = list(row) if isinstance(row, list) else []
            cells += [0.0] * (4 - len(cells)) if len(cells) >= 2 else []
        if len(cells) != 4:
            raise InvalidParameter(name, row, "[min, max, mean, stddev]")
        low, high, mean_value, stddev = (as_number(name, cell) for cell in cells)
        rows.append((low, high, mean_value, stddev))
    return tuple(rows)
