"""calculateVolume: what lies above and below a base within areas of a service of heights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter, RequestTooLarge
from engine.measure_requests import VolumeBase, VolumeRequest
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.geometry import geometries_parameter
from server.protocols.arcgis.needs import HEIGHTS
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import MOSAIC_FIELD
from server.protocols.arcgis.pixel_size import pixel_size, pixel_size_crs
from server.protocols.arcgis.rules import mosaic_rule
from server.protocols.arcgis.spatial_reference import unless_own
from server.protocols.input_limits import MAX_AREAS

if TYPE_CHECKING:
    from engine.measurements import Volume, VolumesResult
    from server.instances.answer_context import AnswerContext

_BASES: dict[str, VolumeBase] = {
    "0": "constant",
    "1": "plane",
    "2": "lowest",
    "3": "highest",
    "4": "average",
}
_ACCEPTED = (
    "0 (constantZ), 1 (best fitting plane), 2 (lowest), 3 (highest) or 4 (average along the edge)"
)

INFO = OperationInfo(
    title="Calculate volume",
    hint="Cut and fill between the surface of a service of heights and a base, in cubic metres.",
    needs=HEIGHTS,
    fields=(
        FormField("geometries", "JSON: polygons or envelopes", start='[{"rings":[$ring]}]'),
        FormField("geometryType", choices=("", "esriGeometryPolygon", "esriGeometryEnvelope")),
        FormField("baseType", _ACCEPTED, ("", *_BASES)),
        FormField("constantZ", "metres, for baseType 0"),
        MOSAIC_FIELD,
        FormField("pixelSize", "x,y in units of the geometries"),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the volumes.

    Raises
    ------
    RequestError
    """
    parameters = question.parameters
    base = parameters.choice("baseType", _BASES, _ACCEPTED) or "plane"
    constant = parameters.number("constantZ")
    if base == "constant" and constant is None:
        raise InvalidParameter("constantZ", "", "the height of the base in metres")
    areas = geometries_parameter(parameters, "geometries")
    if len(areas) > MAX_AREAS:
        raise RequestTooLarge("number of areas in 'geometries'", len(areas), MAX_AREAS)
    for area in areas:
        if area.kind not in ("polygon", "envelope"):
            raise InvalidParameter("geometries", area.kind, "polygons or envelopes")
    request = VolumeRequest(
        areas=tuple((area.wkb, unless_own(area.crs, question.summary)) for area in areas),
        base=base,
        constant_z=constant or 0.0,
        pixel_size=pixel_size(parameters),
        pixel_size_crs=pixel_size_crs(parameters),
        mosaic=mosaic_rule(parameters),
    )
    return Asked(request=request)


def answer(result: VolumesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one entry an area; clients read the keys in this spelling."""
    return encode({"results": [_volume(each) for each in result.volumes]}, context.options)


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "area": number(volume.area_m2),
        "cut": number(volume.cut_m3),
        "fill": number(volume.fill_m3),
        "minz": number(volume.min_z),
        "maxz": number(volume.max_z),
        "meanZ": number(volume.mean_z),
        # The SDK for JavaScript spells it so.
        "meanz": number(volume.mean_z),
        "cutCellCount": volume.cut_cells,
        "fillCellCount": volume.fill_cells,
    }
