"""{rasterId}/info/ics: the image coordinate system of one raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import ItemRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_coordinate_system import ics_of
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import raster_id

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Raster ICS",
    hint="A raster's image space as a spatial reference, for imageSR, bboxSR, inSR and outSR.",
    capability="Catalog",
    arguments=("rasterId",),
)


def parse(question: Question) -> Asked:
    """Ask whether the item is there.

    Raises
    ------
    InvalidParameter
    """
    return Asked(request=ItemRequest(item=raster_id(question)))


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the object that clients send back as `{"ics":…}` or by its id."""
    return encode({"ics": ics_of(result.id, context.service, context.summary)}, context.options)
