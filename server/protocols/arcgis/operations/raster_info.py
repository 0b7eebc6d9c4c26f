"""{rasterId}/info: size, pixels and place of one raster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.request import ItemRequest
from server.protocols.arcgis.esri_json import encode, envelope, number
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import raster_id

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Raster information",
    hint="Size, pixels and extent of a raster of the catalog.",
    capability="Catalog",
    arguments=("rasterId",),
)


def parse(question: Question) -> Asked:
    """Ask for the item.

    Raises
    ------
    InvalidParameter
    """
    return Asked(request=ItemRequest(item=raster_id(question)))


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write what is known; the extent is the footprint's, on the service's map."""
    box = result.extent
    body: dict[str, Any] = {
        "origin": {"x": number(box.xmin), "y": number(box.ymax)},
        "blockWidth": result.block_width,
        "blockHeight": result.block_height,
        "pixelSizeX": number(result.pixel_size_x),
        "pixelSizeY": number(result.pixel_size_y),
        "extent": envelope(box, "", context.summary),
        "columns": result.width,
        "rows": result.height,
        "bandCount": result.bands,
        "pixelType": result.pixel_type.value,
        "firstPyramidLevel": 1,
        "maxPyramidLevel": result.levels - 1,
        "statistics": [],
        "histograms": [],
    }
    values = [value for value in result.no_data if value is not None]
    if values and len(values) == len(result.no_data):
        body["noDataValues"] = [number(value) for value in values]
    return encode(body, context.options)
