"""Choose rows of the service table by a person's condition.

The grammar and its SQL are those of serving (`engine.where`); it runs over a copy of the fields that the
condition names, in memory, with the values as compile makes them. So dates compare as dates, and any
catalog will do, whatever database keeps it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from engine.build.definition_fields import compiled_value, fields_of_table
from engine.errors import ConfigError, InvalidParameter
from engine.item import OVERVIEW, PRIMARY
from engine.summary import FieldInfo
from engine.where import parse_where
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.service_table import ServiceTable
    from engine.results import AttributeValue

# Not served, but what maintenance asks for first.
_STATUS_FIELDS = (
    FieldInfo(name="StatusId", type="integer", alias="StatusId"),
    FieldInfo(name="StatusMessage", type="string", alias="StatusMessage"),
)


def select_rows(table: ServiceTable, where: str = "") -> list[int]:
    """Return the OBJECTIDs of the items that fulfil a condition, in order; "" = all but overviews.

    Parameters
    ----------
    where
        As a person wrote it, over all fields of the service and StatusId and StatusMessage.

    Raises
    ------
    ConfigError
        The condition is wrong, or a value of a row is none of its field's type.
    """
    if not where.strip():
        return [int(record[0] or 0) for record in _records(table, ["OBJECTID"])]
    fields = [*fields_of_table(table.fields()), *_STATUS_FIELDS]
    try:
        clause = parse_where(where, fields)
    except InvalidParameter as err:
        raise ConfigError("--where", where, f"expected {err.fields[2]}") from err
    plain = [field for field in fields if field.type not in ("oid", "geometry")]
    named = [field for field in plain if f"i.{quote(field.name)}" in clause.sql]
    columns = ["OBJECTID", *(field.name for field in named)]
    with closing(sqlite3.connect(":memory:")) as copy:
        listed = ", ".join(quote(name) for name in columns[1:])
        copy.execute(f'CREATE TABLE items("OBJECTID" INTEGER PRIMARY KEY, {listed or "_none"})')
        marks = ", ".join("?" * max(2, len(columns)))
        rows = (_compiled(record, named) for record in _records(table, columns))
        copy.executemany(f"INSERT INTO items VALUES ({marks})", rows)
        query = f'SELECT "OBJECTID" FROM items i WHERE {clause.sql} ORDER BY "OBJECTID"'
        try:
            return [int(fid) for (fid,) in copy.execute(query, clause.parameters)]
        except sqlite3.Error as err:
            raise ConfigError("--where", where, f"cannot be evaluated: {err}") from err


def _records(table: ServiceTable, columns: list[str]) -> Iterator[tuple[AttributeValue, ...]]:
    chosen = ", ".join(quote(name) for name in columns)
    query = (
        f'SELECT {chosen} FROM footprints WHERE coalesce("Category", {PRIMARY}) <> {OVERVIEW}'
        ' ORDER BY "OBJECTID"'
    )
    yield from table.execute(query)


def _compiled(
    record: tuple[AttributeValue, ...], fields: list[FieldInfo]
) -> tuple[AttributeValue, ...]:
    values: list[AttributeValue] = [record[0]]
    for field, value in zip(fields, record[1:], strict=True):
        try:
            values.append(compiled_value(field, value))
        except ValueError as err:
            raise ConfigError(f"OBJECTID {record[0]}", field.name, str(err)) from err
    # A table has two columns at least.
    return tuple(values) if fields else (record[0], None)
