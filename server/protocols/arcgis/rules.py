"""What selects and orders the items of a request: mosaicRule, time and interpolation.

Shared with the tile routes: the same parameters mean the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.definition import Interpolation, MosaicMethod, MosaicOperator
from engine.dates import DAY_MS, parse_date_ms
from engine.errors import InvalidParameter
from engine.request_parts import MapPoint, MosaicRule, RenderingRule, TimeRange
from server.protocols.arcgis.dimensions import definition_of_json, with_slices
from server.protocols.arcgis.parameters import Parameters, as_integer, as_number
from server.protocols.arcgis.spatial_reference import crs_of_json
from server.protocols.input_limits import MAX_LIST, MAX_WHERE

if TYPE_CHECKING:
    from server.protocols.arcgis.sloppy_json import JsonValue

_LATEST_MS = 8_640_000_000_000_000
_MOMENT = "milliseconds since 1970 or an ISO date such as 2024-07-05 or 2024-07-05T10:30:00Z"

_METHODS = {
    **{method.value.casefold(): method for method in MosaicMethod},
    "attribute": MosaicMethod.ATTRIBUTE,
}
_OPERATORS = {operator.value.casefold(): operator for operator in MosaicOperator}
_INTERPOLATIONS = {
    "rsp_nearestneighbor": Interpolation.NEAREST,
    "rsp_bilinearinterpolation": Interpolation.BILINEAR,
    "rsp_cubicconvolution": Interpolation.CUBIC,
    "rsp_majority": Interpolation.MAJORITY,
    "nearestneighbor": Interpolation.NEAREST,
    **{choice.value.casefold(): choice for choice in Interpolation},
}
_INTERPOLATION_NAMES = (
    "RSP_NearestNeighbor, RSP_BilinearInterpolation, RSP_CubicConvolution or RSP_Majority"
)


def interpolation(parameters: Parameters) -> Interpolation | None:
    """Return the `interpolation` asked for; None = the service's."""
    return parameters.choice("interpolation", _INTERPOLATIONS, _INTERPOLATION_NAMES)


def time_range(parameters: Parameters) -> TimeRange | None:
    """Return the `time` asked for (`moment`, or `start,end` with `null` for open); None = all.

    A moment is milliseconds, or an ISO date: without a time of day it is the whole day.

    Raises
    ------
    InvalidParameter
        Not one or two moments, or start after end.
    """
    text = parameters.text("time")
    moments = [_moment(element) for element in parameters.elements("time")]
    if all(moment is None for moment in moments):
        return None
    if len(moments) > 2:
        raise InvalidParameter("time", text, f"{_MOMENT}, or start,end")
    start, end = (
        None if moment is None else moment[side]
        for side, moment in enumerate((moments[0], moments[-1]))
    )
    if start is not None and end is not None and start > end:
        raise InvalidParameter("time", text, "a start that is not after the end")
    return TimeRange(start=start, end=end)


def mosaic_rule(parameters: Parameters) -> MosaicRule | None:
    """Return the `mosaicRule` asked for, with the slices named beside it; None = the service's default.

    Raises
    ------
    InvalidParameter
        Names the key within the rule that is not accepted.
    """
    value = parameters.json("mosaicRule")
    rule = None if value is None else mosaic_rule_of_json(value)
    return with_slices(rule, parameters)


def mosaic_rule_of_json(value: JsonValue) -> MosaicRule | None:
    """Read a mosaic rule object, or just the name of a method; see `mosaic_rule`."""
    if isinstance(value, str):
        value = {"mosaicMethod": value}
    if not isinstance(value, dict):
        raise InvalidParameter("mosaicRule", value, "a JSON object")
    fields: dict[str, JsonValue] = {
        key.casefold(): entry for key, entry in value.items() if entry not in (None, "")
    }
    rule = MosaicRule(
        method=_method(fields.get("mosaicmethod")),
        operator=_operator(fields.get("mosaicoperation", fields.get("mosaicoperator"))),
        where=_text("mosaicRule.where", fields.get("where", ""), MAX_WHERE),
        fids=_ids("mosaicRule.fids", fields["fids"]) if fields.get("fids") else None,
        sort_field=_text("mosaicRule.sortField", fields.get("sortfield", ""), 200),
        sort_value=_sort_value(fields.get("sortvalue")),
        ascending=_ascending(fields.get("ascending", fields.get("sortascending"))),
        lock_ids=_ids("mosaicRule.lockRasterIds", fields.get("lockrasterids", [])),
        viewpoint=_viewpoint(fields.get("viewpoint")),
        dimensions=definition_of_json(
            "mosaicRule.multidimensionalDefinition", fields.get("multidimensionaldefinition") or []
        ),
        item_rule=_item_rule(fields.get("itemrenderingrule")),
    )
    if rule.method is MosaicMethod.LOCK_RASTER and not rule.lock_ids:
        raise InvalidParameter("mosaicRule.lockRasterIds", "", "one or more OBJECTIDs")
    if rule.method is MosaicMethod.VIEWPOINT and rule.viewpoint is None:
        raise InvalidParameter("mosaicRule.viewpoint", "", "a point")
    return None if rule == MosaicRule() else rule


