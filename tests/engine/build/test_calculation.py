"""Expressions of calculated fields.

Covers engine.build.calculation_values.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.build.calculation import parse_calculation
from engine.build.calculation_values import TooLong
from engine.dates import DAY_MS, parse_date_ms
from engine.errors import ConfigError

_FIELDS = {
    "Name": "text",
    "Cloud": "double",
    "Path": "integer",
    "AcqDate": "date",
    "Note": "text",
}
_ROW = {
    "Name": "LC08_L1TP_193024_20200805",
    "Cloud": 12.5,
    "Path": 193,
    "AcqDate": parse_date_ms("2020-08-05 10:02:03"),
    "Note": None,
}


def _value(expression: str) -> Any:
    return parse_calculation(expression, _FIELDS).evaluate(_ROW)  # type: ignore[arg-type]  # -- kinds


def _kind(expression: str) -> str:
    return parse_calculation(expression, _FIELDS).kind  # type: ignore[arg-type]  # -- kinds


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("1 + 2 * 3", "integer", 7),
        ("(1 + 2) * 3 - -1", "integer", 10),
        ("7 / 2", "double", 3.5),
        ("7 % 4", "integer", 3),
        ("Path * 2.0", "double", 386.0),
        ("path + 1", "integer", 194),
        ('"Path" + 1', "integer", 194),
        ("1 / 0", "double", None),
        ("Path % 0", "integer", None),
        ("900000000000000000 * 99", "integer", None),
        ("1e308 * 10", "double", None),
        ("'it''s' + ' so'", "text", "it's so"),
        ("upper(left(Name, 4))", "text", "LC08"),
        ("substr(Name, 11, 6)", "text", "193024"),
        ("substr(Name, -3, 5)", "text", "L"),
        ("right(Name, 8)", "text", "20200805"),
        ("part(Name, '_', 2)", "text", "L1TP"),
        ("part(Name, '_', -1)", "text", "20200805"),
        ("part(Name, '_', 9)", "text", None),
        ("integer(substr(part(Name, '_', 3), 1, 3))", "integer", 193),
        ("integer('12.5')", "integer", None),
        ("number(' 12.5 ')", "double", 12.5),
        ("number('nan')", "double", None),
        ("replace(Name, '_', '-')", "text", "LC08-L1TP-193024-20200805"),
        ("replace(Name, '', 'x')", "text", "LC08_L1TP_193024_20200805"),
        ("concat(Path, '/', Cloud, '/', AcqDate, Note)", "text", "193/12.5/2020-08-05 10:02:03"),
        ("pad(text(Path), 6, '0')", "text", "000193"),
        ("length(Name)", "integer", 25),
        ("position(Name, '193')", "integer", 11),
        ("year(AcqDate) * 100 + month(AcqDate)", "integer", 202008),
        ("dayofyear(AcqDate)", "integer", 218),
        ("hour(AcqDate)", "integer", 10),
        ("date('2020-08-06') - date('2020-08-05')", "double", 1.0),
        ("date('2020-01-31') + 1", "date", parse_date_ms("2020-02-01")),
        ("AcqDate + 1e300", "date", None),
        ("year(date('gibberish'))", "integer", None),
        ("if(Cloud < 20 and not Path = 1, 'clear', 'cloudy')", "text", "clear"),
        ("if(isnull(Note) or Cloud > 99, 1, 2.5)", "double", 1),
        ("if(Note = 'x', 1, 0)", "integer", 0),
        ("if(contains(Name, 'L1TP'), Path, null)", "integer", 193),
        ("coalesce(Note, Name)", "text", "LC08_L1TP_193024_20200805"),
        ("min(Path, 200, 7)", "integer", 7),
        ("max(Cloud)", "double", 12.5),
        ("round(Cloud / 7, 2)", "double", 1.79),
        ("int(Cloud)", "integer", 12),
        ("floor(-0.5)", "integer", -1),
        ("ceil(0.5) + abs(-2)", "double", 3.0),
        ("sqrt(-1)", "double", None),
        ("upper(Note)", "text", None),
        ("null", "null", None),
    ],
)
def test_expressions_give_values_of_known_kinds(expression: str, kind: str, value: Any) -> None:
    assert _kind(expression) == kind
    assert _value(expression) == value
    assert type(_value(expression)) is type(value)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "a field, a number or a text"),
        ("1 +", "a field, a number or a text"),
        ("1 2", "an operator or the end"),
        ("Clouds", "one of the fields Name, Cloud"),
        ("eval('1')", "one of the functions abs, ceil"),
        ("__import__('os')", "one of the functions"),
        ("Name.upper()", "a field, a number"),
        ("Name + 1", "numbers around '+', not text and integer"),
        ("Name = 1", "a text, as on the other side"),
        ("upper(1)", "a text, not an integer"),
        ("substr(Name)", "substr(text, integer, integer)"),
        ("if(1, 2, 3)", "a condition such as"),
        ("if(Cloud > 1, 'a', 2)", "values of one kind"),
        ("Cloud > 1 > 2", "an operator or the end"),
        ("concat(Cloud > 1)", "a value, not a condition"),
        ("'open", "a text in single quotes"),
        ("1e999", "a finite number"),
        ("(" * 60 + "1" + ")" * 60, "at most 40 levels"),
        ("+".join(["1"] * 2000), "at most 1000 values"),
        ("1" * 9000, "at most 8192 characters"),
    ],
)
def test_mistakes_show_their_place(expression: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_calculation(expression, _FIELDS)  # type: ignore[arg-type]  # -- kinds
    assert says in str(caught.value)


def test_texts_do_not_grow_without_end() -> None:
    grown = (
        "replace(replace(replace(replace(Name, '0', '{0}'), '1', '{0}'), '2', '{0}'), 'x', '{0}')"
    )
    with pytest.raises(TooLong):
        _value(grown.format("x" * 400))
    with pytest.raises(TooLong):
        _value("concat(pad(Name, 4000, ' '), Name)")
    assert len(_value("pad(Name, 999999999, ' ')")) == 4000


@given(st.text(alphabet="()+-*/%'\",<>=. 019aefinNmue_ Cloudrt", max_size=60))
def test_any_text_is_an_expression_or_a_mistake(text: str) -> None:
    try:
        node = parse_calculation(text, _FIELDS)  # type: ignore[arg-type]  # -- kinds
    except ConfigError:
        return
    value = node.evaluate(_ROW)
    assert value is None or isinstance(value, int | float | str)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_arithmetic_is_as_in_the_books(a: int, b: int) -> None:
    text = f"({a}) * ({b}) - ({a}) + ({b}) % 7"
    assert parse_calculation(text, {}).evaluate({}) == a * b - a + b % 7
    assert parse_calculation(f"date('1970-01-01') + {abs(a) % 9999}", {}).evaluate({}) == (
        abs(a) % 9999 * DAY_MS
    )
