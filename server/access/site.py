"""The site's own records: one SQLite file in the data folder.

    site.sqlite     users, groups, API keys, permissions of services, signing keys; mode 0600

Rules: a change is one transaction of one writer, on disk when it returns (WAL, synchronous=FULL), so a
process may be killed at any moment. Whoever changes what decides on access does so in `changing`, which
counts `access_revision` up: that is what running servers look at.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.errors import ConfigError
from server.access.site_schema import MIGRATIONS, add_signing_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "site.sqlite"
# "Swth": tells the file from other SQLite files.
APPLICATION_ID = 0x53777468
_WAIT_S = 10.0
_CLOSED = "cannot be opened; do it as the user that the server runs as"
_WHY = {
    sqlite3.SQLITE_BUSY: "another change is under way; try again",
    sqlite3.SQLITE_LOCKED: "another change is under way; try again",
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
}
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Site:
    """The site file of a data folder, there or not yet.

    Parameters
    ----------
    data
        The data folder; made with the file.

    Raises
    ------
    ConfigError
        From all methods: the file cannot be read or written, or is not one of ours.
    """

    def __init__(self, data: Path, wait_s: float = _WAIT_S) -> None:
        self.path = data / FILE_NAME
        self._wait_s = wait_s

    def create(self) -> None:
        """Make the file where there is none, with a signing key, and bring an older one up to date."""
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._make_private()
            with closing(self._opened()) as handle:
                if self._version(handle) < len(MIGRATIONS):
                    handle.execute("PRAGMA journal_mode = WAL")
                    with _transaction(handle):
                        self._migrate(handle)

    def connect(self) -> sqlite3.Connection:
        """Open a file that is there, for one thread at a time; never makes one.

        A server that follows the file must not take an empty one for the one that is gone.
        """
        with self._told():
            handle = self._opened()
            if self._version(handle) < len(MIGRATIONS):
                handle.close()
                raise ConfigError(self.path, "", "is not made yet, or by an older Swath")
            return handle

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read: all statements of the block see one state. Without a file, that is the empty one."""
        if self.path.exists():
            self.create()
        with closing(self._for_reading()) as handle, self._told():
            handle.execute("BEGIN")
            yield handle

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Change what decides on access: all statements of the block or none."""
        self.create()
        with closing(self.connect()) as handle, self._told(), _transaction(handle):
            yield handle
            handle.execute("UPDATE counters SET value = value + 1 WHERE name = 'access_revision'")

    def _for_reading(self) -> sqlite3.Connection:
        if self.path.exists():
            return self.connect()
        handle = sqlite3.connect(":memory:", isolation_level=None)
        handle.row_factory = sqlite3.Row
        self._migrate(handle)
        return handle

    def _opened(self) -> sqlite3.Connection:
        handle = sqlite3.connect(
            f"file:{quote(str(self.path.absolute()))}?mode=rw",
            uri=True,
            timeout=self._wait_s,
            isolation_level=None,
            check_same_thread=False,
        )
        handle.row_factory = sqlite3.Row
        handle.execute("PRAGMA synchronous = FULL")
        handle.execute("PRAGMA foreign_keys = ON")
        return handle

    def _make_private(self) -> None:
        """Make an empty file that nobody else can read, or take it from others; -wal has its mode."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            if os.geteuid() == 0:
                # Commands are run by root, the server by whom the folder belongs to.
                owner = self.path.parent.stat()
                os.chown(self.path, owner.st_uid, owner.st_gid)
        except FileExistsError:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            if mode & _OTHERS:
                self.path.chmod(mode & ~_OTHERS)

    def _version(self, handle: sqlite3.Connection) -> int:
        """Return the number of steps that the tables have taken; 0 = an empty file."""
        application = handle.execute("PRAGMA application_id").fetchone()[0]
        version: int = handle.execute("PRAGMA user_version").fetchone()[0]
        tables = handle.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application != APPLICATION_ID and tables:
            raise ConfigError(self.path, "", "is not a site file of Swath")
        if version > len(MIGRATIONS):
            why = f"was made by a newer Swath (version {version}, this one knows {len(MIGRATIONS)})"
            raise ConfigError(self.path, "", why)
        return version

    def _migrate(self, handle: sqlite3.Connection) -> None:
        # Once more, now that nobody else can do it.
        version = self._version(handle)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                handle.execute(statement)
        if version == 0:
            handle.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            add_signing_key(handle)
        handle.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Word what the system or SQLite refuses."""
        try:
            yield
        except sqlite3.OperationalError as err:
            code = getattr(err, "sqlite_errorcode", 0) & 0xFF
            why = _WHY.get(code, f"cannot be used: {err}")
            raise ConfigError(self.path, "", why) from err
        except sqlite3.DatabaseError as err:
            raise ConfigError(self.path, "", f"cannot be used: {err}") from err
        except OSError as err:
            raise ConfigError(self.path, "", f"cannot be used: {err.strerror or err}") from err


@contextmanager
def _transaction(handle: sqlite3.Connection) -> Iterator[None]:
    # The lock of the writer is taken at once: what is read here stays true until the end.
    handle.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        handle.execute("ROLLBACK")
        raise
    handle.execute("COMMIT")
