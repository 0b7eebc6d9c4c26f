"""Which version of WMS speaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from server.protocols.arcgis.parameters import Parameters

Version = Literal["1.1.1", "1.3.0"]
_FORM = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", re.ASCII)


def version_of(parameters: Parameters) -> Version:
    """Return the version to answer in: the highest that is not above the one asked for.

    What is older than 1.1.1 is answered in 1.1.1. Without a version, SRS is a word of 1.1.1.

    Raises
    ------
    InvalidParameter
        VERSION is no version number.
    """
    text = parameters.text("VERSION") or parameters.text("WMTVER")
    if not text:
        is_old = "SRS" in parameters and "CRS" not in parameters
        return "1.1.1" if is_old else "1.3.0"
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidParameter("VERSION", text, "1.3.0 or 1.1.1")
    number = tuple(int(part or 0) for part in match.groups())
    return "1.3.0" if number >= (1, 3, 0) else "1.1.1"


def version_in(parameters: Parameters) -> Version:
    """Return the version in which an exception is worded, whatever else is wrong."""
    try:
        return version_of(parameters)
    except InvalidParameter:
        return "1.3.0"
