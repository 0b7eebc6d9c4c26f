"""What images are called between find and getImageUrl: a name that is no path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from server.protocols.input_limits import MAX_ID

if TYPE_CHECKING:
    from server.protocols.arcgis.parameters import Parameters

_FORM = re.compile(r"raster/(\d{1,15})", re.ASCII)


def raster_uri(raster: int) -> str:
    """Return the name of an image of the service."""
    return f"raster/{raster}"


def raster_of_uri(parameters: Parameters) -> int:
    """Return the OBJECTID that `rasterId` or `uri` names.

    Raises
    ------
    InvalidParameter
        Neither does.
    """
    raster = parameters.integer("rasterId", 0, MAX_ID)
    if raster is not None:
        return raster
    text = parameters.text("uri")
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidParameter("uri", text, "a uri that find gave, or rasterId")
    return int(match[1])
