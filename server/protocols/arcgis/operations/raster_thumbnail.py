"""{rasterId}/info/thumbnail: a small picture of one raster, as it was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import ThumbnailRequest
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.arcgis.operations.place_form import raster_id

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Raster thumbnail",
    hint="A small picture of a raster of the catalog, in its own image space.",
    capability="Catalog",
    arguments=("rasterId",),
    returns_pixels=True,
    is_resource=True,
)


def parse(question: Question) -> Asked:
    """Ask for the picture in the usual size.

    Raises
    ------
    InvalidParameter
    """
    return Asked(request=ThumbnailRequest(item=raster_id(question)), is_final=True)
