"""One query as SQL, and the part of it that SQL cannot do: comparing shapes.

Rules: what SQLite can do by itself it does (conditions, order, paging); footprints are compared in
batches, candidates of the R*Tree or of a scan, so memory does not grow with the catalog.
"""

from __future__ import annotations

import json
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.catalog_place import is_wide, share_of_service
from engine.dimension_selection import SlicesAsked, slice_condition
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.projection import canonical_crs, operation
from engine.geometry.shape_crs import footprints_to_crs
from engine.query_place import query_place
from engine.request_parts import MosaicRule
from engine.service_properties import KEY_FIELDS
from engine.where import parse_where
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from engine.budget import Budget
    from engine.catalog import Catalog
    from engine.request import QueryRequest
    from engine.results import AttributeValue

_BATCH = 1_000
# Without an index of places so many rows are looked at before the index is asked after all.
_MOST_SCANNED = 10_000
# Where one row of so many matches, the rows that lie first fill a page soonest.
_ROWS_PER_MATCH = 5


class Search:
    """One query of a catalog.

    Raises
    ------
    InvalidParameter
        A field, condition or geometry is not accepted.
    """

    def __init__(self, catalog: Catalog, request: QueryRequest, budget: Budget) -> None:
        self.catalog = catalog
        self.request = request
        self.budget = budget
        summary = catalog.summary
        self.out_crs = summary.crs
        if request.out_crs:
            self.out_crs = canonical_crs(request.out_crs, "outSR")
        self.to_out = operation(summary.crs, self.out_crs, summary.extent_lonlat).pipeline
        self.place = query_place(request, summary)
        if self.place is not None and self.place.holds(catalog.footprint_extent):
            self.place = None
        self._conditions: list[str] = []
        self._parameters: list[AttributeValue] = []
        self._add_conditions()

    def _add(self, sql: str, *parameters: AttributeValue) -> None:
        self._conditions.append(sql)
        self._parameters.extend(parameters)

    def _add_conditions(self) -> None:
        request = self.request
        asked = SlicesAsked(MosaicRule(dimensions=request.dimensions), is_query=True)
        slices = slice_condition(self.catalog.summary, asked) if request.dimensions else None
        selection = self.catalog.select(request.where, request.object_ids, request.time, slices)
        if selection is not None and selection.condition is not None:
            self._add(selection.condition.sql, *selection.condition.parameters)
        if selection is not None and selection.fids is not None:
            self._add("i.OBJECTID IN (SELECT value FROM json_each(?))", json.dumps(selection.fids))
        if request.key_where.strip():
            clause = _key_clause(self.catalog, request.key_where)
            self._add(clause.sql, *clause.parameters)
        if self.place is not None and self.place.shape.is_empty:
            self._add("0")
        if request.pixel_size is not None:
            low = quote(self.catalog.field("MinPS", "pixelSize").name)
            high = quote(self.catalog.field("MaxPS", "pixelSize").name)
            shows = f"i.{low} <= ? AND (i.{high} <= 0 OR i.{high} > ?)"
            self._add(shows, request.pixel_size, request.pixel_size)

    @property
    def is_everything(self) -> bool:
        """Tell whether all rows match."""
        return not self._conditions and self.place is None

    def matching(self) -> tuple[str, list[AttributeValue]]:
        """Return a condition over `items i` for all that match, and what is to be bound in it."""
        if self.place is None:
            return _joined(self._conditions), list(self._parameters)
        keys = json.dumps(list(self.ids()))
        return "i.OBJECTID IN (SELECT value FROM json_each(?))", [keys]

    def page_size(self) -> tuple[int, int]:
        """Return how many rows an answer has at most, and how many come before them."""
        limit = self.catalog.summary.properties.max_record_count
        if self.request.limit is not None:
            limit = min(limit, self.request.limit)
        return limit, max(0, self.request.offset)

    def order(self) -> list[str]:
        """Return the terms of ORDER BY that the request states."""
        parts = []
        for name, ascending in self.request.order_by:
            column = quote(self.catalog.field(name, "orderByFields").name)
            parts.append(f"i.{column}{'' if ascending else ' DESC'}")
        return list(dict.fromkeys(parts))

    def ids(self) -> Iterator[int]:
        """Yield the OBJECTIDs that match, in order."""
        order = ", ".join([*self.order(), "i.OBJECTID"])
        if self.place is None:
            sql = (
                f"SELECT i.OBJECTID FROM items i WHERE {_joined(self._conditions)} ORDER BY {order}"
            )
            yield from (row[0] for row in self.catalog.rows(sql, self._parameters))
            return
        for keys, footprints in self._candidates(order):
            matching = self.place.matches(footprints)
            yield from (key for key, good in zip(keys, matching, strict=True) if good)

    def page(self) -> tuple[list[int], bool]:
        """Return the OBJECTIDs of one page of what matches, and whether there is more behind it."""
        limit, offset = self.page_size()
        if self.place is None:
            keys = self._first_page(limit + 1, offset) or self._page_of(limit + 1, offset)
        else:
            keys = list(islice(self.ids(), offset, offset + limit + 1))
        return keys[:limit], len(keys) > limit

    def _page_of(self, limit: int, offset: int) -> list[int]:
        order = ", ".join([*self.order(), "i.OBJECTID"])
        sql = (
            f"SELECT i.OBJECTID FROM items i WHERE {_joined(self._conditions)}"
            f" ORDER BY {order} LIMIT ? OFFSET ?"
        )
        return [row[0] for row in self.catalog.rows(sql, [*self._parameters, limit, offset])]

    def _first_page(self, limit: int, offset: int) -> list[int]:
        """Return a page if the rows that lie first fill it, else [].

        An index of attributes would find all matches and sort them for the first thousand.
        """
        looked_at = (offset + limit) * _ROWS_PER_MATCH
        if self.order() or self.request.object_ids is not None or looked_at > _MOST_SCANNED:
            return []
        sql = (
            f"SELECT i.OBJECTID FROM items i NOT INDEXED WHERE {_joined(self._conditions)}"
            " AND i.OBJECTID <= (SELECT OBJECTID FROM items ORDER BY OBJECTID LIMIT 1 OFFSET ?)"
            " ORDER BY i.OBJECTID LIMIT ? OFFSET ?"
        )
        found = self.catalog.rows(sql, [*self._parameters, looked_at, limit, offset])
        keys = [row[0] for row in found]
        return keys if len(keys) == limit else []

    def count(self) -> int:
        """Return how many match."""
        if self.place is not None:
            inside = self.place.sure_box(self.catalog.summary.crs)
            return sum(1 for _ in self.ids()) if inside is None else self._count_boxes(inside)
        sql = f"SELECT count(*) FROM items i WHERE {_joined(self._conditions)}"
        return int(next(self.catalog.rows(sql, self._parameters))[0])

    def extent(self) -> tuple[Extent | None, int]:
        """Return the box of all matches in the CRS of the answer, and their count."""
        if self.is_everything and self.to_out == "proj=noop":
            return self.catalog.footprint_extent, self.catalog.summary.item_count
        low, high = np.full(2, np.inf), np.full(2, -np.inf)
        count = 0
        keys = self.ids()
        while batch := list(islice(keys, _BATCH)):
            self.budget.check()
            count += len(batch)
            stored = self.catalog.footprints_of(batch)
            shapes = shapely.from_wkb([stored.get(key) for key in batch])
            bounds = shapely.bounds(footprints_to_crs(np.asarray(shapes), self.to_out))
            bounds = bounds[np.isfinite(bounds).all(axis=1)]
            if len(bounds):
                low = np.minimum(low, bounds[:, :2].min(axis=0))
                high = np.maximum(high, bounds[:, 2:].max(axis=0))
        if not np.isfinite([*low, *high]).all():
            return None, count
        return Extent(float(low[0]), float(low[1]), float(high[0]), float(high[1])), count

    # Places.

    def _count_boxes(self, inside: Extent) -> int:
        """Count by boxes: shapes are compared of those alone that meet the place's edge."""
        place = self.place
        assert place is not None
        within = "b.xmin >= ? AND b.xmax <= ? AND b.ymin >= ? AND b.ymax <= ?"
        bounds = (inside.xmin, inside.xmax, inside.ymin, inside.ymax)
        at_edge = [
            key
            for keys, shapes in self._batches(self._met("i.OBJECTID", f"NOT ({within})", bounds))
            for key, good in zip(keys, place.matches(shapes), strict=True)
            if good
        ]
        items = " CROSS JOIN items i ON i.OBJECTID = r.a0" if self._conditions else ""
        # An item with several boxes counts once.
        sql = (
            "SELECT count(DISTINCT r.a0) FROM boxes b CROSS JOIN boxes_rowid r ON r.rowid = b.id"
            f"{items} WHERE {within} AND r.a0 NOT IN (SELECT value FROM json_each(?))"
            f" AND {_joined(self._conditions)}"
        )
        (row,) = self.catalog.rows(sql, [*bounds, json.dumps(at_edge), *self._parameters])
        return int(row[0]) + len(at_edge)

    def _candidates(self, order: str) -> Iterator[tuple[list[int], NDArray[Any]]]:
        """Yield rows whose footprints are to be compared, in batches and in order."""
        rows = self._scanned(order) if self._begins_with_scan() else self._met(order)
        return self._batches(rows)

    def _batches(
        self, rows: Iterator[tuple[int, bytes]]
    ) -> Iterator[tuple[list[int], NDArray[Any]]]:
        while batch := list(islice(rows, _BATCH)):
            self.budget.check()
            yield [row[0] for row in batch], np.asarray(shapely.from_wkb([row[1] for row in batch]))

    def _begins_with_scan(self) -> bool:
        """Tell whether the next rows in order are likely to be in the place.

        A page of a wide place is full after few rows; the index would find all of it first.
        """
        assert self.place is not None
        if not self.place.needs_meeting:
            return True
        if self.place.shape.is_empty or self.request.returns != "features" or self.order():
            return False
        return is_wide(self.catalog.summary, Extent(*self.place.shape.bounds))

    def _scanned(self, order: str) -> Iterator[tuple[int, bytes]]:
        assert self.place is not None
        rows = self._rows(order, (), ())
        if not self.place.needs_meeting:
            yield from rows
            return
        # The index takes longer for all it finds than a scan for so many rows.
        share = share_of_service(self.catalog.summary, Extent(*self.place.shape.bounds))
        most = max(_MOST_SCANNED, int(share * self.catalog.summary.item_count) // 4)
        last = None
        for last, wkb in islice(rows, most):
            yield last, wkb
        if last is not None:
            yield from self._met(order, after=last)

    def _met(
        self,
        order: str,
        condition: str = "1",
        bound: tuple[AttributeValue, ...] = (),
        after: int | None = None,
    ) -> Iterator[tuple[int, bytes]]:
        """Yield rows with a box that meets the place's and for which `condition`, over `boxes b`, holds."""
        assert self.place is not None
        if self.place.shape.is_empty:
            return iter(())
        xmin, ymin, xmax, ymax = map(float, self.place.shape.bounds)
        # Items are read from the table behind the R*Tree: its own column is looked up by a statement a row.
        sql = (
            "i.OBJECTID IN (SELECT r.a0 FROM boxes b CROSS JOIN boxes_rowid r ON r.rowid = b.id"
            f" WHERE b.xmin <= ? AND b.xmax >= ? AND b.ymin <= ? AND b.ymax >= ? AND {condition})"
        )
        box: tuple[AttributeValue, ...] = (xmax, xmin, ymax, ymin, *bound)
        if after is None:
            return self._rows(order, (sql,), box)
        return self._rows(order, (sql, "i.OBJECTID > ?"), (*box, after))

    def _rows(
        self, order: str, further: tuple[str, ...], bound: tuple[AttributeValue, ...]
    ) -> Iterator[tuple[int, bytes]]:
        where = _joined([*self._conditions, *further])
        sql = (
            "SELECT i.OBJECTID, s.wkb FROM items i JOIN shapes s ON s.id = i.OBJECTID"
            f" WHERE {where} ORDER BY {order}"
        )
        rows: Iterator[Any] = self.catalog.rows(sql, [*self._parameters, *bound])
        return chain(rows)


def _joined(conditions: list[str]) -> str:
    return " AND ".join(f"({sql})" for sql in conditions) or "1"


def _key_clause(catalog: Catalog, source: str) -> Any:
    """Return a condition over the key properties that the catalog holds as fields.

    Raises
    ------
    InvalidParameter
        Of parameter "rasterQuery".
    """
    fields = [field for field in catalog.fields if field.name.casefold() in KEY_FIELDS]
    if not fields:
        raise InvalidParameter(
            "rasterQuery", source, "nothing: this catalog has no fields of key properties"
        )
    try:
        return parse_where(source, fields)
    except InvalidParameter as err:
        _, shown, accepted = err.fields
        raise InvalidParameter("rasterQuery", shown, accepted) from err
