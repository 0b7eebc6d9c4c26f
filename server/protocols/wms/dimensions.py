"""Dimensions of a layer: time, and of a multidimensional service all that its variables have.

StdTime is WMS' TIME and StdZ its ELEVATION; any other dimension is DIM_<NAME>, and so is the variable.
Without a value a map shows the first slice, as exportImage does.

References
----------
OGC 06-042 (WMS 1.3.0), annex C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.dimensions import HEIGHT, TIME, variable_of
from engine.errors import InvalidParameter
from engine.request_parts import DimensionValues, TimeRange
from server.protocols.arcgis.parameters import as_number
from server.protocols.input_limits import MAX_DIMENSION_VALUES
from server.protocols.wms.refusal import WmsRefusal
from server.protocols.wms.time_dimension import iso_text, read_times

if TYPE_CHECKING:
    from engine.dimensions import Dimension, Variable
    from engine.summary import ServiceSummary, TimeInfo
    from server.protocols.arcgis.parameters import Parameters

    Ranges = tuple[tuple[float, float], ...]

VARIABLE = "variable"
_PREFIX = "DIM_"
_MOST_LISTED = 500
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class LayerDimension:
    """A dimension as capabilities tell it; `has_current`: its last value has a name."""

    name: str
    units: str
    default: str
    extent: str
    has_current: bool = False


def layer_dimensions(summary: ServiceSummary) -> list[LayerDimension]:
    """Return the dimensions of a service's layer."""
    if not summary.variables:
        return [] if summary.time is None else [_dates(summary.time)]
    default = _default_variable(summary)
    found = {dimension.name: dimension for dimension in default.dimensions}
    for variable in summary.variables:
        for dimension in variable.dimensions:
            found.setdefault(dimension.name, dimension)
    listed = [_described(dimension) for dimension in found.values() if dimension.values]
    if len(summary.variables) > 1:
        names = ",".join(variable.name for variable in summary.variables)
        listed.append(LayerDimension(VARIABLE, "", default.name, names))
    return listed


def asked_slices(
    parameters: Parameters, summary: ServiceSummary
) -> tuple[tuple[DimensionValues, ...], TimeRange | None]:
    """Read TIME, ELEVATION and DIM_<NAME> of a multidimensional service.

    Raises
    ------
    WmsRefusal
        There is no such variable, or no slice at such a value.
    """
    name = parameters.text(_PREFIX + VARIABLE)
    variable = variable_of(summary.variables, name) if name else _default_variable(summary)
    if variable is None:
        known = ", ".join(each.name for each in summary.variables)
        raise _refusal(_PREFIX + VARIABLE.upper(), name, f"one of {known}")
    entries = [DimensionValues(variable=variable.name)] if name else []
    time: TimeRange | None = None
    for dimension in variable.dimensions:
        asked = _asked(parameters, dimension)
        if not asked:
            continue
        if dimension.name == TIME and len(asked) == 1:
            time = TimeRange(start=round(asked[0][0]), end=round(asked[0][1]))
        else:
            owner = variable.name if name else ""
            entries.append(DimensionValues(variable=owner, dimension=dimension.name, values=asked))
    return tuple(entries), time


def _asked(parameters: Parameters, dimension: Dimension) -> Ranges:
    """Return the ranges asked for, all of which have a slice; () = none are."""
    parameter = _parameter_of(dimension.name)
    text = parameters.text(parameter)
    if not text or text.casefold() == "default":
        return ()
    ranges = tuple(
        _moments(parameter, text, dimension) if dimension.is_time else _numbers(parameter, text)
    )
    for low, high in ranges:
        slack = 0.0 if dimension.is_time else _CLOSE * max(1.0, abs(low), abs(high))
        if not any(low - slack <= value <= high + slack for value in dimension.values):
            raise _refusal(parameter, text, f"values from {_extent(dimension)}")
    return ranges


def _moments(parameter: str, text: str, dimension: Dimension) -> Ranges:
    times = read_times(parameter, text, round(dimension.values[-1]))
    return tuple((float(start), float(end)) for start, end in times)


def _numbers(parameter: str, text: str) -> Ranges:
    parts = text.split(",")
    if len(parts) > MAX_DIMENSION_VALUES:
        raise _refusal(parameter, f"{len(parts)} values", f"at most {MAX_DIMENSION_VALUES}")
    return tuple(_range(parameter, part) for part in parts)


def _range(parameter: str, text: str) -> tuple[float, float]:
    accepted = "numbers, or low/high with the lower end first"
    try:
        ends = [as_number(parameter, end) for end in text.split("/", 3)]
    except InvalidParameter as err:
        raise _refusal(parameter, text, accepted) from err
    if len(ends) > 3 or ends[min(len(ends), 2) - 1] < ends[0]:
        raise _refusal(parameter, text, accepted)
    return ends[0], ends[min(len(ends), 2) - 1]


def _dates(info: TimeInfo) -> LayerDimension:
    start, end = iso_text(info.start), iso_text(info.end)
    if info.start == info.end:
        return LayerDimension("time", "ISO8601", start, start, has_current=True)
    # A request without TIME shows all dates, by the service's mosaic rule.
    extent = f"{start}/{end}/PT1S"
    return LayerDimension("time", "ISO8601", f"{start}/{end}", extent, has_current=True)


def _described(dimension: Dimension) -> LayerDimension:
    return LayerDimension(
        name=_name_of(dimension.name),
        units="ISO8601" if dimension.is_time else dimension.unit,
        default=_value(dimension, dimension.first),
        extent=_extent(dimension),
        has_current=dimension.name == TIME,
    )


def _extent(dimension: Dimension) -> str:
    values = dimension.values
    if len(values) <= _MOST_LISTED:
        return ",".join(_value(dimension, value) for value in values)
    step = "PT1S" if dimension.is_time else "0"
    return f"{_value(dimension, values[0])}/{_value(dimension, values[-1])}/{step}"


def _value(dimension: Dimension, value: float) -> str:
    return iso_text(round(value)) if dimension.is_time else f"{value:.12g}"


def _name_of(dimension: str) -> str:
    return {TIME: "time", HEIGHT: "elevation"}.get(dimension, dimension)


def _parameter_of(dimension: str) -> str:
    name = _name_of(dimension).upper()
    return name if dimension in (TIME, HEIGHT) else _PREFIX + name


def _default_variable(summary: ServiceSummary) -> Variable:
    return variable_of(summary.variables, summary.default_variable) or summary.variables[0]


def _refusal(parameter: str, value: object, accepted: str) -> WmsRefusal:
    return WmsRefusal("InvalidDimensionValue", parameter, value, accepted)
