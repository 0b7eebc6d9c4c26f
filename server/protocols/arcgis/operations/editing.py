"""add, update, delete, uploads: clients do not change catalogs here, and are told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.service_json import capabilities

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Editing",
    hint="Rasters are added, changed and removed by the author of the service, with `swath definition`.",
    capability="Edit",
)


def describe(question: Question) -> dict[str, Any]:
    """Refuse, whatever capabilities the definition lists.

    Raises
    ------
    InvalidParameter
    """
    own = [name for name in capabilities(question.summary) if name not in ("Edit", "Uploads")]
    raise InvalidParameter(
        "operation",
        "editing",
        f"one of {', '.join(own)}: the author adds, changes and removes rasters",
    )
