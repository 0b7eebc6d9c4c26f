"""Follow the site file: read it anew when what decides on access has changed."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from server.access.permission import Permission, Permissions
from server.access.records import AccessRecords, read_records

if TYPE_CHECKING:
    from server.access.site import Site

_log = logging.getLogger("swath.access.accounts")


class SiteFollower:
    """Keeps the file open and sees its changes; for one thread at a time.

    Parameters
    ----------
    default
        The permission of services without one.
    """

    def __init__(self, site: Site, default: Permission) -> None:
        self._site = site
        self._default = default
        self._is_without_file = False
        self._handle: sqlite3.Connection | None = None
        self._file = (0, 0)
        self._version = -1
        self._revision = -1

    def without_file(self) -> AccessRecords:
        """Return the records of a site without a file: nobody, and the default for all services."""
        self._is_without_file = True
        return AccessRecords({}, {}, [], Permissions({}, self._default))

    def follow(self, default: Permission) -> AccessRecords | None:
        """Let another default hold; return records with it, None when it was the default before.

        Raises
        ------
        ConfigError
            The file cannot be read.
        """
        if default == self._default:
            return None
        before, self._default = self._default, default
        self._version = self._revision = -1
        try:
            changed = self.changed()
        except ConfigError:
            self._default = before
            raise
        return changed or self.without_file()

    def changed(self) -> AccessRecords | None:
        """Return new records, None when nothing has changed.

        Raises
        ------
        ConfigError
            The file cannot be read.
        """
        if self._is_without_file and not self._site.path.exists():
            return None
        try:
            self._follow_file()
            return self._read()
        except (sqlite3.Error, OSError) as err:
            self.close()
            raise ConfigError(self._site.path, "", f"cannot be read: {err}") from err

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def _follow_file(self) -> None:
        """Open the file, anew when another one has been put in its place."""
        if self._handle is not None:
            status = self._site.path.stat()
            if (status.st_dev, status.st_ino) == self._file:
                return
            _log.info("%s was replaced", self._site.path)
            self.close()
        self._handle = self._site.connect()
        status = self._site.path.stat()
        self._file = (status.st_dev, status.st_ino)
        self._version = self._revision = -1
        self._is_without_file = False

    def _read(self) -> AccessRecords | None:
        handle = self._handle
        assert handle is not None
        # Counts changes made by others, without touching the disk.
        version = handle.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return None
        handle.execute("BEGIN")
        try:
            found = handle.execute("SELECT value FROM counters WHERE name = 'access_revision'")
            revision = found.fetchone()[0]
            records = None
            if revision != self._revision:
                records = read_records(handle, self._default)
        finally:
            handle.execute("ROLLBACK")
        self._version, self._revision = version, revision
        return records
