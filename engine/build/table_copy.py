"""Copy the contents of a catalog into an empty one, which another kind of database may keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.catalog_schema import LAYERS
from engine.build.definition_folder import read_facts
from engine.build.geopackage import decode_geometry, encode_geometry
from engine.build.item_row import wkb_extent
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from engine.build.service_table import ServiceTable

_CHUNK = 500


class TableCopy:
    """Copies from `source` to `target`; within a batch of the target.

    Columns that the target lacks are added to it; numbers of rows stay.
    """

    def __init__(self, source: ServiceTable, target: ServiceTable) -> None:
        self._source, self._target = source, target
        facts = read_facts(source)
        self._srs_id = target.set_crs(facts.crs if facts else "")

    def everything(self) -> None:
        """Copy all tables, and give new rows numbers that none had before."""
        known = set(self._target.database.tables())
        with self._target.batch():
            for table in self._source.database.tables():
                if table not in known:
                    self._make(table)
                self.all_rows(table)
            for layer in LAYERS:
                last = self._source.database.last_id(layer)
                self._target.database.keep_ids_above(layer, last)

    def _make(self, table: str) -> None:
        columns = self._source.database.columns(table)
        listed = [f"{quote(name)} {kind}" for name, kind in columns.items()]
        key = self._source.database.primary_key(table)
        if key:
            listed.append(f"PRIMARY KEY ({', '.join(map(quote, key))})")
        self._target.execute(f"CREATE TABLE {table} ({', '.join(listed)})")

    def all_rows(self, table: str) -> None:
        """Copy all rows of a table."""
        self._copy(table, self._source.execute)

    def info(self, *, without: str) -> None:
        """Copy the facts of the service but one."""
        self._copy(
            "swath_info", lambda query: self._source.execute(f"{query} WHERE key <> ?", (without,))
        )

    def items(self, fids: Sequence[int]) -> None:
        """Copy items with what build made of them and their seamlines."""
        self._chosen("footprints", "OBJECTID", fids)
        self._chosen("swath_build", "fid", fids)
        self._chosen("seamlines", "ItemId", fids)
        # Where what build made of the rasters of an item is kept (`engine.build.raster_rows`).
        self._chosen("swath_state", "key", [f"rasters:{fid}" for fid in fids])

    def _chosen(self, table: str, key: str, values: Sequence[int | str]) -> None:
        def rows(query: str) -> Iterator[Any]:
            for first in range(0, len(values), _CHUNK):
                chunk = tuple(values[first : first + _CHUNK])
                marks = ", ".join("?" * len(chunk))
                yield from self._source.execute(f"{query} WHERE {key} IN ({marks})", chunk)

        self._copy(table, rows)

    def _copy(self, table: str, rows: Callable[[str], Iterable[Any]]) -> None:
        columns = self._source.database.columns(table)
        own = self._target.database.columns(table)
        # In their order: it is that of the compiled fields.
        for name in [name for name in columns if name not in own]:
            self._target.execute(f"ALTER TABLE {table} ADD COLUMN {quote(name)} {columns[name]}")
        names = ", ".join(map(quote, columns))
        marks = ", ".join("?" * len(columns))
        shape = list(columns).index("Shape") if "Shape" in columns else None
        found = rows(f"SELECT {names} FROM {table}")
        self._target.database.execute_many(
            f"INSERT INTO {table}({names}) VALUES ({marks})",
            found if shape is None else self._placed(found, shape),
        )

    def _placed(self, rows: Iterable[Any], shape: int) -> Iterator[tuple[Any, ...]]:
        """Yield rows with geometries that carry the number of the target's CRS."""
        for row in rows:
            wkb = decode_geometry(row[shape])
            blob = encode_geometry(wkb, self._srs_id, wkb_extent(wkb)) if wkb else None
            yield (*row[:shape], blob, *row[shape + 1 :])
