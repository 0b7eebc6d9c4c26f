"""From error branches to HTTP, and what of an error may be shown."""

from __future__ import annotations

from engine.errors import (
    Cancelled,
    ConfigError,
    DeadlineExceeded,
    FunctionFailed,
    ImageServerError,
    InstanceLost,
    InternalError,
    NotFound,
    Overloaded,
    RequestError,
    SourceError,
)

# One line a branch: look-up follows the class's ancestry.
STATUS: dict[type[ImageServerError], int] = {
    RequestError: 400,
    NotFound: 404,
    SourceError: 500,
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


def headers_of(error: ImageServerError) -> dict[str, str]:
    """Return the headers that belong to an error: when to try again."""
    if isinstance(error, Overloaded):
        return {"Retry-After": str(max(1, round(error.fields[0])))}
    return {}
