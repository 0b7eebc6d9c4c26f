"""{rasterId}: one row of the catalog with its footprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.operations.place_form import ask_for_raster
from server.protocols.arcgis.shapes import Drawing, esri_geometry
from server.protocols.arcgis.spatial_reference import to_json

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Catalog item",
    hint="A raster of the catalog: attributes and footprint.",
    capability="Catalog",
    arguments=("rasterId",),
    is_resource=True,
)

parse = ask_for_raster


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one feature."""
    body: dict[str, Any] = {"attributes": result.attributes}
    geometry = esri_geometry(result.footprint, Drawing())
    if geometry is not None:
        body["geometry"] = {**geometry, "spatialReference": to_json("", context.summary)}
    return encode(body, context.options)
