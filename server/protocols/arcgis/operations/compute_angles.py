"""computeAngles: where north lies and what is up, in an image or on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.image_space import image_space_item
from engine.request import AnglesRequest
from engine.request_parts import MapPoint
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.image_coordinate_system import ics_of
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import RASTER_FIELD, raster_id
from server.protocols.arcgis.places import place_parameter
from server.protocols.arcgis.spatial_reference import crs_parameter, to_json, unless_own

if TYPE_CHECKING:
    from engine.results import AnglesResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Compute angles",
    hint="Directions at a point, clockwise from the top: north, and up, where what rises leans to.",
    fields=(
        RASTER_FIELD,
        FormField("point", '{"x":…,"y":…,"spatialReference":{"icsid":1}}; blank = the centre'),
        FormField("angleName", "north,up"),
        FormField("spatialReference", "WKID, JSON, WKT or 0:id; blank = the service's"),
    ),
)

_NAMES = ("north", "up")


def parse(question: Question) -> Asked:
    """Ask for the directions.

    Raises
    ------
    InvalidParameter
        No raster, a point that is none, or another name of an angle.
    """
    parameters = question.parameters
    names = [word.casefold() for word in parameters.names("angleName")] or list(_NAMES)
    for name in names:
        if name not in _NAMES:
            raise InvalidParameter("angleName", name, "North, Up or both")
    request = AnglesRequest(
        item=raster_id(question),
        point=_point(question),
        to_crs=unless_own(crs_parameter(parameters, "spatialReference"), question.summary),
    )
    return Asked(request=request, options={"names": ",".join(names)})


def answer(result: AnglesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the angles asked for in degrees, "NaN" where there is no such direction."""
    angles = {"north": result.north_deg, "up": result.up_deg}
    names = context.options["names"].split(",")
    body: dict[str, Any] = {name: number(angles[name]) for name in _NAMES if name in names}
    raster = image_space_item(result.crs)
    # Clients know image space by the object of the ics resource, which stands here bare.
    body["spatialReference"] = (
        to_json(result.crs, context.summary)
        if raster is None
        else ics_of(raster, context.service, context.summary)
    )
    return encode(body, context.options)


def _point(question: Question) -> MapPoint | None:
    if question.parameters.text("point").casefold() in ("", "{}", "null", "undefined", "false"):
        return None
    places = place_parameter(question.parameters, "point")
    if places.shapes[0].kind != "point":
        raise InvalidParameter("point", places.shapes[0].kind, "a point")
    crs = unless_own(places.crs, question.summary)
    return MapPoint(x=places.flat[0], y=places.flat[1], crs=crs)
