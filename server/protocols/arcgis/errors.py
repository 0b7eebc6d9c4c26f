"""Errors in the form of ArcGIS: HTTP 200 with the code in the body; overload 503, a missing tile 404.

Rule: a body is at most `MAX_BYTES` long, because the JavaScript SDK looks for an error only in answers of
up to 750 bytes; and it never holds a path, a trace or a token. What happened inside is in the log, under
the id that the body shows.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import (
    DeadlineExceeded,
    FunctionFailed,
    ImageServerError,
    InstanceLost,
    InternalError,
    NotFound,
    Overloaded,
    RequestError,
    TileOutsideLimits,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 750
_ROOM_FOR_FRAME = 60

# Errors whose text is about the request; any other may name files and stays in the log.
_TELLABLE = (
    RequestError,
    NotFound,
    FunctionFailed,
    Overloaded,
    DeadlineExceeded,
    InstanceLost,
    InternalError,
)

_log = logging.getLogger("swath.arcgis")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a client is told: HTTP status, and code, message and details in the body."""

    status: int
    code: int
    message: str
    details: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """Return the error object; `details` is always an array of texts."""
        error = {"code": self.code, "message": self.message, "details": list(self.details)}
        return {"error": error}


def failure_of(error: Exception, code_of: Callable[[ImageServerError], int]) -> Failure:
    """Return what to tell of an error, and log it where it cannot be told.

    Parameters
    ----------
    code_of
        The server's table from error branch to status.
    """
    if not isinstance(error, _TELLABLE):
        incident = secrets.token_hex(6)
        _log.error("incident %s: %s", incident, type(error).__name__, exc_info=error)
        code = code_of(error) if isinstance(error, ImageServerError) else 500
        return Failure(200, code, "Unable to complete operation.", (f"Incident {incident}.",))
    code = code_of(error)
    return Failure(_http_status(error), code, _fitting(str(error)))


def _http_status(error: ImageServerError) -> int:
    if isinstance(error, Overloaded):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, TileOutsideLimits):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.OK


def _fitting(message: str) -> str:
    """Cut a message until its JSON is within the limit; escapes make some characters six bytes."""
    limit = 600
    while len(msgspec.json.encode(shorten(message, limit))) > MAX_BYTES - _ROOM_FOR_FRAME:
        limit = limit * 3 // 4
    return shorten(message, limit)
