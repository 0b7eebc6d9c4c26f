"""The errors of Swath, grouped by who can repair them.

ImageServerError
├── RequestError           the caller
│   ├── InvalidParameter(name, value, accepted)
│   ├── UnsupportedFormat(asked, known)
│   └── RequestTooLarge(what, asked, limit)
├── NotFound               the caller
│   ├── ServiceNotFound(name)
│   ├── ItemNotFound(object_id)
│   ├── TileOutsideLimits(level, row, col)
│   └── NoTiles(level, row, col, rows, cols)
├── AccessError            the caller: who it is, what it may do
│   ├── InvalidToken()
│   ├── TokenRequired()
│   ├── Forbidden(what)
│   ├── SignInFailed()
│   └── TooManyAttempts(retry_after_s)
├── SourceError            the data
│   ├── SourceUnavailable(source, why)
│   ├── SourceCorrupt(source, why)
│   └── UnknownProduct(source, why)
├── StorageError(connection, why)   the storage behind a connection
│   ├── StorageTimeout(connection, why)
│   └── StorageDown(connection, retry_after_s)
├── FunctionFailed(function, line, why)  who wrote the raster function
├── Overloaded             the load
├── DeadlineExceeded       the load
├── Cancelled              nobody: the client left
├── InstanceLost(reference)   us: the process died
│   └── Quarantined(reference)  us: it died of this request again and again
├── InternalError(reference)  us: the log says more
└── ConfigError            the operator: file, key, why

Rule: errors carry fields and the text is made from them; no status code, no HTTP here. Each class
is rebuilt on the other side of a process border from `fields` (see `to_record`, `from_record`).
"""

from __future__ import annotations

from typing import Any

_MAX_SHOWN = 80


def shorten(value: object, limit: int = _MAX_SHOWN) -> str:
    """Return `value` as text of at most `limit` characters, fit to be shown in a message."""
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


class ImageServerError(Exception):
    """Base of all errors that Swath raises on purpose."""

    def __init__(self, *fields: Any) -> None:
        super().__init__(*fields)
        self.fields = fields

    def __str__(self) -> str:
        return " ".join(str(field) for field in self.fields)


class RequestError(ImageServerError):
    """The caller asked for something that cannot be."""


class InvalidParameter(RequestError):
    """A parameter has a value that is not accepted."""

    def __init__(self, name: str, value: object, accepted: str) -> None:
        super().__init__(name, shorten(value), accepted)

    def __str__(self) -> str:
        name, value, accepted = self.fields
        return f"Invalid value {value!r} for parameter '{name}': expected {accepted}."


class UnsupportedFormat(RequestError):
    """An output format that this server does not write."""

    def __init__(self, asked: object, known: str) -> None:
        super().__init__(shorten(asked), known)

    def __str__(self) -> str:
        asked, known = self.fields
        return f"Unsupported format {asked!r}: known formats are {known}."


class RequestTooLarge(RequestError):
    """A request beyond a stated limit, refused before anything was spent."""

    def __init__(self, what: str, asked: object, limit: object) -> None:
        super().__init__(what, shorten(asked), shorten(limit))

    def __str__(self) -> str:
        what, asked, limit = self.fields
        return f"The requested {what} ({asked}) exceeds the limit of {limit}."


class NotFound(ImageServerError):
    """A thing the caller named does not exist here."""


class ServiceNotFound(NotFound):
    """No image service of this name is published and started."""

    def __init__(self, name: object) -> None:
        super().__init__(shorten(name))

    def __str__(self) -> str:
        return f"Service {self.fields[0]!r} not found."


class ItemNotFound(NotFound):
    """The catalog has no item with this OBJECTID."""

    def __init__(self, object_id: object) -> None:
        super().__init__(shorten(object_id))

    def __str__(self) -> str:
        return f"Catalog item {self.fields[0]} not found."


class TileOutsideLimits(NotFound):
    """A tile address beside the service's extent or levels."""

    def __init__(self, level: object, row: object, col: object) -> None:
        super().__init__(shorten(level), shorten(row), shorten(col))

    def __str__(self) -> str:
        level, row, col = self.fields
        return f"Tile level {level}, row {row}, column {col} is outside this service."


class NoTiles(NotFound):
    """No tile of a block has data."""

    def __init__(self, level: int, row: int, col: int, rows: int, cols: int) -> None:
        super().__init__(level, row, col, rows, cols)

    def __str__(self) -> str:
        level, row, col, rows, cols = self.fields
        return f"No tiles here: level {level}, {rows} rows from {row}, {cols} columns from {col}."


class AccessError(ImageServerError):
    """Whoever asks is not known, or may not."""


class InvalidToken(AccessError):
    """A token or key was shown that is none of ours, has ended, or is bound to another client.

    Clients look for these words; which of the reasons it is, is nobody's business.
    """

    def __init__(self) -> None:
        super().__init__("Invalid Token")


class TokenRequired(AccessError):
    """Nothing was shown where something has to be."""

    def __init__(self) -> None:
        super().__init__("Token Required")


