"""{rasterId}/info/ics: the image coordinate system of one raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_coordinate_system import ics_of
from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.operations.place_form import ask_for_raster

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Raster ICS",
    hint="A raster's image space as a spatial reference, for imageSR, bboxSR, inSR and outSR.",
    capability="Catalog",
    arguments=("rasterId",),
    is_resource=True,
)

parse = ask_for_raster


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the object that clients send back as `{"ics":…}` or by its id."""
    return encode({"ics": ics_of(result.id, context.service, context.summary)}, context.options)
