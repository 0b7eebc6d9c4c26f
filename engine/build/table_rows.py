"""Rows of the service table that come from tables of rasters, a thousand at a time.

Rules: an item is known by its first file; a digest of what the table said tells whether it must be
written again, so that what people edit since stays where the table did not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from engine.build.geopackage import encode_geometry
from engine.build.raster_record import ItemStatus
from engine.extent import Extent
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.service_table import ServiceTable
    from engine.build.table_shapes import Shapes
    from engine.results import AttributeValue

_TABLE = (
    "CREATE TABLE IF NOT EXISTS swath_table_rows (fid INTEGER PRIMARY KEY NOT NULL,"
    " digest TEXT NOT NULL, shape TEXT NOT NULL)"
)
_SET_DIGEST = (
    "INSERT INTO swath_table_rows(fid, digest, shape) VALUES (?, ?, ?)"
    " ON CONFLICT (fid) DO UPDATE SET digest = excluded.digest, shape = excluded.shape"
)
_ADD_SOURCE = (
    "INSERT INTO swath_sources(path, fid, size, mtime_ns) VALUES (?, ?, 0, 0)"
    " ON CONFLICT (path, fid) DO NOTHING"
)
_SET_SHAPE = "UPDATE footprints SET Shape = ? WHERE OBJECTID = ?"
# Its next build looks at the new footprint.
_NOT_BUILT = "UPDATE swath_build SET fingerprint = '', shape_hash = '' WHERE fid = ?"
# Below what databases take as marks of one statement.
_AT_ONCE = 500
SHAPES_CRS = "shapes_crs"


class KnownRow(NamedTuple):
    """A row that a table of rasters named before; digest "" = it came otherwise."""

    fid: int
    digest: str = ""
    shape_digest: str = ""

    def is_as(self, item: TableItem) -> bool:
        """Tell whether the table says what it said before."""
        same_shape = not item.shape_digest or self.shape_digest == item.shape_digest
        return self.digest == item.digest and same_shape


class TableItem(NamedTuple):
    """An item as a table says it.

    Attributes
    ----------
    paths : tuple of str
        Of its files, absolute; the first names it.
    raster : str
        JSON of field `Raster`.
    message : str
        What is wrong with it; "" = nothing that is known yet.
    values : tuple
        Of the author's fields.
    """

    paths: tuple[str, ...]
    name: str
    raster: str
    message: str
    values: tuple[AttributeValue, ...]
    digest: str
    shape_digest: str


class TableRows:
    """Read and write such rows.

    Parameters
    ----------
    fields : sequence of str
        The author's, as they are spelled in the service table.
    """

    def __init__(self, table: ServiceTable, fields: Sequence[str]) -> None:
        table.execute(_TABLE)
        self._table = table
        own = ("Name", "Raster", "StatusId", "StatusMessage", *fields)
        names = ", ".join(f'"{name}"' for name in ("Category", "Header", *own, "Shape"))
        marks = ", ".join("?" * (len(own) + 1))
        self._insert = (
            f"INSERT INTO footprints({names}) VALUES ({PRIMARY}, '', {marks}) RETURNING OBJECTID"
        )
        sets = ", ".join(f'"{name}" = ?' for name in own)
        self._update = (
            f'UPDATE footprints SET "Header" = CASE WHEN "Raster" = ? THEN "Header" ELSE \'\' END,'
            f" {sets} WHERE OBJECTID = ?"
        )

    def known(self, paths: Sequence[str]) -> dict[str, list[KnownRow]]:
        """Return the rows whose files these are, by path, in order of OBJECTID."""
        found: dict[str, list[KnownRow]] = {}
        for first in range(0, len(paths), _AT_ONCE):
            some = tuple(paths[first : first + _AT_ONCE])
            query = (
                "SELECT s.path, s.fid, coalesce(t.digest, ''), coalesce(t.shape, '')"
                " FROM swath_sources s"
                " LEFT JOIN swath_table_rows t ON t.fid = s.fid"
                f" WHERE s.path IN ({', '.join('?' * len(some))}) ORDER BY s.path, s.fid"
            )
            for path, *row in self._table.execute(query, some):
                found.setdefault(path, []).append(KnownRow(*row))
        return found

    def insert(self, items: Sequence[TableItem], blobs: Sequence[bytes | None]) -> list[int]:
        """Add items with their footprints; return their OBJECTIDs."""
        fids = []
        for item, blob in zip(items, blobs, strict=True):
            rows = self._table.execute(self._insert, (*_own_values(item), blob)).fetchall()
            fids.append(int(rows[0][0]))
        self._note(fids, items)
        return fids

    def update(
        self, known: Sequence[KnownRow], items: Sequence[TableItem], blobs: Sequence[bytes | None]
    ) -> None:
        """Write known items anew; a footprint stays where the table brings none, or the one of before."""
        for row, item, blob in zip(known, items, blobs, strict=True):
            self._table.execute(self._update, (item.raster, *_own_values(item), row.fid))
            if blob is not None and row.shape_digest != item.shape_digest:
                self._table.execute(_SET_SHAPE, (blob, row.fid))
                self._table.execute(_NOT_BUILT, (row.fid,))
        self._note([row.fid for row in known], items)

    def _note(self, fids: Sequence[int], items: Sequence[TableItem]) -> None:
        pairs = list(zip(fids, items, strict=True))
        database = self._table.database
        database.execute_many(
            _ADD_SOURCE, ((path, fid) for fid, item in pairs for path in item.paths)
        )
        digests = ((fid, item.digest, item.shape_digest) for fid, item in pairs)
        database.execute_many(_SET_DIGEST, digests)


def _own_values(item: TableItem) -> tuple[AttributeValue, ...]:
    status = ItemStatus.NOT_SUPPORTED if item.message else ItemStatus.ADDED
    return (item.name, item.raster, int(status), item.message, *item.values)


def blobs_of(shapes: Shapes, srs_id: int) -> list[bytes | None]:
    """Return multipolygons as the service table holds them; None for none."""
    bounds = shapely.bounds(shapes).tolist()
    wkbs = shapely.to_wkb(shapes, byte_order=1)
    return [
        None if wkb is None else encode_geometry(wkb, srs_id, Extent(*box))
        for wkb, box in zip(np.asarray(wkbs, np.object_), bounds, strict=True)
    ]
