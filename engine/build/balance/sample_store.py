"""Comparisons that were made, kept in a file: an interrupted run goes on, one more item costs its own.

A file of its own beside the catalog; it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_VERSION = 1
_TABLE = (
    "CREATE TABLE IF NOT EXISTS comparisons (a INTEGER NOT NULL, b INTEGER NOT NULL,"
    " digest TEXT NOT NULL, matches BLOB NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID"
)

Key = tuple[int, int]


class SampleStore:
    """The file of comparisons.

    Raises
    ------
    ConfigError
        From any method: it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path)
            self._db.execute(_TABLE)
        except (sqlite3.Error, OSError) as err:
            raise ConfigError(path, "", f"cannot be written: {err}") from err

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> SampleStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def known(self, wanted: dict[Key, str]) -> dict[Key, bytes]:
        """Return those records that are kept under the digests they are wanted under."""
        found = {}
        for a, b, digest, packed in self._execute("SELECT * FROM comparisons"):
            if wanted.get((a, b)) == digest:
                found[a, b] = packed
        return found

    def keep(self, made: Iterable[tuple[Key, str, bytes]]) -> None:
        """Keep records under their digests, all together."""
        rows = [(*key, digest, packed) for key, digest, packed in made]
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO comparisons VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as err:
            raise ConfigError(self._path, "", f"cannot be written: {err}") from err

    def _execute(self, sql: str) -> list[tuple[int, int, str, bytes]]:
        try:
            return self._db.execute(sql).fetchall()
        except sqlite3.Error as err:
            raise ConfigError(self._path, "", f"cannot be read: {err}") from err


def store_digest(parts: Iterable[str]) -> str:
    """Return what stands for all that a comparison depends on."""
    text = "|".join((str(_VERSION), *parts))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
