"""Rows of the catalog: select, filter by place, order, page.

Rules: what SQLite can do by itself it does (conditions, order, paging); only shapes are compared
here, candidates of the R*Tree in batches, so memory does not grow with the catalog.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.budget import UNLIMITED
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.projection import canonical_crs, operation
from engine.geometry.shape_crs import footprint_to_crs, shape_to_crs
from engine.results import QueryResult, QueryRow
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from engine.budget import Budget
    from engine.catalog import Catalog
    from engine.request import QueryRequest, SpatialRelation
    from engine.results import AttributeValue
    from engine.summary import FieldInfo

_BATCH = 1_000


def query(catalog: Catalog, request: QueryRequest, budget: Budget = UNLIMITED) -> QueryResult:
    """Answer a query of the catalog.

    A caller who has a deadline also puts this under `Catalog.watched_by`: `budget` is asked between
    batches of footprints only.

    Raises
    ------
    InvalidParameter
        A field, condition or geometry is not accepted.
    DeadlineExceeded, Cancelled
        As `budget` says.
    """
    search = _Search(catalog, request, budget)
    crs = search.out_crs
    match request.returns:
        case "count":
            count = search.count_distinct() if request.distinct else search.count()
            return QueryResult(crs=crs, count=count)
        case "ids":
            return QueryResult(crs=crs, ids=tuple(search.ids()))
        case "extent":
            extent, count = search.extent()
            return QueryResult(crs=crs, extent=extent, count=count)
    rows, exceeded = search.distinct_rows() if request.distinct else search.rows()
    return QueryResult(crs=crs, fields=search.fields, rows=rows, exceeded=exceeded)


@dataclass(frozen=True, slots=True)
class _Place:
    """The query's geometry in service CRS, and how footprints must lie to it."""

    shape: shapely.Geometry
    relation: SpatialRelation

    def matches(self, footprints: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which footprints fulfil the relation."""
        shape = self.shape
        match self.relation:
            # The query's geometry is the subject: it contains the footprint, or is within it.
            case "contains":
                found = shapely.contains(shape, footprints)
            case "within":
                found = shapely.within(shape, footprints)
            case "crosses":
                found = shapely.crosses(shape, footprints)
            case "overlaps":
                found = shapely.overlaps(shape, footprints)
            case "touches":
                found = shapely.touches(shape, footprints)
            case "envelope_intersects":
                boxes = shapely.box(*shapely.bounds(footprints).T)
                found = shapely.intersects(shapely.box(*shape.bounds), boxes)
            case _:
                found = shapely.intersects(shape, footprints)
        return np.asarray(found, np.bool_)


class _Search:
    """One query as SQL, and its parts that SQL cannot do."""

    def __init__(self, catalog: Catalog, request: QueryRequest, budget: Budget) -> None:
        self.catalog = catalog
        self.request = request
        self.budget = budget
        summary = catalog.summary
        self.out_crs = summary.crs
        if request.out_crs:
            self.out_crs = canonical_crs(request.out_crs, "outSR")
        self._to_out = operation(summary.crs, self.out_crs, summary.extent_lonlat).pipeline
        self.fields = chosen_fields(catalog, request.out_fields)
        self.place = _place(catalog, request)
        self.conditions: list[str] = []
        self.parameters: list[AttributeValue] = []
        self._add_conditions()

    def _add(self, sql: str, *parameters: AttributeValue) -> None:
        self.conditions.append(sql)
        self.parameters.extend(parameters)

    def _add_conditions(self) -> None:
        request = self.request
        selection = self.catalog.select(request.where, request.object_ids, request.time)
        if selection is not None and selection.condition is not None:
            self._add(selection.condition.sql, *selection.condition.parameters)
        if selection is not None and selection.fids is not None:
            self._add("i.OBJECTID IN (SELECT value FROM json_each(?))", json.dumps(selection.fids))
        if self.place is not None:
            if self.place.shape.is_empty:
                self._add("0")
                return
            xmin, ymin, xmax, ymax = map(float, self.place.shape.bounds)
            self._add(
                "i.OBJECTID IN (SELECT item FROM boxes WHERE xmin <= ? AND xmax >= ?"
                " AND ymin <= ? AND ymax >= ?)",
                *(xmax, xmin, ymax, ymin),
            )
        if request.pixel_size is not None:
            low = quote(self.catalog.field("MinPS", "pixelSize").name)
            high = quote(self.catalog.field("MaxPS", "pixelSize").name)
            shows = f"i.{low} <= ? AND (i.{high} <= 0 OR i.{high} > ?)"
            self._add(shows, request.pixel_size, request.pixel_size)

    @property
    def where(self) -> str:
        """The conditions as SQL."""
        return " AND ".join(f"({sql})" for sql in self.conditions) or "1"

    def _order(self) -> list[str]:
        parts = []
        for name, ascending in self.request.order_by:
            column = quote(self.catalog.field(name, "orderByFields").name)
            parts.append(f"i.{column}{'' if ascending else ' DESC'}")
        return list(dict.fromkeys(parts))

    def _run(self, columns: str, tail: str) -> Iterator[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM items i WHERE {self.where} {tail}"
        return self.catalog.rows(sql, self.parameters)

    # Matches.

    def ids(self) -> Iterator[int]:
        """Yield the OBJECTIDs that match, in order."""
        order = ", ".join([*self._order(), "i.OBJECTID"])
        found = (row[0] for row in self._run("i.OBJECTID", f"ORDER BY {order}"))
        if self.place is None:
            yield from found
            return
        for keys, footprints in self._with_footprints(found):
            matching = self.place.matches(footprints)
            yield from (key for key, good in zip(keys, matching, strict=True) if good)

    def _with_footprints(self, ids: Iterator[int]) -> Iterator[tuple[list[int], NDArray[Any]]]:
        while keys := list(islice(ids, _BATCH)):
            self.budget.check()
            stored = self.catalog.footprints_of(keys)
            yield keys, np.asarray(shapely.from_wkb([stored.get(key) for key in keys]))

    def count(self) -> int:
        """Return how many match."""
        if self.place is None:
            return int(next(self._run("count(*)", ""))[0])
        return sum(1 for _ in self.ids())

    def extent(self) -> tuple[Extent | None, int]:
        """Return the box of all matches in the CRS of the answer, and their count."""
        if not self.conditions and self._to_out == "proj=noop":
            return self.catalog.footprint_extent, self.catalog.summary.item_count
        low, high = np.full(2, np.inf), np.full(2, -np.inf)
        count = 0
        for keys, footprints in self._with_footprints(self.ids()):
            count += len(keys)
            bounds = shapely.bounds(footprints)
            if self._to_out != "proj=noop":
                moved = [footprint_to_crs(shape, self._to_out) for shape in footprints]
                bounds = shapely.bounds(np.asarray(moved))
            bounds = bounds[np.isfinite(bounds).all(axis=1)]
            if len(bounds):
                low = np.minimum(low, bounds[:, :2].min(axis=0))
                high = np.maximum(high, bounds[:, 2:].max(axis=0))
        if not np.isfinite([*low, *high]).all():
            return None, count
        return Extent(float(low[0]), float(low[1]), float(high[0]), float(high[1])), count

    # Rows.

    def _page(self, found: Iterator[Any]) -> tuple[list[Any], bool]:
        """Return one page of what matches, and whether there is more behind it."""
        limit = self.catalog.summary.properties.max_record_count
        if self.request.limit is not None:
            limit = min(limit, self.request.limit)
        offset = max(0, self.request.offset)
        page = list(islice(found, offset, offset + limit + 1))
        return page[:limit], len(page) > limit

    def rows(self) -> tuple[tuple[QueryRow, ...], bool]:
        """Return the rows of one page, and whether there are more."""
        keys, exceeded = self._page(self.ids())
        values = self.catalog.attributes_of(keys)
        shapes: dict[int, bytes] = {}
        if self.request.return_geometry:
            stored = self.catalog.footprints_of(keys)
            shapes = {key: self._moved(wkb) for key, wkb in stored.items()}
        names = [field.name for field in self.fields]
        rows = (
            QueryRow(
                values=tuple(values[key][name] for name in names), footprint=shapes.get(key, b"")
            )
            for key in keys
        )
        return tuple(rows), exceeded

    def _moved(self, wkb: bytes) -> bytes:
        if self._to_out == "proj=noop":
            return wkb
        shape = footprint_to_crs(shapely.from_wkb(wkb), self._to_out)
        return b"" if shape.is_empty else bytes(shapely.to_wkb(shape, byte_order=1))

    def distinct_rows(self) -> tuple[tuple[QueryRow, ...], bool]:
        """Return rows with distinct values of the fields asked for."""
        page, exceeded = self._page(self._distinct())
        return tuple(QueryRow(values=values) for values in page), exceeded

    def count_distinct(self) -> int:
        """Return how many distinct rows there are."""
        return sum(1 for _ in self._distinct())

    def _distinct(self) -> Iterator[tuple[AttributeValue, ...]]:
        columns = ", ".join(f"i.{quote(field.name)}" for field in self.fields)
        if self.place is None:
            tail = f"GROUP BY {columns} ORDER BY {', '.join([*self._order(), columns])}"
            yield from self._run(columns, tail)
            return
        seen = set()
        names = [field.name for field in self.fields]
        ids = self.ids()
        while keys := list(islice(ids, _BATCH)):
            values = self.catalog.attributes_of(keys)
            for key in keys:
                row = tuple(values[key][name] for name in names)
                if row not in seen:
                    seen.add(row)
                    yield row


def chosen_fields(catalog: Catalog, names: tuple[str, ...]) -> tuple[FieldInfo, ...]:
    """Return the fields asked for; shape and raster, which are no values, are passed over.

    Raises
    ------
    InvalidParameter
        There is no such field.
    """
    if not names:
        return (catalog.field("OBJECTID"),)
    if "*" in names:
        return catalog.fields
    passed = {
        field.name.casefold()
        for field in catalog.summary.fields
        if field.type in ("geometry", "raster")
    } | {"shape", "raster"}
    asked = [name for name in names if name.casefold() not in passed]
    chosen = tuple(dict.fromkeys(catalog.field(name, "outFields") for name in asked))
    return chosen or (catalog.field("OBJECTID"),)


def _place(catalog: Catalog, request: QueryRequest) -> _Place | None:
    """Return the geometry in service CRS.

    Raises
    ------
    InvalidParameter
        It cannot be read.
    """
    if not request.geometry:
        return None
    crs = catalog.summary.crs
    from_crs = canonical_crs(request.crs, "inSR") if request.crs else crs
    try:
        shape = shapely.from_wkb(request.geometry)
        if not shape.is_valid:
            shape = shapely.make_valid(shape)
        pipeline = operation(from_crs, crs, catalog.summary.extent_lonlat).pipeline
        shape = shape_to_crs(shape, pipeline)
    except shapely.errors.GEOSException as err:
        raise InvalidParameter("geometry", err, "a point, line, polygon or box") from err
    shapely.prepare(shape)
    return _Place(shape, request.relation)
