"""Values, kinds and functions of calculated fields (see engine.build.calculation).

Rules: a function takes no more time and memory than its arguments are long; texts end at MAX_TEXT
characters; null goes through everything but concat, coalesce, if and isnull. Dates are milliseconds
since 1970 UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.build.definition_fields import MAX_TEXT
from engine.dates import date_words, moment_of, parse_date_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Kind: TypeAlias = Literal["integer", "double", "text", "date", "condition", "null"]
Value: TypeAlias = Any
Function: TypeAlias = Callable[..., Value]

# Of the service table; larger whole numbers are no integers there.
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression: what it gives, from a row's values by field name."""

    kind: Kind
    evaluate: Callable[[Mapping[str, Value]], Value]
    place: int = 0


class TooLong(ValueError):
    """A text grows beyond what a field holds."""


def held(text: str) -> str:
    """Return a text that a field can hold."""
    if len(text) > MAX_TEXT:
        raise TooLong(f"the text is longer than {MAX_TEXT} characters")
    return text


def whole(number: float) -> int | None:
    """Return a number without its fraction, None where no field holds it."""
    if not math.isfinite(number):
        return None
    result = math.trunc(number)
    return result if -_LARGEST <= result < _LARGEST else None


def dated(milliseconds: float) -> int | None:
    """Return a date within the calendar's years 1 to 9999, None for others."""
    first, last = -62_135_596_800_000, 253_402_300_799_999
    return int(milliseconds) if first <= milliseconds <= last else None


def finite(number: float) -> float | None:
    """Return a number, None where it is none."""
    return number if math.isfinite(number) else None


def as_text(value: Value, kind: Kind) -> str:
    """Return a value as it is written: whole numbers without a point, dates as YYYY-MM-DD."""
    if value is None:
        return ""
    if kind == "date":
        return date_words(value)
    return repr(value) if isinstance(value, float) else str(value)


def _substr(text: str, first: int, count: int = MAX_TEXT) -> str:
    # From 1, as in SQL; what lies before the text counts as nothing.
    begin, end = int(first) - 1, int(first) - 1 + max(0, int(count))
    return text[max(0, begin) : max(0, end)]


def _left(text: str, count: int) -> str:
    return text[: max(0, int(count))]


def _right(text: str, count: int) -> str:
    return text[max(0, len(text) - max(0, int(count))) :]


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        return text
    grown = len(text) + text.count(old) * (len(new) - len(old))
    if grown > MAX_TEXT:
        raise TooLong(f"the text is longer than {MAX_TEXT} characters")
    return text.replace(old, new)


def _part(text: str, separator: str, number: int) -> str | None:
    parts = text.split(separator) if separator else [text]
    place = int(number) - 1 if number > 0 else len(parts) + int(number)
    return parts[place] if number and 0 <= place < len(parts) else None


def _pad(text: str, width: int, fill: str) -> str:
    missing = min(int(width), MAX_TEXT) - len(text)
    return text if missing <= 0 or len(fill) != 1 else fill * missing + text


def _number(text: str) -> float | None:
    try:
        return finite(float(text))
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    number = _number(text)
    if number is None or not number.is_integer():
        return None
    # Digits beyond what a double holds count, too.
    stripped = text.strip().lstrip("+-")
    exact = int(text) if len(stripped) < 20 and stripped.isdecimal() else number
    return whole(exact)


def _round(number: float, digits: int = 0) -> float | None:
    return finite(float(round(number, max(-300, min(300, int(digits))))))


def _moment(value: int) -> datetime | None:
    try:
        return moment_of(value)
    except OverflowError:
        return None


def _date_part(name: str) -> Function:
    def part(value: int) -> int | None:
        moment = _moment(value)
        if moment is None:
            return None
        return moment.timetuple().tm_yday if name == "day_of_year" else int(getattr(moment, name))

    return part


@dataclass(frozen=True, slots=True)
class Signature:
    """A function of values.

    Attributes
    ----------
    kinds : tuple of str
        Of the arguments; "number" takes integers and doubles; "?" before those that may be left out.
    result : Kind
    """

    function: Function
    kinds: tuple[str, ...]
    result: Kind


_TEXT_FUNCTIONS = {
    "upper": Signature(lambda text: held(text.upper()), ("text",), "text"),
    "lower": Signature(lambda text: held(text.lower()), ("text",), "text"),
    "trim": Signature(str.strip, ("text",), "text"),
    "length": Signature(len, ("text",), "integer"),
    "substr": Signature(_substr, ("text", "integer", "?integer"), "text"),
    "left": Signature(_left, ("text", "integer"), "text"),
    "right": Signature(_right, ("text", "integer"), "text"),
    "replace": Signature(_replace, ("text", "text", "text"), "text"),
    "part": Signature(_part, ("text", "text", "integer"), "text"),
    "pad": Signature(_pad, ("text", "integer", "text"), "text"),
    "position": Signature(lambda text, what: text.find(what) + 1, ("text", "text"), "integer"),
    "contains": Signature(lambda text, what: what in text, ("text", "text"), "condition"),
    "startswith": Signature(str.startswith, ("text", "text"), "condition"),
    "endswith": Signature(str.endswith, ("text", "text"), "condition"),
    "number": Signature(_number, ("text",), "double"),
    "integer": Signature(_integer, ("text",), "integer"),
    "date": Signature(parse_date_ms, ("text",), "date"),
}
_NUMBER_FUNCTIONS = {
    "abs": Signature(lambda number: float(abs(number)), ("number",), "double"),
    "round": Signature(_round, ("number", "?integer"), "double"),
    "int": Signature(whole, ("number",), "integer"),
    "floor": Signature(lambda number: whole(math.floor(number)), ("number",), "integer"),
    "ceil": Signature(lambda number: whole(math.ceil(number)), ("number",), "integer"),
    "sqrt": Signature(
        lambda number: math.sqrt(number) if number >= 0 else None, ("number",), "double"
    ),
    "double": Signature(float, ("number",), "double"),
}
_DATE_FUNCTIONS = {
    name: Signature(_date_part(part), ("date",), "integer")
    for name, part in {
        "year": "year",
        "month": "month",
        "day": "day",
        "hour": "hour",
        "minute": "minute",
        "second": "second",
        "dayofyear": "day_of_year",
    }.items()
}
FUNCTIONS: dict[str, Signature] = {**_TEXT_FUNCTIONS, **_NUMBER_FUNCTIONS, **_DATE_FUNCTIONS}
# These take arguments of any one kind; the parser knows them.
SPECIAL_FUNCTIONS = ("if", "coalesce", "concat", "text", "isnull", "min", "max")
