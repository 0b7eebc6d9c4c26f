"""imageToMapMultiray: where lines of sight of several images meet."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.request import MultirayRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.needs import SENSORS
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import geometry_of
from server.protocols.arcgis.places import Places, places_parameter
from server.protocols.arcgis.spatial_reference import crs_parameter, unless_own
from server.protocols.input_limits import MAX_ID, MAX_IMAGES

if TYPE_CHECKING:
    from engine.results import PlaceResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Image to map, several rays",
    hint="One object marked in several rasters, in space: where their lines of sight meet.",
    needs=SENSORS,
    fields=(
        FormField("rasterIds", "OBJECTIDs, in the order of the geometries", start="1,2"),
        FormField(
            "geometries",
            '{"geometryType":"esriGeometryPoint","geometries":[…]}',
            start="10,-10,10,-10",
        ),
        FormField("outSR", "WKID, JSON or WKT; blank = the service's"),
    ),
)

_ACCEPTED = "one geometry of each raster, alike in kind and number of vertices"


def parse(question: Question) -> Asked:
    """Ask where the lines meet.

    Raises
    ------
    InvalidParameter
        No geometries or rasters, or not as many of the one as of the other.
    """
    parameters = question.parameters
    rasters = parameters.integers("rasterIds", 0, MAX_ID)
    if not 2 <= len(rasters) <= MAX_IMAGES:
        accepted = f"2 to {MAX_IMAGES} OBJECTIDs"
        raise InvalidParameter("rasterIds", parameters.text("rasterIds"), accepted)
    places = places_parameter(parameters)
    outlines = {(shape.kind, shape.parts) for shape in places.shapes}
    if len(places.shapes) != len(rasters) or len(outlines) != 1:
        raise InvalidParameter("geometries", f"{len(places.shapes)} geometries", _ACCEPTED)
    if places.shapes[0].kind == "envelope":
        raise InvalidParameter("geometries", "envelope", "points, lines or polygons")
    request = MultirayRequest(
        items=rasters,
        positions=_flat(places),
        to_crs=unless_own(crs_parameter(parameters, "outSR"), question.summary),
    )
    one = Places(shapes=places.shapes[:1])
    return Asked(request=request, options={"shapes": one.shapes_text()})


def answer(result: PlaceResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the geometry with its heights."""
    return encode(geometry_of(result, context), context.options)


def _flat(places: Places) -> bytes:
    """Return x and y of all vertices, without heights."""
    flat = places.flat
    both = [number for start in range(0, len(flat), 3) for number in flat[start : start + 2]]
    return struct.pack(f"<{len(both)}d", *both)
