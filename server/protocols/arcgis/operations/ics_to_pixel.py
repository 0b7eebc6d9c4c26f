"""{rasterId}/info/icsToPixel: from image space to column and row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_coordinate_system import ics_to_pixel
from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.operations.place_form import ask_for_raster

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="ICS to pixel",
    hint="Coefficients from a raster's image space to its columns and rows.",
    capability="Catalog",
    arguments=("rasterId",),
    is_resource=True,
)

parse = ask_for_raster


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:  # noqa: ARG001 -- the form of all operations
    """Write the affine map."""
    return encode({"ipxf": ics_to_pixel()}, context.options)
