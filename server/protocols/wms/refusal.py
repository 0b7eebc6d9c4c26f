"""What WMS says no to, with the code that its clients read, and the codes of errors from elsewhere."""

from __future__ import annotations

from typing import Literal

from engine.errors import (
    ImageServerError,
    InvalidParameter,
    NotFound,
    RequestError,
    UnsupportedFormat,
    shorten,
)

Code = Literal[
    "",
    "InvalidFormat",
    "InvalidCRS",
    "LayerNotDefined",
    "StyleNotDefined",
    "LayerNotQueryable",
    "InvalidPoint",
    "CurrentUpdateSequence",
    "InvalidUpdateSequence",
    "MissingDimensionValue",
    "InvalidDimensionValue",
    "OperationNotSupported",
]


# What the engine finds: no way between the CRSs of map and service, no place on the service's map.
_OF_PARAMETERS = {"crs": "InvalidCRS", "geometry": "InvalidPoint"}


class WmsRefusal(RequestError):
    """A parameter that WMS has a code for."""

    def __init__(self, code: Code, name: str, value: object, accepted: str) -> None:
        super().__init__(code, name, shorten(value), accepted)

    def __str__(self) -> str:
        _, name, value, accepted = self.fields
        return f"Invalid value {value!r} for parameter '{name}': expected {accepted}."


class WmsNotOffered(NotFound):
    """The service is there, but its definition does not ask for WMS."""

    def __init__(self, service: str) -> None:
        super().__init__(shorten(service))

    def __str__(self) -> str:
        return f"Service {self.fields[0]!r} is not offered as WMS: its definition says so with wms = true."


def code_of(error: ImageServerError, version: str) -> str:
    """Return the code of an exception, "" where WMS has none for it.

    Parameters
    ----------
    version
        1.1.1 calls a CRS a spatial reference system.
    """
    code = _code(error)
    return "InvalidSRS" if code == "InvalidCRS" and version == "1.1.1" else code


def _code(error: ImageServerError) -> str:
    if isinstance(error, WmsRefusal):
        return str(error.fields[0])
    if isinstance(error, WmsNotOffered):
        return "OperationNotSupported"
    if isinstance(error, UnsupportedFormat):
        return "InvalidFormat"
    if isinstance(error, InvalidParameter):
        return _OF_PARAMETERS.get(error.fields[0], "")
    return ""
