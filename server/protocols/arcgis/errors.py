"""Errors in the form of ArcGIS: HTTP 200 with the code in the body; overload 503, a missing tile 404.

A tilemap without tiles is 422: the JavaScript SDK takes that, and no other, for "none here".

Rule: a body is at most `MAX_BYTES` long, because the JavaScript SDK looks for an error only in answers of
up to 750 bytes; and it never holds a path, a trace or a token. What happened inside is in the log, under
the id that the body shows.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import (
    AccessError,
    ConfigError,
    DeadlineExceeded,
    FunctionFailed,
    ImageServerError,
    InstanceLost,
    InternalError,
    InvalidToken,
    NotFound,
    NoTiles,
    Overloaded,
    RequestError,
    StorageDown,
    StorageError,
    TileOutsideLimits,
    TokenRequired,
    TooManyAttempts,
    shorten,
)
from server.errors import hidden_reference, message_of
from server.http.request_id import reference

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 750
_ROOM_FOR_FRAME = 60

# Errors whose text is about the request; any other may name files and stays in the log.
_TELLABLE = (
    RequestError,
    NotFound,
    AccessError,
    FunctionFailed,
    Overloaded,
    DeadlineExceeded,
    InstanceLost,
    InternalError,
)

# Codes of ArcGIS that are no HTTP: clients ask who uses them to sign in, and try again.
_CODES: dict[type[Exception], int] = {InvalidToken: 498, TokenRequired: 499}

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
    if isinstance(error, StorageError):
        # Told in the log when storage begins and ceases to fail, not once a request.
        return Failure(_http_status(error), code_of(error), message_of(error))
    if isinstance(error, ConfigError):
        # Its text says all that its operator needs: no frames, each time that somebody asks.
        incident = hidden_reference(error)
        return Failure(200, code_of(error), message_of(error), (f"Incident {incident}.",))
    if not isinstance(error, _TELLABLE):
        incident = reference()
        _log.error("incident %s: %s", incident, type(error).__name__, exc_info=error)
        code = code_of(error) if isinstance(error, ImageServerError) else 500
        return Failure(200, code, "Unable to complete operation.", (f"Incident {incident}.",))
    code = _CODES.get(type(error)) or code_of(error)
    return Failure(_http_status(error), code, _fitting(str(error)))


def _http_status(error: ImageServerError) -> int:
    if isinstance(error, Overloaded | StorageDown):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, TooManyAttempts):
        return HTTPStatus.TOO_MANY_REQUESTS
    if isinstance(error, TileOutsideLimits):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, NoTiles):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.OK


def _fitting(message: str) -> str:
    """Cut a message until its JSON is within the limit; escapes make some characters six bytes."""
    limit = 600
    while len(msgspec.json.encode(shorten(message, limit))) > MAX_BYTES - _ROOM_FOR_FRAME:
        limit = limit * 3 // 4
    return shorten(message, limit)
