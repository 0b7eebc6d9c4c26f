"""GetMap: a picture of a box, stretched to a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.wms.map_request import map_request
from server.protocols.wms.operations.base import Asked

if TYPE_CHECKING:
    from server.protocols.wms.operations.base import Question


def parse(question: Question) -> Asked:
    """Ask for pixels."""
    return Asked(request=map_request(question), is_final=True)
