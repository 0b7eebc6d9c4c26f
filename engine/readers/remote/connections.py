"""The connections of this process, found by name in a folder when they are first asked for.

A file that changed is read again within a second, so what an operator registers needs no restart.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigError, SourceUnavailable
from engine.readers.remote.connection import read_connection
from engine.readers.remote.page_cache import PageCache
from engine.readers.remote.range_client import RangeClient
from engine.readers.source_access import source_access
from engine.source_name import PREFIX

if TYPE_CHECKING:
    from engine.readers.remote.connection import HttpConnection

_LOOK_AGAIN_S = 1.0
_PAGES_MB = 16


class Connections:
    """Clients by connection name.

    Parameters
    ----------
    folder : Path or None
        Where connections are registered; None = there are none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._clients: dict[str, tuple[float, HttpConnection, RangeClient]] = {}

    def client(self, name: str) -> RangeClient:
        """Return what fetches objects of a connection.

        Raises
        ------
        SourceUnavailable
            None of this name is registered, or its file cannot be read.
        """
        with self._lock:
            now = time.monotonic()
            kept = self._clients.get(name)
            if kept is not None and now - kept[0] < _LOOK_AGAIN_S:
                return kept[2]
            connection = self._read(name)
            if kept is not None and kept[1] == connection:
                self._clients[name] = (now, *kept[1:])
                return kept[2]
            if kept is not None:
                kept[2].close()
            client = RangeClient(connection)
            self._clients[name] = (now, connection, client)
            return client

    def _read(self, name: str) -> HttpConnection:
        try:
            found = None if self._folder is None else read_connection(self._folder, name)
        except ConfigError as err:
            raise SourceUnavailable(f"{PREFIX}{name}", str(err)) from err
        if found is None:
            gone = self._clients.pop(name, None)
            if gone is not None:
                gone[2].close()
            where = "no data folder is known" if self._folder is None else f"in {self._folder}"
            why = f"no connection of this name is registered ({where}): swath connection add"
            raise SourceUnavailable(f"{PREFIX}{name}", why)
        return found

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            for _, _, client in self._clients.values():
                client.close()
            self._clients.clear()


class _Process:
    lock = threading.Lock()
    found: tuple[str, Connections] = ("", Connections(None))
    pages = PageCache(_PAGES_MB << 20)


def connections() -> Connections:
    """Return the connections of this process, as `engine.readers.source_access` says where they are."""
    folder = source_access().connections
    with _Process.lock:
        if _Process.found[0] != folder:
            _Process.found[1].close()
            _Process.found = (folder, Connections(Path(folder) if folder else None))
        return _Process.found[1]


def pages() -> PageCache:
    """Return the pages of remote objects that this process holds."""
    return _Process.pages
