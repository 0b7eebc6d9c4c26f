"""info/thumbnail: a small picture of the whole service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import ThumbnailRequest
from server.protocols.arcgis.operations.base import Asked, OperationInfo

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Thumbnail",
    hint="A small picture of the whole service.",
    returns_pixels=True,
    is_resource=True,
)


def parse(question: Question) -> Asked:  # noqa: ARG001 -- the form of all operations
    """Ask for the picture in the usual size."""
    return Asked(request=ThumbnailRequest(), is_final=True)
