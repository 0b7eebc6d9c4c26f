"""The catalog at serving time: items of a compiled definition by place, by id and by attribute.

Rules: opened after the fork, read-only and immutable; each thread has its own SQLite handle with a
small page cache, so an instance's memory does not grow with the catalog; nothing here opens a raster.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from engine.catalog_place import Place, place_statement
from engine.catalog_selection import Selection, make_selection
from engine.errors import ConfigError, InvalidParameter, ItemNotFound
from engine.extent import Extent
from engine.item import Item
from engine.mosaic_process import META_KEY, ServiceProcess, unpack_service_process
from engine.statement_watch import watched
from engine.summary import FieldInfo, Histogram
from engine.zmd import connect_read_only, quote, read_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from engine.budget import Budget
    from engine.mosaic.ranking import Ranking
    from engine.request_parts import TimeRange
    from engine.results import AttributeValue
    from engine.where import WhereClause

_CACHED_ITEMS = 4096
_NO_COLUMN = ("geometry", "raster")

_decode_item = msgspec.msgpack.Decoder(Item).decode
_decode_histograms = msgspec.msgpack.Decoder(tuple[Histogram, ...]).decode
_decode_operations = msgspec.msgpack.Decoder(dict[str, str]).decode
_decode_extent = msgspec.msgpack.Decoder(Extent | None).decode
_decode_edges = msgspec.msgpack.Decoder(tuple[float, ...]).decode


class Catalog:
    """One compiled definition, open for reading.

    Parameters
    ----------
    path
        The .zmd file; it must never change (publishing gives every version its own name).

    Raises
    ------
    ConfigError
        The file is no compiled definition, or one of another format version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._handles: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._items: OrderedDict[int, Item] = OrderedDict()
        self.changed: Callable[[Item], Item] = lambda item: item
        try:
            self.summary = read_summary(self._handle(), path)
            self._operations = _decode_operations(self.meta("operations") or b"\x80")
            self.size_edges = _decode_edges(self.meta("size_edges") or b"\x90")
        except (sqlite3.Error, msgspec.MsgspecError) as err:
            self.close()
            raise ConfigError(path, "", f"is not a compiled definition: {err}") from err
        except ConfigError:
            self.close()
            raise
        self._columns = {
            f.name.casefold(): f for f in self.summary.fields if f.type not in _NO_COLUMN
        }
        self._columns.setdefault("objectid", FieldInfo(name="OBJECTID", type="oid"))

    @classmethod
    def open(cls, path: Path) -> Catalog:
        """Open a compiled definition (see the class)."""
        return cls(path)

    def close(self) -> None:
        """Close the handles of all threads."""
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles.clear()
            self._local = threading.local()

    def _handle(self) -> sqlite3.Connection:
        handle: sqlite3.Connection | None = getattr(self._local, "handle", None)
        if handle is None:
            handle = connect_read_only(self.path)
            self._local.handle = handle
            with self._lock:
                self._handles.append(handle)
        return handle

    # The head.

    def meta(self, key: str) -> bytes | None:
        """Return a value of the head as bytes, or None."""
        row = self._handle().execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        return row[0] if isinstance(row[0], bytes) else str(row[0]).encode()

    @property
    def histograms(self) -> tuple[Histogram, ...]:
        """Histograms per band; () where there are none."""
        return _decode_histograms(self.meta("histograms") or b"\x90")

    @property
    def process(self) -> ServiceProcess | None:
        """What is done to the mosaic; None where nothing is."""
        try:
            return unpack_service_process(self.meta(META_KEY) or b"")
        except msgspec.MsgspecError as err:
            raise ConfigError(self.path, META_KEY, str(err)) from err

    @property
    def boundary(self) -> bytes:
        """Union of the footprints as WKB in service CRS; empty where there is none."""
        return self.meta("boundary") or b""

    @property
    def footprint_extent(self) -> Extent | None:
        """Box of all footprints in service CRS; None where there are none."""
        stored: Extent | None = _decode_extent(self.meta("footprint_extent") or b"\xc0")
        return stored

    def operation(self, key: str) -> str:
        """Return the pipeline text of a pinned operation ("noop" always exists).

        Raises
        ------
        ConfigError
            The definition has no such operation.
        """
        if key == "noop":
            return "proj=noop"
        try:
            return self._operations[key]
        except KeyError:
            raise ConfigError(self.path, f"operation {key!r}", "is not in the definition") from None

    # Fields.

    @property
    def fields(self) -> tuple[FieldInfo, ...]:
        """The fields that have values in `attributes_of`: all but geometry and raster."""
        return tuple(self._columns.values())

    def field(self, name: str, parameter: str = "field") -> FieldInfo:
        """Return a field by name; case does not count.

        Raises
        ------
        InvalidParameter
            There is no such field.
        """
        try:
            return self._columns[name.casefold()]
        except KeyError:
            known = ", ".join(field.name for field in self._columns.values())
            raise InvalidParameter(parameter, name, f"one of the fields {known}") from None

    # Selecting.

    def select(
        self,
        where: str = "",
        fids: Iterable[int] | None = None,
        time: TimeRange | None = None,
        slices: WhereClause | None = None,
    ) -> Selection | None:
        """Parse the conditions of a mosaic rule or query (`slices` as they are); None when there are none.

        Raises
        ------
        InvalidParameter
            `where` cannot be read; the message points at the place.
        """
        return make_selection(self.summary.time, self.fields, (where, fids, time, slices))

    def items_at(
        self, extent: Extent, ps_min: float, ps_max: float, selection: Selection | None, limit: int
    ) -> list[Item]:
        """Return the items whose box meets `extent` and that show at some pixel size.

        Parameters
        ----------
        extent : Extent
            Service CRS.
        ps_min, ps_max : float
            Closed range of output pixel sizes in service-CRS units; equal for one size. An item shows
            at sizes from its min_ps up to, not including, its max_ps.
        limit : int
            At most so many; a caller who must know whether there are more asks for one more.

        Returns
        -------
        list of Item
            By OBJECTID.
        """
        found: dict[int, Item] = {}
        place = Place(extent, ps_min, ps_max)
        for item in self._candidates(place, selection):
            if len(found) >= limit:
                break
            if _shows(item, place):
                found[item.id] = item
        return [found[key] for key in sorted(found)]

    def ids_at(self, place: Place, limit: int) -> list[int]:
        """Return the OBJECTIDs of at most `limit` boxes at a place, by the index alone.

        It may let through a little too much, never too little, and reads no item.
        """
        sql, parameters = place_statement(self.summary, place, None)
        rows = self._handle().execute(f"{sql} LIMIT {limit:d}", parameters)
        return [key for (key,) in rows]

    def _candidates(self, place: Place, selection: Selection | None) -> Iterator[Item]:
        if selection is not None and selection.fids is not None:
            yield from self.items_by_id(selection.fids, selection)
            return
        condition = None if selection is None else selection.condition
        for (key,) in self._handle().execute(*place_statement(self.summary, place, condition)):
            yield self._item(key)

    def ranked_at(
        self, place: Place, selection: Selection | None, ranking: Ranking, page: int
    ) -> Iterator[Item]:
        """Yield the items of a place in a mosaic order, without reading those that come later.

        Parameters
        ----------
        selection
            Without ids: those are few, `items_at` takes them all.
        page : int
            So many are looked up at once.
        """
        condition = None if selection is None else selection.condition
        sql, parameters = place_statement(self.summary, place, condition, ranking)
        seen: set[int] = set()
        for first in itertools.count(0, page):
            rows = self._handle().execute(f"{sql} LIMIT {page:d} OFFSET {first:d}", parameters)
            keys = [key for (key,) in rows]
            for key in keys:
                item = self._item(key)
                if key not in seen and _shows(item, place):
                    yield item
                seen.add(key)
            if len(keys) < page:
                return

    def items_by_id(self, ids: Iterable[int], selection: Selection | None = None) -> list[Item]:
        """Return items in the given order; ids that the catalog or the selection lacks are left out."""
        wanted = list(dict.fromkeys(ids))
        if selection is not None and selection.fids is not None:
            chosen = frozenset(selection.fids)
            wanted = [key for key in wanted if key in chosen]
        if selection is not None and selection.condition is not None:
            matching = {row[0] for row in self._rows("i.OBJECTID", wanted, selection.condition)}
            wanted = [key for key in wanted if key in matching]
        found = (self._find(key) for key in wanted)
        return [item for item in found if item is not None]

    def item(self, object_id: int) -> Item:
        """Return one item.

        Raises
        ------
        ItemNotFound
        """
        found = self._find(object_id)
        if found is None:
            raise ItemNotFound(object_id)
        return found

    def _item(self, key: int) -> Item:
        found = self._find(key)
        if found is None:
            raise ConfigError(self.path, f"OBJECTID {key}", "has a box but no record")
        return found

    def _find(self, key: int) -> Item | None:
        with self._lock:
            item = self._items.get(key)
            if item is not None:
                self._items.move_to_end(key)
                return item
        if not -(2**63) <= key < 2**63:
            return None
        rows = self._handle().execute("SELECT record FROM records WHERE id = ?", (key,))
        row = rows.fetchone()
        if row is None:
            return None
        try:
            item = self.changed(_decode_item(row[0]))
        except msgspec.MsgspecError as err:
            raise ConfigError(self.path, f"OBJECTID {key}", f"has a damaged record: {err}") from err
        with self._lock:
            self._items[key] = item
            if len(self._items) > _CACHED_ITEMS:
                self._items.popitem(last=False)
        return item

    # Attributes and footprints.

    def attribute_values(self, field: str, ids: Iterable[int]) -> dict[int, AttributeValue]:
        """Return the values of one field by OBJECTID, for ordering; absent ids are left out.

        Raises
        ------
        InvalidParameter
            There is no such field.
        """
        column = quote(self.field(field, "sortField").name)
        return {row[0]: row[1] for row in self._rows(f"i.OBJECTID, i.{column}", ids)}

    def attributes_of(self, ids: Iterable[int]) -> dict[int, dict[str, AttributeValue]]:
        """Return all fields by OBJECTID, in the service table's order and spelling."""
        names = [field.name for field in self.fields]
        found = self.values_of(ids, names)
        return {key: dict(zip(names, values, strict=True)) for key, values in found.items()}

    def values_of(
        self, ids: Iterable[int], names: Iterable[str]
    ) -> dict[int, tuple[AttributeValue, ...]]:
        """Return the values of some fields (in the table's spelling) by OBJECTID."""
        columns = "".join(f", i.{quote(name)}" for name in names)
        return {row[0]: row[1:] for row in self._rows(f"i.OBJECTID{columns}", ids)}

    def footprints_of(self, ids: Iterable[int]) -> dict[int, bytes]:
        """Return the footprint polygons as WKB in service CRS, by OBJECTID."""
        found: dict[int, bytes] = {}
        for part in _chunks(ids):
            marks = ", ".join("?" * len(part))
            found.update(
                self._handle().execute(f"SELECT id, wkb FROM shapes WHERE id IN ({marks})", part)
            )
        return found

    def _rows(
        self, columns: str, ids: Iterable[int], condition: WhereClause | None = None
    ) -> Iterator[tuple[Any, ...]]:
        extra = f" AND ({condition.sql})" if condition else ""
        parameters = condition.parameters if condition else ()
        for part in _chunks(ids):
            marks = ", ".join("?" * len(part))
            sql = f"SELECT {columns} FROM items i WHERE i.OBJECTID IN ({marks}){extra}"
            yield from self._handle().execute(sql, (*part, *parameters))

    def rows(
        self, sql: str, parameters: Sequence[AttributeValue] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """Run a statement of the engine's own (never a caller's text) and yield its rows."""
        yield from self._handle().execute(sql, parameters)

    def watched_by(self, budget: Budget) -> AbstractContextManager[None]:
        """Let `budget` end statements of this thread that take long: a condition over a million rows.

        Raises
        ------
        DeadlineExceeded, Cancelled
            As `budget.check` says.
        """
        return watched(self._handle(), budget)


def _shows(item: Item, place: Place) -> bool:
    """Tell what the index, whose numbers are float32, cannot."""
    shows = item.min_ps <= place.ps_max and (item.max_ps <= 0 or item.max_ps > place.ps_min)
    return shows and item.extent.intersects(place.extent)


def _chunks(ids: Iterable[int], size: int = 500) -> Iterator[list[int]]:
    keys = [key for key in ids if -(2**63) <= key < 2**63]
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
