"""The service table's fields as they are compiled: their types, and the values of rows in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.build.catalog_schema import SYSTEM_FIELDS
from engine.dates import ACCEPTED_DATES, parse_date_ms
from engine.errors import ConfigError
from engine.summary import FieldInfo, TimeInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from config.definition import ServiceProperties
    from engine.results import AttributeValue
    from engine.summary import FieldType

MAX_TEXT = 4000
_DATES = ("DATE", "DATETIME", "TIMESTAMP")
_INTEGERS = ("INT", "INTEGER", "MEDIUMINT", "SMALLINT", "TINYINT", "BOOLEAN")
_DOUBLES = ("DOUBLE", "REAL", "FLOAT")


def fields_of_table(columns: Mapping[str, str]) -> tuple[FieldInfo, ...]:
    """Return the fields of a service from the columns of its table and their SQL types.

    Fields that hold neither attributes nor the shape (Raster, Header, status) and columns of types
    that no client reads (blobs) are left out.
    """
    fields = [FieldInfo(name="OBJECTID", type="oid", alias="OBJECTID")]
    fields.append(FieldInfo(name="Shape", type="geometry", alias="Shape"))
    for name, sql_type in columns.items():
        kind = _field_type(sql_type)
        if name not in SYSTEM_FIELDS and kind is not None:
            length = MAX_TEXT if kind == "string" else 0
            fields.append(FieldInfo(name=name, type=kind, alias=name, length=length))
    return tuple(fields)


def _field_type(sql_type: str) -> FieldType | None:
    base = sql_type.partition("(")[0].strip().upper()
    if base in _DATES:
        return "date"
    if base in _INTEGERS:
        return "integer"
    if base in _DOUBLES:
        return "double"
    return "string" if base in ("TEXT", "VARCHAR", "") else None


def compiled_value(field: FieldInfo, value: AttributeValue) -> AttributeValue:
    """Return a row's value as it is compiled: dates as milliseconds since 1970 UTC.

    Raises
    ------
    ValueError
        The value does not fit the field; the text says what would.
    """
    if value is None or (value == "" and field.type != "string"):
        return None
    match field.type:
        case "date":
            return _date(value)
        case "string":
            return str(value)[:MAX_TEXT]
        case "integer":
            return _integer(value)
    if isinstance(value, str) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    return float(value)


def _date(value: str | float) -> int:
    if isinstance(value, int):
        return value
    date = _parsed(value) if isinstance(value, str) else None
    if date is None:
        raise ValueError(f"{value!r} is no date; accepted: {ACCEPTED_DATES}")
    return date


@lru_cache(maxsize=4096)
def _parsed(text: str) -> int | None:
    # A service of a million items has few dates.
    return parse_date_ms(text)


def _integer(value: str | float) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    whole = value if isinstance(value, int) else None
    if whole is None:
        raise ValueError(f"{value!r} is no whole number")
    return whole


@dataclass(slots=True)
class TimeSpan:
    """What the time fields span; fed row by row."""

    start_field: str
    end_field: str
    start: int | None = None
    end: int | None = None

    def add(self, values: Mapping[str, AttributeValue]) -> None:
        """Take one row's compiled values."""
        first = values.get(self.start_field)
        last = values.get(self.end_field)
        if not isinstance(first, int):
            return
        last = last if isinstance(last, int) else first
        self.start = first if self.start is None else min(self.start, first)
        self.end = last if self.end is None else max(self.end, last)

    def join(self, other: TimeSpan) -> None:
        """Take what another span of the same fields was fed."""
        starts = [value for value in (self.start, other.start) if value is not None]
        ends = [value for value in (self.end, other.end) if value is not None]
        self.start, self.end = min(starts, default=None), max(ends, default=None)

    @property
    def info(self) -> TimeInfo | None:
        """What the service says; None where no row has a date."""
        if self.start is None or self.end is None:
            return None
        return TimeInfo(
            start_field=self.start_field, end_field=self.end_field, start=self.start, end=self.end
        )


def time_span(
    file: Path, properties: ServiceProperties, found_field: str, fields: tuple[FieldInfo, ...]
) -> TimeSpan | None:
    """Return the span of the time fields that the author states or build found; None without any.

    Raises
    ------
    ConfigError
        A stated field is no field of dates.
    """
    start = _date_field(file, "time_field", properties.time_field, fields) or found_field
    end = _date_field(file, "time_field_end", properties.time_field_end, fields) or start
    return TimeSpan(start, end) if start else None


def _date_field(file: Path, key: str, name: str, fields: tuple[FieldInfo, ...]) -> str:
    if not name:
        return ""
    dates = {field.name.casefold(): field.name for field in fields if field.type == "date"}
    if name.casefold() not in dates:
        known = ", ".join(dates.values()) or "none"
        raise ConfigError(file, f"service.{key}", f"{name!r} is no field of dates; known: {known}")
    return dates[name.casefold()]


def check_sort_field(
    file: Path, properties: ServiceProperties, fields: tuple[FieldInfo, ...]
) -> None:
    """Check that the default order's field exists.

    Raises
    ------
    ConfigError
    """
    name = properties.sort_field
    known = [field.name for field in fields if field.type not in ("geometry", "raster")]
    if name and name.casefold() not in {other.casefold() for other in known}:
        why = f"{name!r} is no field; known: {', '.join(known)}"
        raise ConfigError(file, "service.sort_field", why)
    if not name and properties.mosaic_method == "ByAttribute":
        raise ConfigError(file, "service.sort_field", "mosaic_method ByAttribute needs a field")
