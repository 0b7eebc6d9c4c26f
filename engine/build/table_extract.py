"""Copy some items of a catalog into another one, where all of them show at every pixel size."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from engine.build.chain_files import SERVICE_CHAIN
from engine.build.geopackage import open_sqlite
from engine.build.row_decoder import BUILT_COLUMNS
from engine.build.service_table import ServiceTable
from engine.errors import ConfigError
from engine.zmd import quote

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
    with ServiceTable(source) as known, ServiceTable.create(target) as made:
        columns, own = known.fields(), made.fields()
    chosen = ", ".join(map(quote, columns))
    with closing(open_sqlite(target)) as copy:
        try:
            copy.execute("PRAGMA synchronous=OFF")
            copy.execute("ATTACH ? AS source", (str(source),))
            copy.execute("BEGIN")
            for name in columns.keys() - own.keys():
                copy.execute(f"ALTER TABLE footprints ADD COLUMN {quote(name)} {columns[name]}")
            copy.execute("CREATE TEMP TABLE kept(fid INTEGER PRIMARY KEY)")
            copy.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((fid,) for fid in fids))
            copy.execute(
                f"INSERT INTO footprints({chosen}) SELECT {chosen} FROM kept"
                " CROSS JOIN source.footprints ON OBJECTID = kept.fid"
            )
            built = ", ".join(("fid", *BUILT_COLUMNS))
            copy.execute(
                f"INSERT INTO swath_build({built}) SELECT {built} FROM source.swath_build"
                " WHERE fid IN (SELECT fid FROM kept)"
            )
            copy.execute(
                "INSERT INTO seamlines(Shape, ItemId) SELECT Shape, ItemId FROM source.seamlines"
                " WHERE ItemId IN (SELECT fid FROM kept)"
            )
            copy.execute("INSERT INTO boundary(Shape) SELECT Shape FROM source.boundary")
            # The chain of the service follows the mosaic, and overviews are mosaics.
            copy.execute(
                "INSERT INTO swath_info SELECT key, value FROM source.swath_info WHERE key <> ?",
                (SERVICE_CHAIN,),
            )
            # Where what build made of the rasters of an item is kept (`engine.build.raster_rows`).
            copy.execute(
                "INSERT INTO swath_state SELECT key, value FROM source.swath_state"
                " WHERE key IN (SELECT 'rasters:' || fid FROM kept)"
            )
            copy.execute("UPDATE footprints SET MinPS = 0, MaxPS = 0, StatusId = 0, Category = 1")
            copy.execute("COMMIT")
        except sqlite3.Error as err:
            raise ConfigError(target, "", f"cannot be written: {err}") from err