def _moment(element: JsonValue) -> tuple[int, int] | None:
    """Return the first and last millisecond of a moment; None = open."""
    if element is None:
        return None
    if isinstance(element, str):
        if element.casefold() in ("null", "undefined", ""):
            return None
        first = parse_date_ms(element)
        if first is not None:
            return first, first if ":" in element else first + DAY_MS - 1
    try:
        milliseconds = as_number("time", element)
    except InvalidParameter as err:
        raise InvalidParameter("time", element, _MOMENT) from err
    if abs(milliseconds) > _LATEST_MS:
        raise InvalidParameter("time", element, "milliseconds since 1970 within the calendar")
    return round(milliseconds), round(milliseconds)


def _item_rule(value: JsonValue) -> RenderingRule | None:
    """Read the rule that is done to each item; names of a service's templates mean nothing there."""
    from server.protocols.arcgis.rendering_rule import (  # noqa: PLC0415 -- rules lie in each other
        rendering_rule_of_json,
    )

    if not value:
        return None
    try:
        rule = rendering_rule_of_json(value)
    except InvalidParameter as err:
        name, given, accepted = err.fields
        own = str(name).removeprefix("renderingRule").removeprefix(".")
        where = "mosaicRule.itemRenderingRule"
        raise InvalidParameter(f"{where}.{own}" if own else where, given, accepted) from err
    return None if rule == RenderingRule() else rule


def _method(value: JsonValue) -> MosaicMethod | None:
    if value is None:
        return None
    word = str(value).strip().casefold().removeprefix("esrimosaic")
    if word not in _METHODS:
        known = ", ".join(f"esriMosaic{name}" for name in ("None", "Center", "Nadir", "Viewpoint"))
        raise InvalidParameter(
            "mosaicRule.mosaicMethod",
            value,
            f"one of {known}, esriMosaicAttribute, esriMosaicLockRaster, esriMosaicNorthwest, "
            "esriMosaicSeamline",
        )
    return _METHODS[word]


def _operator(value: JsonValue) -> MosaicOperator | None:
    if value is None:
        return None
    word = str(value).strip().casefold().removeprefix("mt_")
    if word not in _OPERATORS:
        known = ", ".join(f"MT_{name.upper()}" for name in _OPERATORS)
        raise InvalidParameter("mosaicRule.mosaicOperation", value, f"one of {known}")
    return _OPERATORS[word]


def _text(name: str, value: JsonValue, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit or "\0" in value:
        raise InvalidParameter(name, value, f"text of at most {limit} characters")
    return value.strip()


def _sort_value(value: JsonValue) -> str | float | None:
    if value is None or isinstance(value, str):
        return None if value is None else _text("mosaicRule.sortValue", value, 200)
    return as_number("mosaicRule.sortValue", value)


def _ascending(value: JsonValue) -> bool | None:
    word = str(value).strip().casefold()
    if value is None or word in ("true", "1"):
        return None if value is None else True
    if word in ("false", "0"):
        return False
    raise InvalidParameter("mosaicRule.ascending", value, "true or false")


def _ids(name: str, value: JsonValue) -> tuple[int, ...]:
    if isinstance(value, str):
        value = [part for part in value.strip("[] ").split(",") if part.strip()]
    elements = value if isinstance(value, list) else [value]
    if len(elements) > MAX_LIST:
        raise InvalidParameter(name, f"{len(elements)} ids", f"at most {MAX_LIST}")
    return tuple(as_integer(name, element, 0) for element in elements)


def _viewpoint(value: JsonValue) -> MapPoint | None:
    if value is None or value == {}:
        return None
    name = "mosaicRule.viewpoint"
    if isinstance(value, str):
        value = dict(zip("xy", value.split(","), strict=False))
    if not isinstance(value, dict) or "x" not in value or "y" not in value:
        raise InvalidParameter(name, value, "a point with x and y")
    return MapPoint(
        x=as_number(f"{name}.x", value["x"]),
        y=as_number(f"{name}.y", value["y"]),
        crs=crs_of_json(f"{name}.spatialReference", value.get("spatialReference")),
    )
