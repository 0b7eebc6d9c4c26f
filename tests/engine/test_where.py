"""Where clauses: what they mean, and that no text does harm.

Covers engine.where_tokens and engine.where_values too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.dates import DAY_MS
from engine.errors import InvalidParameter
from engine.where import parse_where
from tests.engine.catalogs import FIELDS, make_catalog, make_item, make_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.catalog import Catalog

DAYS = {1: 0, 2: 365, 3: 16_161, 4: None, 5: 17_000}
NAMES = {1: "a_b", 2: "Aab", 3: "it's", 4: "100%", 5: "Müller [x]*"}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    rows = [
        make_row(
            make_item(key, name=NAMES[key], category=1 + (key == 5)),
            {
                "AcqDate": None if DAYS[key] is None else DAYS[key] * DAY_MS,
                "Cloud": key * 1.5,
                "Sensor": None if key == 2 else "S",
            },
        )
        for key in NAMES
    ]
    opened = make_catalog(tmp_path_factory.mktemp("where") / "w.zmd", rows)
    yield opened
    opened.close()


def _matching(catalog: Catalog, where: str) -> list[int]:
    clause = parse_where(where, catalog.fields, now_ms=17_000 * DAY_MS + 5)
    sql = f"SELECT i.OBJECTID FROM items i WHERE {clause.sql} ORDER BY 1"
    return [row[0] for row in catalog.rows(sql, clause.parameters)]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("1=1", [1, 2, 3, 4, 5]),
        ("POSITION('s' IN Name) = 4", [3]),
        ("CONCAT(Name, '!') = 'Aab!'", [2]),
        ("FLOOR(Cloud) = 4 AND CEILING(Cloud) = 5", [3]),
        ("ROUND(Cloud) = 2", [1]),
        ("ROUND(Cloud / 7, 1) = 0.6", [3]),
        ("AcqDate > CURRENT_DATE - INTERVAL '900' DAY", [3, 5]),
        ("AcqDate >= CURRENT_DATE - INTERVAL '24' HOUR", [5]),
        ("AcqDate = CAST('2016-07-18 11:00:00' AS DATE)", [5]),
        ("CAST(AcqDate AS DATE) = CAST(CURRENT_TIMESTAMP AS DATE)", [5]),
        ("CAST(AcqDate + 0.5 AS DATE) = AcqDate", [1, 2, 3, 5]),
        ("CAST('1969-12-31 12:00:00' AS DATE) = DATE '1969-12-31'", [1, 2, 3, 4, 5]),
        ("1 <> 1", []),
        ("objectid in (1, 3,99)", [1, 3]),
        ("OBJECTID NOT IN (1,3)", [2, 4, 5]),
        ("Category = 1 AND OBJECTID > 2", [3, 4]),
        ("Category = '1' AND NOT OBJECTID > 2", [1, 2]),
        ("OBJECTID = 1 OR OBJECTID = 2 AND Category = 2", [1]),
        ("(OBJECTID = 1 OR OBJECTID = 5) AND Category = 2", [5]),
        ("Name LIKE 'a%'", [1]),
        ("UPPER(Name) LIKE 'A%'", [1, 2]),
        ("Name LIKE 'a!_%' ESCAPE '!'", [1]),
        ("Name LIKE '_a_'", [2]),
        ("Name LIKE '%[x]*'", [5]),
        ("Name LIKE '100!%' ESCAPE '!'", [4]),
        ("Name NOT LIKE '%a%'", [3, 4, 5]),
        ("Name = 'it''s'", [3]),
        ("\"Name\" = 'Aab'", [2]),
        ("LOWER(Name) = 'müller [x]*'", [5]),
        ("UPPER(Name) LIKE 'MÜLLER%'", [5]),
        ("Sensor IS NULL", [2]),
        ("Sensor IS NOT NULL AND Cloud < 3", [1]),
        ("Cloud BETWEEN 3 AND 4.5", [2, 3]),
        ("Cloud NOT BETWEEN 3 AND 4.5", [1, 4, 5]),
        ("Cloud * 2 - 3 = 3", [2]),
        ("-Cloud < -6", [5]),
        ("7 / 2 = 3.5", [1, 2, 3, 4, 5]),
        ("MOD(OBJECTID, 2) = 1", [1, 3, 5]),
        ("AcqDate = date '1970-01-01'", [1]),
        ("AcqDate > '2014/01/01'", [3, 5]),
        ("AcqDate >= timestamp '2014-04-01 00:00:00'", [3, 5]),
        ("AcqDate < CURRENT_DATE", [1, 2, 3]),
        ("AcqDate <= CURRENT_DATE AND AcqDate > CURRENT_DATE - 1000", [3, 5]),
        ("CURRENT_TIMESTAMP - AcqDate < 1", [5]),
        ("AcqDate IN (date '1971-01-01', '1970-01-01')", [1, 2]),
        ("EXTRACT(YEAR FROM AcqDate) = 1971", [2]),
        ("SUBSTRING(Name, 1, 1) = 'a'", [1]),
        ("CHAR_LENGTH(Name) = 4 AND Name || 'x' = '100%x'", [4]),
        ("CAST(OBJECTID AS VARCHAR(5)) = '3'", [3]),
        ("AcqDate > 1396000000000", [3, 5]),
        ("NOT NOT (OBJECTID = 1)", [1]),
        ("Sensor = NULL", []),
    ],
)
def test_a_clause_selects_what_it_says(catalog: Catalog, where: str, ids: list[int]) -> None:
    assert _matching(catalog, where) == ids


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("", "a field, a number or a quoted text at character 1"),
        ("foo = 1", "one of the fields OBJECTID, Name"),
        ("Name = ", "a field, a number or a quoted text at character 7"),
        ("Name = 'a", "ends with the quote it begins with at character 8"),
        ("Name = 1", "a text, as on the other side"),
        ("Name", "a condition such as"),
        ("1=1; DROP TABLE items", "at character 4"),
        ("1=1 -- x", "one of the fields"),
        ("1=1)", "AND, OR or the end at character 4"),
        ("(1=1", r"'\)' at character 5"),
        ("Name LIKE Sensor", "a quoted pattern"),
        ("Name LIKE '%a%a%a%a%a%a%a%a%a%a%a%'", "at most 500 characters and 10 '%'"),
        ("AcqDate > 'soon'", "a date"),
        ("Cloud = 1e999", "a finite number"),
        ("Shape IS NULL", "one of the fields"),
        ("Name IN ()", "a field, a number"),
        ("Name NOT 3", "IN, BETWEEN or LIKE"),
        ("Name IS 3", "NULL at character 9"),
        ("Cloud + Name = 1", r"numbers around '\+'"),
        ("load_extension('x') = 1", "one of the fields"),
        ("(SELECT 1) = 1", "one of the fields"),
        ("1=1 AND 2", "a condition"),
        ("EXTRACT(CENTURY FROM AcqDate) = 1", "one of YEAR"),
        ("a\0b = 1", "printable text"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(where: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        parse_where(where, FIELDS)


@pytest.mark.parametrize(
    "where",
    [
        "(" * 5_000 + "1=1" + ")" * 5_000,
        "NOT " * 20_000 + "1=1",
        "-" * 10_000 + "1 = 1",
        "1=1 OR " * 9_000 + "1=1",
        "x" * 100_000,
        "1" + "+1" * 5_000 + " = 1",
        "UPPER(" * 3_000 + "Name" + ")" * 3_000 + " = 'a'",
        "OBJECTID IN (" + ",".join("1" * 20_000) + ")",
        "9" * 60_000 + " = 1",
    ],
)
def test_clauses_of_monstrous_size_are_refused_or_run(catalog: Catalog, where: str) -> None:
    try:
        _matching(catalog, where)
    except InvalidParameter as err:
        assert len(str(err)) < 400  # noqa: PT017 -- it may also run


def test_thousands_of_alternatives_run(catalog: Catalog) -> None:
    where = " OR ".join(f"OBJECTID = {number}" for number in range(2_000))
    assert _matching(catalog, where) == [1, 2, 3, 4, 5]


_WORDS = st.sampled_from(
    [
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "BETWEEN",
        "IS",
        "NULL",
        "(",
        ")",
        ",",
        "=",
        "<>",
        "<",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "||",
        "Name",
        "OBJECTID",
        "AcqDate",
        "Cloud",
        "1",
        "2.5",
        "1e3",
        "'a'",
        "'%'",
        "'x''y'",
        '"Name"',
        "date",
        "'2014-01-01'",
        "timestamp",
        "CURRENT_DATE",
        "UPPER(",
        "MOD(",
        "CAST(",
        "AS",
        "INTEGER",
        "EXTRACT(",
        "YEAR",
        "FROM",
        "SUBSTRING(",
        "POSITION(",
        "CONCAT(",
        "FLOOR(",
        "ROUND(",
        "INTERVAL",
        "'3'",
        "DAY",
        "DATE",
        ";",
        "--",
        "/*",
        "*/",
        "@",
        "?",
        ":a",
        "'",
        '"',
        "\\",
        "ESCAPE",
    ]
)


@given(st.lists(_WORDS, max_size=25).map(" ".join) | st.text(max_size=60))
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_a_clause_that_sqlite_runs_or_an_error(catalog: Catalog, text: str) -> None:
    try:
        clause = parse_where(text, catalog.fields, now_ms=0)
    except InvalidParameter:
        return
    assert clause.sql.count("?") == len(clause.parameters)
    sql = f"SELECT i.OBJECTID FROM items i WHERE {clause.sql}"
    assert set(catalog.rows(sql, clause.parameters)) <= {(key,) for key in NAMES}


@given(st.text(max_size=30))
def test_no_character_of_a_quoted_text_gets_into_the_sql(text: str) -> None:
    where = "Name = '" + text.replace("\0", "").replace("'", "''") + "'"
    clause = parse_where(where, FIELDS)
    assert clause.sql == '(i."Name" = ?)'
    assert clause.parameters == (text.replace("\0", ""),)


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda v: math.copysign(1, v) > 0))
def test_numbers_keep_their_value(number: float) -> None:
    clause = parse_where(f"Cloud = {number!r}", FIELDS)
    assert clause.parameters == (number,)
