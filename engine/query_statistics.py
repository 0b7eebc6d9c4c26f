"""Figures of groups of catalog rows: count, sum, minimum, mean, spread, percentiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.having import parse_having
from engine.results import QueryResult, QueryRow
from engine.summary import FieldInfo
from engine.where_values import KINDS
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.query_search import Search
    from engine.request_parts import QueryStatistic, StatisticKind
    from engine.results import AttributeValue

_SQL: dict[StatisticKind, str] = {
    "count": "COUNT({column})",
    "sum": "SUM({column})",
    "min": "MIN({column})",
    "max": "MAX({column})",
    "avg": "AVG({column})",
    "stddev": "STDDEV({column})",
    "var": "VARIANCE({column})",
    "percentile_cont": "PERCENTILE_CONT({column}, {share!r})",
    "percentile_disc": "PERCENTILE_DISC({column}, {share!r})",
}
# Kinds of fields that a statistic can be made of; what is not here takes any.
_TAKEN: dict[StatisticKind, tuple[str, ...]] = {
    "sum": ("number",),
    "stddev": ("number",),
    "var": ("number",),
    "avg": ("number", "date"),
    "percentile_cont": ("number", "date"),
    "percentile_disc": ("number", "date"),
}
# Their values are values of the field.
_OF_FIELD = ("min", "max", "percentile_disc")


def statistics_rows(search: Search) -> QueryResult:
    """Return one page of groups: the values they have in common, then their statistics.

    Raises
    ------
    InvalidParameter
        A field is not known or not of a kind that can be counted up so.
    """
    limit, offset = search.page_size()
    fields = _fields(search)
    sql, parameters = _statement(search)
    order = _order(search, fields)
    tail = f" ORDER BY {', '.join(order)}" if order else ""
    found = list(
        search.catalog.rows(f"{sql}{tail} LIMIT ? OFFSET ?", [*parameters, limit + 1, offset])
    )
    return QueryResult(
        crs=search.out_crs,
        fields=fields,
        rows=tuple(QueryRow(values=_whole(values, fields)) for values in found[:limit]),
        exceeded=len(found) > limit,
    )


def count_of_groups(search: Search) -> int:
    """Return how many groups there are; see `statistics_rows`."""
    _fields(search)
    sql, parameters = _statement(search)
    (row,) = search.catalog.rows(f"SELECT count(*) FROM ({sql})", parameters)
    return int(row[0])


def _statement(search: Search) -> tuple[str, list[AttributeValue]]:
    request, catalog = search.request, search.catalog
    groups = [f"i.{quote(_group_field(search, name).name)}" for name in request.group_by]
    figures = [_sql(search, each) for each in request.statistics]
    where, parameters = search.matching()
    sql = f"SELECT {', '.join([*groups, *figures])} FROM items i WHERE {where}"
    if groups:
        sql += f" GROUP BY {', '.join(groups)}"
    if request.having.strip():
        columns = dict(zip(_fields(search), [*groups, *figures], strict=True))
        clause = parse_having(request.having, catalog.fields, columns)
        sql += f" HAVING {clause.sql}"
        parameters.extend(clause.parameters)
    return sql, parameters


def _group_field(search: Search, name: str) -> FieldInfo:
    return search.catalog.field(name, "groupByFieldsForStatistics")


def _sql(search: Search, asked: QueryStatistic) -> str:
    if asked.field == "*":
        return "COUNT(*)"
    column = f"i.{quote(search.catalog.field(asked.field, 'outStatistics').name)}"
    share = asked.share
    form = _SQL[asked.kind]
    if asked.descending and asked.kind == "percentile_cont":
        share = 1.0 - share
    if asked.descending and asked.kind == "percentile_disc":
        form = "PERCENTILE_DISC_DOWN({column}, {share!r})"
    return form.format(column=column, share=share)


def _fields(search: Search) -> tuple[FieldInfo, ...]:
    """Return the columns of the answer, checked."""
    fields = [_group_field(search, name) for name in search.request.group_by]
    fields.extend(_field(search, each) for each in search.request.statistics)
    names = [field.name.casefold() for field in fields]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidParameter("outStatisticFieldName", twice, "a name of its own for each column")
    return tuple(fields)


def _field(search: Search, asked: QueryStatistic) -> FieldInfo:
    if asked.kind == "count":
        if asked.field != "*":
            search.catalog.field(asked.field, "outStatistics")
        return FieldInfo(name=asked.name, type="integer")
    field = search.catalog.field(asked.field, "outStatistics")
    kind = KINDS[field.type]
    taken = _TAKEN.get(asked.kind)
    if taken is not None and kind not in taken:
        accepted = f"a field with a {' or a '.join(taken)} for {asked.kind}"
        raise InvalidParameter("outStatistics", f"{field.name} ({kind})", accepted)
    if asked.kind not in _OF_FIELD and kind != "date":
        return FieldInfo(name=asked.name, type="double")
    of_field = "integer" if field.type == "oid" else field.type
    return FieldInfo(name=asked.name, type=of_field, length=field.length)


def _order(search: Search, fields: tuple[FieldInfo, ...]) -> list[str]:
    """Return the terms of ORDER BY as numbers of columns; groups come in the order of their values."""
    places = {field.name.casefold(): number for number, field in enumerate(fields, start=1)}
    parts: dict[int, str] = {}
    for name, ascending in search.request.order_by:
        place = places.get(name.casefold())
        if place is None:
            known = ", ".join(field.name for field in fields)
            raise InvalidParameter("orderByFields", name, f"one of the columns {known}")
        parts.setdefault(place, f"{place}{'' if ascending else ' DESC'}")
    for place in range(1, len(search.request.group_by) + 1):
        parts.setdefault(place, str(place))
    return list(parts.values())


def _whole(
    values: tuple[AttributeValue, ...], fields: tuple[FieldInfo, ...]
) -> tuple[AttributeValue, ...]:
    """Return a row whose dates and whole numbers are whole: percentiles come as fractions."""
    return tuple(
        round(value) if isinstance(value, float) and field.type in ("date", "integer") else value
        for value, field in zip(values, fields, strict=True)
    )
