"""The compiled definition's file format: its marks, and how it is opened for reading.

The front imports this to learn what a service is: no numpy, no rasters here.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote as quote_url

import msgspec

from engine.errors import ConfigError
from engine.sql_aggregates import add_aggregates
from engine.summary import FORMAT_VERSION, ServiceSummary

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x5A4D4431
PAGE_BYTES = 4096
# Upper end of the pixel sizes of an item that shows at all coarser ones; the R*Tree holds float32.
OPEN_END = 3e38
COLUMN_TYPES = {"integer": "INTEGER", "double": "REAL", "string": "TEXT", "date": "INTEGER"}
VARIABLE_HISTOGRAMS = "variable_histograms"
_PAGE_CACHE_KIB = 1024
_decode_summary = msgspec.msgpack.Decoder(ServiceSummary).decode


def quote(name: str) -> str:
    """Return a column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a compiled definition for the calling thread.

    Raises
    ------
    ConfigError
        There is no such file, or it is no compiled definition.
    """
    if not path.is_file():
        raise ConfigError(path, "", "there is no such file")
    try:
        handle = sqlite3.connect(
            f"file:{quote_url(str(path.absolute()))}?mode=ro&immutable=1",
            uri=True,
            isolation_level=None,
            # Handles are kept by thread; only `close` comes from another one.
            check_same_thread=False,
        )
    except sqlite3.Error as err:
        raise ConfigError(path, "", f"cannot be opened: {err}") from err
    try:
        handle.execute(f"PRAGMA cache_size=-{_PAGE_CACHE_KIB}")
        handle.execute("PRAGMA query_only=ON")
        handle.execute("PRAGMA trusted_schema=OFF")
        handle.execute("PRAGMA temp_store=MEMORY")
        mark = handle.execute("PRAGMA application_id").fetchone()[0]
    except sqlite3.Error as err:
        handle.close()
        raise ConfigError(path, "", f"is not a compiled definition: {err}") from err
    if mark != APPLICATION_ID:
        handle.close()
        raise ConfigError(
            path, "", "is not a compiled definition (made by `swath definition compile`)"
        )
    handle.create_function("UPPER", 1, _upper, deterministic=True)
    handle.create_function("LOWER", 1, _lower, deterministic=True)
    add_aggregates(handle)
    return handle


def _upper(value: str | int | float | None) -> str | int | float | None:
    """SQL's UPPER for all of Unicode; SQLite's own knows ASCII only."""
    return value.upper() if isinstance(value, str) else value


def _lower(value: str | int | float | None) -> str | int | float | None:
    return value.lower() if isinstance(value, str) else value


def read_summary(handle: sqlite3.Connection, path: Path) -> ServiceSummary:
    """Read the head of a compiled definition.

    Raises
    ------
    ConfigError
        It is damaged or of another format version.
    """
    try:
        rows = dict(
            handle.execute("SELECT key, value FROM meta WHERE key IN ('format_version', 'summary')")
        )
        version = rows.get("format_version")
        if version != FORMAT_VERSION:
            why = f"is {version}; this server reads {FORMAT_VERSION}: compile the definition again"
            raise ConfigError(path, "format_version", why)
        return _decode_summary(rows["summary"])
    except (sqlite3.Error, msgspec.MsgspecError, KeyError, TypeError) as err:
        raise ConfigError(path, "", f"is a damaged compiled definition: {err}") from err
