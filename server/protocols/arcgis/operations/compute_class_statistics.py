"""computeClassStatistics: a signature file (.gsg) of means and covariances per class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, RequestTooLarge
from engine.measure_requests import ClassArea, ClassStatisticsRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.geometry import geometry_of_json
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import MOSAIC_FIELD, RENDERING_FIELD
from server.protocols.arcgis.parameters import as_integer
from server.protocols.arcgis.pixel_size import pixel_size, pixel_size_crs
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.rules import mosaic_rule
from server.protocols.arcgis.signature_text import signature_text
from server.protocols.arcgis.spatial_reference import unless_own
from server.protocols.input_limits import MAX_CLASS_NAME, MAX_STATISTIC_CLASSES

if TYPE_CHECKING:
    from engine.measurements import ClassStatisticsResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.sloppy_json import JsonValue

_ACCEPTED = '{"classes":[{"id":1,"name":"water","geometry":{…}}]}'

INFO = OperationInfo(
    title="Compute class statistics",
    hint="Means and covariances of the bands in training areas, as the text of a signature file.",
    fields=(
        FormField(
            "classDescriptions",
            _ACCEPTED,
            start='{"classes":[{"id":1,"name":"middle","geometry":{"rings":[$ring]}}]}',
        ),
        MOSAIC_FIELD,
        RENDERING_FIELD,
        FormField("pixelSize", "x,y in units of the geometries"),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the statistics.

    Raises
    ------
    RequestError
    """
    parameters = question.parameters
    described = parameters.json("classDescriptions")
    if isinstance(described, dict):
        folded = {key.casefold(): value for key, value in described.items()}
        described = folded.get("classes")
    if not isinstance(described, list) or not described:
        raise InvalidParameter("classDescriptions", described or "", _ACCEPTED)
    if len(described) > MAX_STATISTIC_CLASSES:
        raise RequestTooLarge("number of classes", len(described), MAX_STATISTIC_CLASSES)
    classes = tuple(_class(entry, question) for entry in described)
    ids = [each.id for each in classes]
    if len(set(ids)) < len(ids):
        raise InvalidParameter("classDescriptions.id", ids, "a number of its own for each class")
    request = ClassStatisticsRequest(
        classes=classes,
        pixel_size=pixel_size(parameters),
        pixel_size_crs=pixel_size_crs(parameters),
        mosaic=mosaic_rule(parameters),
        rendering=rendering_rule(parameters, question.rule_scope),
    )
    return Asked(request=request)


def answer(result: ClassStatisticsResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the signature file as one text."""
    return encode({"gsg": signature_text(result, context.service)}, context.options)


def _class(entry: JsonValue, question: Question) -> ClassArea:
    if not isinstance(entry, dict):
        raise InvalidParameter("classDescriptions", entry, _ACCEPTED)
    fields = {key.casefold(): value for key, value in entry.items()}
    number = as_integer("classDescriptions.id", fields.get("id"), 0, 2**31 - 1)
    name = " ".join(str(fields.get("name") or number).split())
    if len(name) > MAX_CLASS_NAME:
        raise InvalidParameter("classDescriptions.name", name, f"up to {MAX_CLASS_NAME} characters")
    area = geometry_of_json("classDescriptions.geometry", fields.get("geometry"))
    if area.kind not in ("polygon", "envelope", "point"):
        raise InvalidParameter("classDescriptions.geometry", area.kind, "a polygon or an envelope")
    crs = unless_own(area.crs, question.summary)
    return ClassArea(id=number, name=name, geometry=area.wkb, crs=crs)
