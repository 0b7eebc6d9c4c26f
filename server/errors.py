"""From error branches to HTTP, and what of an error may be shown."""

from __future__ import annotations

import logging

from engine.errors import (
    AccessError,
    Cancelled,
    ConfigError,
    DeadlineExceeded,
    Forbidden,
    FunctionFailed,
    ImageServerError,
    InstanceLost,
    InternalError,
    InvalidToken,
    NotFound,
    NoTiles,
    Overloaded,
    RequestError,
    SourceError,
    StorageDown,
    StorageError,
    StorageTimeout,
    TooManyAttempts,
)
from server.http.request_id import reference

_log = logging.getLogger("swath.server")

# One line a branch: look-up follows the class's ancestry.
STATUS: dict[type[ImageServerError], int] = {
    RequestError: 400,
    NotFound: 404,
    NoTiles: 422,
    AccessError: 401,
    Forbidden: 403,
    TooManyAttempts: 429,
    SourceError: 500,
    StorageError: 502,
    StorageTimeout: 504,
    StorageDown: 503,
    FunctionFailed: 500,
    Overloaded: 503,
    DeadlineExceeded: 504,
    Cancelled: 503,
    InstanceLost: 500,
    InternalError: 500,
    ConfigError: 500,
    ImageServerError: 500,
}

# Their texts name files, which are nobody's business outside.
_HIDDEN: dict[type[ImageServerError], str] = {
    SourceError: "The data of this service cannot be read.",
    StorageDown: "The storage of this service does not answer; try again later.",
    StorageTimeout: "The storage of this service does not answer in time.",
    StorageError: "The storage of this service does not answer as it should.",
    ConfigError: "This service cannot be opened.",
}


def status_of(error: ImageServerError) -> int:
    """Return the HTTP status that an error stands for."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def message_of(error: ImageServerError) -> str:
    """Return the text that a client may see."""
    for cls in type(error).__mro__:
        if cls in _HIDDEN:
            return _HIDDEN[cls]
    return str(error)


def hidden_reference(error: ImageServerError) -> str:
    """Log an error whose text may not be shown and return what finds it in the log; "" for any other."""
    if not isinstance(error, tuple(_HIDDEN)):
        return ""
    found = reference()
    _log.warning("%s: %s (reference %s)", type(error).__name__, error, found)
    return found


def headers_of(error: ImageServerError) -> dict[str, str]:
    """Return the headers that belong to an error: when to try again, what to show."""
    if isinstance(error, Overloaded | TooManyAttempts | StorageDown):
        return {"Retry-After": str(max(1, round(error.fields[-1])))}
    if status_of(error) == 401:
        # RFC 6750, section 3.1: whoever has shown nothing is told no more.
        is_wrong = isinstance(error, InvalidToken)
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if is_wrong else "Bearer"}
    return {}
