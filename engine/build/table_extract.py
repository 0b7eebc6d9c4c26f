"""Copy some items of a catalog into another one, where all of them show at every pixel size."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from engine.build.geopackage import open_sqlite
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def extract_items(source: Path, target: Path, fids: Sequence[int]) -> None:
    """Write a catalog with the given items, all of them primaries, ready and visible at any size.

    Raises
    ------
    ConfigError
        It cannot be written.
    """
    with closing(open_sqlite(source)) as db, closing(open_sqlite(target)) as copy:
        try:
            copy.execute("PRAGMA synchronous=OFF")
            db.backup(copy)
            copy.execute("BEGIN")
            copy.execute("CREATE TEMP TABLE kept(fid INTEGER PRIMARY KEY)")
            copy.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((fid,) for fid in fids))
            copy.execute("DELETE FROM footprints WHERE OBJECTID NOT IN (SELECT fid FROM kept)")
            copy.execute("DELETE FROM swath_build WHERE fid NOT IN (SELECT fid FROM kept)")
            copy.execute("UPDATE footprints SET MinPS = 0, MaxPS = 0, StatusId = 0, Category = 1")
            copy.execute("COMMIT")
        except sqlite3.Error as err:
            raise ConfigError(target, "", f"cannot be written: {err}") from err
