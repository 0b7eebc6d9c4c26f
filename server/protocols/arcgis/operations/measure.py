"""measure: places, distances, areas and heights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

from engine.errors import InvalidParameter
from engine.measure_requests import MeasureOperation, MeasureRequest
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import MOSAIC_FIELD
from server.protocols.arcgis.operations.place_form import GEOMETRY_TYPE_FIELD
from server.protocols.arcgis.pixel_size import pixel_size, pixel_size_crs
from server.protocols.arcgis.rules import mosaic_rule
from server.protocols.arcgis.spatial_reference import to_json, unless_own
from server.protocols.arcgis.units import ANGULAR, AREA, LINEAR, display_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.measurements import Measured, MeasureResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.geometry import Geometry

_PREFIX = "esriMensuration"
_OPERATIONS: dict[str, MeasureOperation] = {
    (_PREFIX + name).casefold(): name for name in get_args(MeasureOperation)
}
_CHOICES = tuple(_PREFIX + name for name in get_args(MeasureOperation))
_UNITS: dict[str, Mapping[str, float]] = {
    "linearUnit": LINEAR,
    "angularUnit": ANGULAR,
    "areaUnit": AREA,
}
_UNIT_OF = {
    "distance": "linearUnit",
    "perimeter": "linearUnit",
    "height": "linearUnit",
    "azimuthAngle": "angularUnit",
    "elevationAngle": "angularUnit",
    "area": "areaUnit",
}
# Geometries of operations that take one alone; the others join two points.
_SINGLE = {
    "Point": ("point",),
    "Centroid": ("polygon", "envelope"),
    "AreaAndPerimeter": ("polygon", "envelope"),
}

INFO = OperationInfo(
    title="Measure",
    hint="Places, distances, areas and heights of objects, geodesic on the map or in a raster's image space.",
    capability="Mensuration",
    fields=(
        FormField(
            "fromGeometry",
            "x,y or JSON; the base, or the top of what has a shadow",
            start="$patch",
        ),
        FormField("toGeometry", "x,y or JSON: the other end, the top or the shadow"),
        GEOMETRY_TYPE_FIELD,
        FormField("measureOperation", choices=_CHOICES, start=_PREFIX + "AreaAndPerimeter"),
        FormField("pixelSize", "x,y in units of fromGeometry"),
        MOSAIC_FIELD,
        FormField("linearUnit", choices=("", *LINEAR)),
        FormField("angularUnit", choices=("", *ANGULAR)),
        FormField("areaUnit", choices=("", *AREA)),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for a measurement.

    Raises
    ------
    RequestError
    """
    parameters = question.parameters
    operation = parameters.choice("measureOperation", _OPERATIONS, ", ".join(_CHOICES))
    if operation is None:
        raise InvalidParameter("measureOperation", "", "one of " + ", ".join(_CHOICES))
    options = {name: _unit(question, name) for name in _UNITS}
    single = _SINGLE.get(operation.removesuffix("3D"))
    spelt = _PREFIX + operation
    first = _geometry(question, "fromGeometry", single or ("point",), spelt)
    second = _geometry(question, "toGeometry", ("point",), spelt) if single is None else None
    request = MeasureRequest(
        operation=operation,
        from_geometry=first.wkb,
        from_crs=unless_own(first.crs, question.summary),
        to_geometry=b"" if second is None else second.wkb,
        to_crs="" if second is None else unless_own(second.crs, question.summary),
        pixel_size=pixel_size(parameters),
        pixel_size_crs=pixel_size_crs(parameters),
        mosaic=mosaic_rule(parameters),
    )
    return Asked(request=request, options=options)


def answer(result: MeasureResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write what was measured, each quantity in its unit; what is not known is "NaN"."""
    body: dict[str, Any] = {"name": result.name, "sensorName": result.sensor_name}
    if result.point is not None:
        body["point"] = _point(result, context)
    for name, measured in result.quantities.items():
        kind = _UNIT_OF[name]
        body[name] = _quantity(measured, context.options[kind], _UNITS[kind])
    return encode(body, context.options)


def _unit(question: Question, name: str) -> str:
    """Return the unit asked for in its own spelling; the first of its kind where none is."""
    spelt = {unit.casefold(): unit for unit in _UNITS[name]}
    found = question.parameters.choice(name, spelt, "one of " + ", ".join(_UNITS[name]))
    return next(iter(_UNITS[name])) if found is None else found


def _geometry(question: Question, name: str, kinds: tuple[str, ...], operation: str) -> Geometry:
    found = geometry_parameter(question.parameters, name)
    kind = "a point" if kinds == ("point",) else "a polygon or an envelope"
    accepted = f"{kind} for measureOperation {operation}"
    if found is None:
        raise InvalidParameter(name, "", accepted)
    if found.kind not in kinds:
        raise InvalidParameter(name, found.kind, accepted)
    return found


def _quantity(measured: Measured, unit: str, table: Mapping[str, float]) -> dict[str, Any]:
    value, uncertainty = measured.value / table[unit], measured.uncertainty / table[unit]
    return {
        "value": number(value),
        "displayValue": display_value(value, uncertainty),
        "uncertainty": number(uncertainty),
        "unit": unit,
    }


def _point(result: MeasureResult, context: AnswerContext) -> dict[str, Any]:
    assert result.point is not None
    x, y, z = result.point
    value = {"x": number(x), "y": number(y)}
    if not math.isnan(z):
        value["z"] = number(z)
    shown = ", ".join(format(each, ".10g") for each in result.point if not math.isnan(each))
    return {
        "value": {**value, "spatialReference": to_json(result.crs, context.summary)},
        "displayValue": shown,
        "uncertainty": number(result.point_uncertainty_m),
    }
