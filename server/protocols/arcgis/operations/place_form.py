"""What the operations between map and image space share: the raster meant, and geometries as answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.request import ItemRequest
from server.protocols.arcgis.operations.base import Asked, FormField
from server.protocols.arcgis.places import put_together, read_shapes
from server.protocols.arcgis.spatial_reference import to_json
from server.protocols.input_limits import MAX_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.results import PlaceResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

# The only item of a service of a single raster.
_SINGLE = 1

RASTER_FIELD = FormField("rasterId", "OBJECTID of the raster", start="$rasterId")
POINTS_FIELD = FormField(
    "geometries",
    '{"geometryType":"esriGeometryPoint","geometries":[{"x":…,"y":…}]} or x,y,x,y …',
    start="$x,$y",
)
GEOMETRY_TYPE_FIELD = FormField(
    "geometryType",
    choices=(
        "",
        "esriGeometryPoint",
        "esriGeometryMultipoint",
        "esriGeometryPolyline",
        "esriGeometryPolygon",
        "esriGeometryEnvelope",
    ),
)


def raster_id(question: Question) -> int:
    """Return the raster that a question is about; a service of a single raster needs no name for it.

    Raises
    ------
    InvalidParameter
        Not a whole number, or missing where there are many.
    """
    found = question.parameters.integer("rasterId", 0, MAX_ID)
    if found is not None:
        return found
    if question.summary.source_type == "mosaic":
        raise InvalidParameter("rasterId", "", "the OBJECTID of a raster of this service")
    return _SINGLE


def ask_for_raster(question: Question) -> Asked:
    """Ask for what the catalog knows of a raster.

    Raises
    ------
    InvalidParameter
    """
    return Asked(request=ItemRequest(item=raster_id(question)))


def option_of(question: Question, name: str) -> Any:
    """Return an entry of the `options` object, whatever its case; None where not given.

    Raises
    ------
    InvalidParameter
        `options` is no object.
    """
    options = question.parameters.json("options")
    if options is None:
        return None
    if not isinstance(options, dict):
        raise InvalidParameter("options", options, "a JSON object")
    folded = {key.casefold(): value for key, value in options.items()}
    return folded.get(name.casefold())


def flag_option(question: Question, name: str) -> bool:
    """Return a true or false among `options`; false where not given.

    Raises
    ------
    InvalidParameter
        Neither.
    """
    value = option_of(question, name)
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    if value in (None, True, False):
        return bool(value)
    raise InvalidParameter(f"options.{name}", value, "true or false")


def geometries_of(result: PlaceResult, context: AnswerContext) -> Iterator[dict[str, Any]]:
    """Yield the geometries of an answer, shaped as they were sent."""
    return put_together(read_shapes(context.options["shapes"]), result.positions)


def geometry_of(result: PlaceResult, context: AnswerContext) -> dict[str, Any]:
    """Return the one geometry of an answer with its spatial reference."""
    reference = to_json(result.crs, context.summary)
    return {**next(geometries_of(result, context)), "spatialReference": reference}
