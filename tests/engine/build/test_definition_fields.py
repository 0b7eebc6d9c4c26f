"""Fields of the service table as they are compiled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.definition import ServiceProperties
from engine.build.definition_fields import (
    MAX_TEXT,
    TimeSpan,
    check_sort_field,
    compiled_value,
    fields_of_table,
    time_span,
)
from engine.errors import ConfigError
from engine.summary import FieldInfo, FieldType

if TYPE_CHECKING:
    from engine.results import AttributeValue

FILE = Path("definition.toml")
FIELDS = (
    FieldInfo(name="OBJECTID", type="oid"),
    FieldInfo(name="Name", type="string"),
    FieldInfo(name="AcqDate", type="date"),
    FieldInfo(name="EndDate", type="date"),
)


def test_columns_become_fields_by_their_sql_types() -> None:
    columns = {
        "OBJECTID": "INTEGER",
        "Shape": "MULTIPOLYGON",
        "Name": "TEXT",
        "Cloud": "DOUBLE",
        "Orbit": "MEDIUMINT",
        "AcqDate": "DATETIME",
        "Day": "DATE",
        "Code": "VARCHAR(20)",
        "Picture": "BLOB",
        "Raster": "TEXT",
        "StatusMessage": "TEXT",
    }
    assert [(field.name, field.type) for field in fields_of_table(columns)] == [
        ("OBJECTID", "oid"),
        ("Shape", "geometry"),
        ("Name", "string"),
        ("Cloud", "double"),
        ("Orbit", "integer"),
        ("AcqDate", "date"),
        ("Day", "date"),
        ("Code", "string"),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "compiled"),
    [
        ("date", "2014-04-01T00:00:00.000Z", 1_396_310_400_000),
        ("date", 5, 5),
        ("date", "", None),
        ("date", None, None),
        ("string", "", ""),
        ("string", 7, "7"),
        ("string", "x" * 5000, "x" * MAX_TEXT),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("integer", "", None),
        ("double", 7, 7.0),
    ],
)
def test_values_are_brought_to_their_type(
    kind: FieldType, value: AttributeValue, compiled: AttributeValue
) -> None:
    found = compiled_value(FieldInfo(name="f", type=kind), value)
    assert found == compiled
    assert type(found) is type(compiled)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("date", "spring", "'spring' is no date; accepted: YYYY-MM-DD"),
        ("date", 1.5, r"1\.5 is no date"),
        ("integer", "7", "'7' is no whole number"),
        ("integer", 7.5, r"7\.5 is no whole number"),
        ("double", "7", "'7' is no finite number"),
        ("double", float("inf"), "inf is no finite number"),
    ],
)
def test_values_that_do_not_fit_are_told(
    kind: FieldType, value: AttributeValue, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compiled_value(FieldInfo(name="f", type=kind), value)


def test_a_span_covers_all_rows_and_passes_over_those_without_a_date() -> None:
    span = TimeSpan("AcqDate", "EndDate")
    for row in ({"AcqDate": 10, "EndDate": 20}, {"AcqDate": 5}, {"AcqDate": None, "EndDate": 99}):
        span.add(row)
    assert span.info is not None
    assert (span.info.start, span.info.end) == (5, 20)


def test_no_dates_make_no_span() -> None:
    span = TimeSpan("AcqDate", "AcqDate")
    span.add({"AcqDate": None})
    assert span.info is None


def test_stated_fields_come_before_the_one_that_was_found() -> None:
    stated = ServiceProperties(time_field="enddate", time_field_end="AcqDate")
    span = time_span(FILE, stated, "AcqDate", FIELDS)
    assert span is not None
    assert (span.start_field, span.end_field) == ("EndDate", "AcqDate")
    found = time_span(FILE, ServiceProperties(), "AcqDate", FIELDS)
    assert found is not None
    assert (found.start_field, found.end_field) == ("AcqDate", "AcqDate")
    assert time_span(FILE, ServiceProperties(), "", FIELDS) is None


def test_a_stated_field_that_holds_no_dates_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="time_field_end: 'Name' is no field of dates; known: AcqDate"
    ):
        time_span(FILE, ServiceProperties(time_field_end="Name"), "", FIELDS)


def test_a_sort_field_is_found_whatever_its_case() -> None:
    check_sort_field(FILE, ServiceProperties(sort_field="NAME"), FIELDS)
    with pytest.raises(ConfigError, match=r"service\.sort_field: 'x' is no field; known: OBJECTID"):
        check_sort_field(FILE, ServiceProperties(sort_field="x"), FIELDS)
