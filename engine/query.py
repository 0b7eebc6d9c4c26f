"""Rows of the catalog: select, filter by place, order, page, count up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.budget import UNLIMITED
from engine.geometry.shape_crs import footprints_to_crs
from engine.query_search import Search
from engine.query_statistics import count_of_groups, statistics_rows
from engine.results import QueryResult, QueryRow
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.budget import Budget
    from engine.catalog import Catalog
    from engine.request import QueryRequest
    from engine.summary import FieldInfo


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
    search = Search(catalog, request, budget)
    crs = search.out_crs
    fields = chosen_fields(catalog, request.out_fields)
    match request.returns:
        case "count":
            return QueryResult(crs=crs, count=_count(search, fields))
        case "ids":
            return QueryResult(crs=crs, ids=tuple(search.ids()))
        case "extent":
            extent, count = search.extent()
            return QueryResult(crs=crs, extent=extent, count=count)
    if request.statistics:
        return statistics_rows(search)
    rows, exceeded = _distinct(search, fields) if request.distinct else _rows(search, fields)
    return QueryResult(crs=crs, fields=fields, rows=rows, exceeded=exceeded)


def _count(search: Search, fields: tuple[FieldInfo, ...]) -> int:
    if search.request.statistics:
        return count_of_groups(search)
    if not search.request.distinct:
        return search.count()
    where, parameters = search.matching()
    distinct = f"SELECT DISTINCT {_columns(fields)} FROM items i WHERE {where}"
    (row,) = search.catalog.rows(f"SELECT count(*) FROM ({distinct})", parameters)
    return int(row[0])


def _rows(search: Search, fields: tuple[FieldInfo, ...]) -> tuple[tuple[QueryRow, ...], bool]:
    """Return the rows of one page, and whether there are more."""
    catalog = search.catalog
    keys, exceeded = search.page()
    values = catalog.values_of(keys, [field.name for field in fields])
    shapes: dict[int, bytes] = {}
    if search.request.return_geometry:
        shapes = _moved(catalog.footprints_of(keys), search.to_out)
    # By place, without names: a page has a thousand rows.
    rows = (QueryRow(values=values[key], footprint=shapes.get(key, b"")) for key in keys)
    return tuple(rows), exceeded


def _moved(stored: dict[int, bytes], pipeline: str) -> dict[int, bytes]:
    if pipeline == "proj=noop" or not stored:
        return stored
    shapes = footprints_to_crs(np.asarray(shapely.from_wkb(list(stored.values()))), pipeline)
    packed = shapely.to_wkb(shapes, byte_order=1)
    empty = shapely.is_empty(shapes)
    return {
        key: b"" if nothing else wkb
        for key, wkb, nothing in zip(stored, packed, empty, strict=True)
    }


def _distinct(search: Search, fields: tuple[FieldInfo, ...]) -> tuple[tuple[QueryRow, ...], bool]:
    """Return a page of rows with distinct values of the fields asked for."""
    limit, offset = search.page_size()
    where, parameters = search.matching()
    columns = _columns(fields)
    sql = (
        f"SELECT {columns} FROM items i WHERE {where} GROUP BY {columns}"
        f" ORDER BY {', '.join([*search.order(), columns])} LIMIT ? OFFSET ?"
    )
    found = list(search.catalog.rows(sql, [*parameters, limit + 1, offset]))
    return tuple(QueryRow(values=values) for values in found[:limit]), len(found) > limit


def _columns(fields: tuple[FieldInfo, ...]) -> str:
    return ", ".join(f"i.{quote(field.name)}" for field in fields)


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
