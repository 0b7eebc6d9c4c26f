"""Registered connections in the data folder, and how an operator changes them.

    connections/NAME.json      one connection; mode 0600, its headers may hold secrets

A running server reads a file again within a second; each change is one rename. Light, the front reads this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.readers.remote.connection import (
    SUFFIX,
    HttpConnection,
    checked_connection,
    read_connection,
)
from server.site.atomic_files import change_of, write_line

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = "connections"
_LOCK_WAIT_S = 10.0
_SECRET_MODE = 0o600


def connections_folder(data: Path) -> Path:
    """Return where the connections of a data folder are registered."""
    return data / _FOLDER


class ConnectionStore:
    """The connections of one data folder.

    Parameters
    ----------
    data
        The data folder; made at the first registration.

    Raises
    ------
    ConfigError
        From all methods, with what to do about it.
    """

    def __init__(self, data: Path) -> None:
        self.folder = connections_folder(data)

    def names(self) -> list[str]:
        """Return the names of the connections, sorted."""
        try:
            return sorted(file.stem for file in self.folder.glob(f"*{SUFFIX}"))
        except OSError as err:
            raise ConfigError(self.folder, "", f"cannot be listed: {err.strerror}") from err

    def get(self, name: str) -> HttpConnection:
        """Return a connection."""
        found = read_connection(self.folder, name)
        if found is None:
            known = ", ".join(self.names()) or "none"
            raise ConfigError("connection", name, f"is not registered; known: {known}")
        return found

    def add(self, connection: HttpConnection) -> bool:
        """Register a connection; tell whether one of this name was there before."""
        checked_connection(connection)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as err:
            raise ConfigError(self.folder, "", f"cannot be made: {err.strerror}") from err
        file = self.folder / f"{connection.name}{SUFFIX}"
        with change_of(self.folder, _LOCK_WAIT_S):
            was_there = file.exists()
            text = msgspec.json.format(msgspec.json.encode(connection), indent=2).decode()
            # JSON of ASCII: names, roots and headers are no other.
            write_line(file, text, mode=_SECRET_MODE)
        return was_there

    def remove(self, name: str) -> None:
        """Take a connection out; services whose sources name it cannot be read any more."""
        self.get(name)
        with change_of(self.folder, _LOCK_WAIT_S):
            (self.folder / f"{name}{SUFFIX}").unlink(missing_ok=True)
