"""rasterFunctionInfos: the templates that clients may name in a rendering rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.service_json import raster_function_infos

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Raster function infos",
    hint="Rendering rules that have names here.",
    capability="",
    is_resource=True,
)


def describe(question: Question) -> dict[str, Any]:
    """Return names and descriptions, "None" first."""
    return {"rasterFunctionInfos": raster_function_infos(question.summary)}
