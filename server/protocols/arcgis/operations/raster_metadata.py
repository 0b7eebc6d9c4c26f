"""{rasterId}/info/metadata: what a raster of the catalog is, as XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.arcgis.metadata_xml import XML_TYPE, metadata_xml
from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.operations.place_form import ask_for_raster

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Raster metadata",
    hint="Name, attributes, size and place of a raster of the catalog, as XML.",
    capability="Catalog",
    arguments=("rasterId",),
    formats=("xml",),
    is_resource=True,
)

parse = ask_for_raster


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the document, whatever `f` says."""
    size = {"Columns": result.width, "Rows": result.height, "PixelType": result.pixel_type.value}
    known = {**size, **result.attributes}
    return XML_TYPE, metadata_xml(result.name, context.summary, result.extent_lonlat, known)