class Forbidden(AccessError):
    """The caller is known and may not do this; `what` names no service that it may not see."""

    def __init__(self, what: object) -> None:
        super().__init__(shorten(what))

    def __str__(self) -> str:
        return f"You do not have permissions to {self.fields[0]}."


class SignInFailed(AccessError):
    """A name and a password that do not belong together; which of them is wrong is not said."""

    def __init__(self) -> None:
        super().__init__("Invalid username or password.")


class TooManyAttempts(AccessError):
    """Too many passwords were wrong, for this account or from this address."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(retry_after_s)

    def __str__(self) -> str:
        return f"Too many attempts to sign in: try again in {self.fields[0]:.0f} s."


class SourceError(ImageServerError):
    """The data of a service is at fault.

    `source` is a path for logs and build messages; protocols never show it.
    """

    def __init__(self, source: str, why: str) -> None:
        super().__init__(source, shorten(why, 300))

    def __str__(self) -> str:
        source, why = self.fields
        return f"{source}: {why}"


class SourceUnavailable(SourceError):
    """A source file cannot be opened or has changed since it was catalogued."""


class SourceCorrupt(SourceError):
    """A source file opens but its pixels or headers cannot be read."""


class UnknownProduct(SourceError):
    """No raster type and no driver recognises the file."""


class StorageError(ImageServerError):
    """Storage behind a connection does not answer as it should: no fault of one source, but of all there.

    `connection` is its name, which protocols never show.
    """

    def __init__(self, connection: str, why: str) -> None:
        super().__init__(connection, shorten(why, 300))

    def __str__(self) -> str:
        connection, why = self.fields
        return f"The storage of connection {connection!r} {why}."


class StorageTimeout(StorageError):
    """Storage does not answer in time."""


class StorageDown(StorageError):
    """Storage is overloaded or does not answer for some time; try again after `retry_after_s` seconds."""

    def __init__(self, connection: str, retry_after_s: float) -> None:
        ImageServerError.__init__(self, connection, retry_after_s)

    def __str__(self) -> str:
        connection, retry_after_s = self.fields
        return (
            f"The storage of connection {connection!r} is down, try again in {retry_after_s:g} s."
        )


class FunctionFailed(ImageServerError):
    """The code of a registered raster function failed, or took more than it may.

    `line` is that of its file; 0 = no line can be named.
    """

    def __init__(self, function: str, line: int, why: str) -> None:
        super().__init__(function, line, shorten(why, 300))

    def __str__(self) -> str:
        function, line, why = self.fields
        at = f" at line {line}" if line else ""
        return f"Raster function {function!r} failed{at}: {why}."


class Overloaded(ImageServerError):
    """Too much work is waiting; try again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float = 1.0) -> None:
        super().__init__(retry_after_s)

    def __str__(self) -> str:
        return f"The server is busy, try again in {self.fields[0]:g} s."


class DeadlineExceeded(ImageServerError):
    """The request did not end within its time limit."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(limit_s)

    def __str__(self) -> str:
        return f"The request took longer than the limit of {self.fields[0]:g} s."


class Cancelled(ImageServerError):
    """The client left; nobody reads the answer."""

    def __init__(self) -> None:
        super().__init__("The request was cancelled.")


class InstanceLost(ImageServerError):
    """The process that rendered this request died; `reference` finds it in the log, if not ""."""

    def __init__(self, reference: str = "") -> None:
        super().__init__(reference)

    def __str__(self) -> str:
        more = f" The log says more under {self.fields[0]}." if self.fields[0] else ""
        return f"The instance that worked on this request stopped; please try again.{more}"


class Quarantined(InstanceLost):
    """The processes that rendered this request died of it; it is refused for a while."""

    def __str__(self) -> str:
        return (
            "This request stopped the instances that worked on it and is refused for some minutes; "
            f"the log says more under {self.fields[0]}."
        )


class InternalError(ImageServerError):
    """A fault of ours; `reference` finds it in the log."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)

    def __str__(self) -> str:
        return f"The server failed on this request; its log says why under {self.fields[0]}."


class ConfigError(ImageServerError):
    """A settings file, definition or command line is wrong; the operator can repair it."""

    def __init__(self, file: object, key: str, why: str) -> None:
        super().__init__(str(file), key, why)

    def __str__(self) -> str:
        file, key, why = self.fields
        where = f"{file}: {key}" if key else str(file)
        return f"{where}: {why}"


def _subclasses(base: type[ImageServerError]) -> dict[str, type[ImageServerError]]:
    found = {base.__name__: base}
    for child in base.__subclasses__():
        found.update(_subclasses(child))
    return found


def to_record(error: ImageServerError) -> tuple[str, list[Any]]:
    """Return the error's class name and fields, to cross a process border."""
    return type(error).__name__, list(error.fields)


def from_record(name: str, fields: list[Any]) -> ImageServerError:
    """Rebuild an error from `to_record`; an unknown name gives a plain `ImageServerError`."""
    cls = _subclasses(ImageServerError).get(name, ImageServerError)
    error = cls.__new__(cls)
    Exception.__init__(error, *fields)
    error.fields = tuple(fields)
    return error
