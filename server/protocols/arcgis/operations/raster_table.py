"""{rasterId}/info/rasterAttributeTable: the classes of one raster, which are those of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.operations.place_form import ask_for_raster
from server.protocols.arcgis.operations.raster_attribute_table import table_json

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Attribute table of a raster",
    hint="Names, counts and colours of the values, where the service has classes.",
    capability="Catalog",
    arguments=("rasterId",),
    is_resource=True,
)

parse = ask_for_raster


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:  # noqa: ARG001 -- the form of all operations
    """Write one feature per value."""
    return encode(table_json(context.summary), context.options)
