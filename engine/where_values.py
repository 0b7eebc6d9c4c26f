"""The values of where clauses: fields, literals, arithmetic and functions (see engine.where).

value := field | number | 'text' | DATE '…' | TIMESTAMP '…' | INTERVAL 'n' unit | CURRENT_DATE
       | CURRENT_TIMESTAMP | value + - * / || value | -value | UPPER LOWER TRIM CONCAT CHAR_LENGTH SUBSTRING
       | POSITION ABS MOD FLOOR CEILING ROUND EXTRACT CAST
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from engine.dates import ACCEPTED_DATES, DAY_MS, parse_date_ms
from engine.where_tokens import Token, TokenKind, tokenize, where_error
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.errors import InvalidParameter
    from engine.results import AttributeValue
    from engine.summary import FieldInfo

MAX_DEPTH = 40
MAX_TERMS = 5_000
_MAX_CHAIN = 50

Kind = Literal["condition", "number", "text", "date", "null"]
KINDS: dict[str, Kind] = {
    "oid": "number",
    "integer": "number",
    "double": "number",
    "string": "text",
    "date": "date",
}
_EXTRACT = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d", "HOUR": "%H", "MINUTE": "%M", "SECOND": "%S"}
_CASTS: dict[str, tuple[str, Kind]] = {
    "INT": ("INTEGER", "number"),
    "INTEGER": ("INTEGER", "number"),
    "SMALLINT": ("INTEGER", "number"),
    "BIGINT": ("INTEGER", "number"),
    "FLOAT": ("REAL", "number"),
    "REAL": ("REAL", "number"),
    "DOUBLE": ("REAL", "number"),
    "NUMERIC": ("REAL", "number"),
    "CHAR": ("TEXT", "text"),
    "VARCHAR": ("TEXT", "text"),
    "DATE": ("", "date"),
    "TIMESTAMP": ("", "date"),
}
# Days in one of each: a number beside a date counts days.
_INTERVALS = {"DAY": 1.0, "HOUR": 1 / 24, "MINUTE": 1 / 1440, "SECOND": 1 / 86400}
# Functions of values: SQL, kinds of the arguments (a "?" before one that may be left out), kind of the result.
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...], Kind]] = {
    "UPPER": ("UPPER", ("text",), "text"),
    "LOWER": ("LOWER", ("text",), "text"),
    "TRIM": ("TRIM", ("text",), "text"),
    "CONCAT": ("CONCAT", ("text", "text"), "text"),
    "CHAR_LENGTH": ("LENGTH", ("text",), "number"),
    "SUBSTRING": ("SUBSTR", ("text", "number", "?number"), "text"),
    "ABS": ("ABS", ("number",), "number"),
    "MOD": ("MOD", ("number", "number"), "number"),
    "FLOOR": ("FLOOR", ("number",), "number"),
    "CEILING": ("CEIL", ("number",), "number"),
    "ROUND": ("ROUND", ("number", "?number"), "number"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """A parsed part of a clause: its SQL, the values to bind, its kind and its place in the text.

    Attributes
    ----------
    literal : str or None
        The text of a quoted literal, which may stand for a date or number beside one.
    """

    sql: str
    parameters: tuple[AttributeValue, ...]
    kind: Kind
    place: int
    literal: str | None = None


class ValueParser:
    """Parse values; conditions are the subclass's part.

    Parameters
    ----------
    fields : dict
        Folded name to field.
    """

    def __init__(self, source: str, fields: dict[str, FieldInfo], now_ms: int) -> None:
        self.source = source
        self.fields = fields
        self.now_ms = now_ms
        self.tokens = tokenize(source)
        self.at = 0
        self.depth = 0
        self.terms = 0

    # Tokens.

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.at]

    def next(self) -> Token:
        """Take a token; the end is never passed."""
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def skip_word(self, word: str) -> bool:
        """Take a keyword if it is next."""
        if self.token.is_word(word):
            self.at += 1
            return True
        return False

    def skip_sign(self, sign: str) -> bool:
        """Take a sign if it is next."""
        if self.token.is_sign(sign):
            self.at += 1
            return True
        return False

    def expect_sign(self, sign: str) -> None:
        """Take a sign or raise."""
        if not self.skip_sign(sign):
            raise self.error(f"'{sign}'")

    def expect(self, kind: TokenKind, accepted: str) -> Token:
        """Take a token of a kind or raise."""
        if self.token.kind != kind:
            raise self.error(accepted)
        return self.next()

    def error(self, accepted: str, place: int | None = None) -> InvalidParameter:
        """Return the error that points at `place`, else at the next token."""
        return where_error(self.source, self.token.place if place is None else place, accepted)

    def any_of(self) -> Term:
        """Parse what parentheses hold: a condition or a value."""
        raise NotImplementedError

    def matched(self, left: Term, right: Term) -> tuple[Term, Term]:
        """Return both sides with one kind; a literal text is read as the date or number it is."""
        for side in (left, right):
            if side.kind == "condition":
                raise self.error("a value, not a condition", side.place)
        if left.kind == right.kind or "null" in (left.kind, right.kind):
            return left, right
        if right.literal is not None:
            return left, self._converted(right, left.kind)
        if left.literal is not None:
            return self._converted(left, right.kind), right
        if {left.kind, right.kind} == {"number", "date"}:
            return left, right
        raise self.error(f"a {left.kind}, as on the other side", right.place)

    def _converted(self, term: Term, kind: Kind) -> Term:
        text = term.literal or ""
        if kind == "date":
            value = parse_date_ms(text)
            if value is None:
                raise self.error(f"a date ({ACCEPTED_DATES})", term.place)
            return replace(term, parameters=(value,), kind="date", literal=None)
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.error("a number", term.place)
        return replace(term, parameters=(_narrowed(number),), kind="number", literal=None)

    # Values.

    def sum(self) -> Term:
        """Parse a value with its operators."""
        return self._arithmetic(("+", "-", "||"))

    def _product(self) -> Term:
        return self._arithmetic(("*", "/"))

    def _arithmetic(self, signs: tuple[str, ...]) -> Term:
        make = self._product if "+" in signs else self._factor
        left = make()
        count = 0
        while self.token.is_sign(*signs):
            sign = self.next()
            count += 1
            if count > _MAX_CHAIN:
                raise self.error(f"at most {_MAX_CHAIN} operators in one expression", sign.place)
            left = self._combine(left, sign, make())
        return left

    def _combine(self, left: Term, sign: Token, right: Term) -> Term:
        parameters = left.parameters + right.parameters
        kinds = (left.kind, right.kind)
        if sign.text == "||" and kinds == ("text", "text"):
            return Term(f"({left.sql} || {right.sql})", parameters, "text", left.place)
        if sign.text in "+-" and kinds == ("date", "number"):
            # Days, as databases count when a number is added to a date.
            sql = f"({left.sql} {sign.text} {DAY_MS} * {right.sql})"
            return Term(sql, parameters, "date", left.place)
        if sign.text == "-" and kinds == ("date", "date"):
            sql = f"(({left.sql} - {right.sql}) / {float(DAY_MS)})"
            return Term(sql, parameters, "number", left.place)
        if sign.text != "||" and kinds == ("number", "number"):
            # As numbers with a fraction: 7 / 2 is 3.5 whatever the columns' types are.
            first = f"1.0 * {left.sql}" if sign.text == "/" else left.sql
            return Term(f"({first} {sign.text} {right.sql})", parameters, "number", left.place)
        wanted = "texts on both sides of '||'" if sign.text == "||" else "numbers around '{}'"
        raise self.error(wanted.format(sign.text), sign.place)

    def _factor(self) -> Term:
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise self.error(f"at most {MAX_TERMS:,} values")
        if self.depth >= MAX_DEPTH:
            raise self.error(f"at most {MAX_DEPTH} nested parentheses")
        self.depth += 1
        try:
            return self._primary()
        finally:
            self.depth -= 1

    def _primary(self) -> Term:
        token = self.next()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "text":
            return Term("?", (token.text,), "text", token.place, literal=token.text)
        if token.kind == "name":
            return self.named(token)
        if token.is_sign("("):
            inner = self.any_of()
            self.expect_sign(")")
            return replace(inner, place=token.place)
        if token.is_sign("-", "+"):
            value = self._factor()
            if value.kind != "number":
                raise self.error("a number", value.place)
            sql = f"(-{value.sql})" if token.text == "-" else value.sql
            return Term(sql, value.parameters, "number", token.place)
        raise self.error("a field, a number or a quoted text", token.place)

    def _number(self, token: Token) -> Term:
        number = float(token.text)
        if not math.isfinite(number):
            raise self.error("a finite number", token.place)
        value: int | float = int(token.text) if token.text.isdecimal() else number
        if isinstance(value, int) and value >= 2**63:
            value = number
        return Term("?", (value,), "number", token.place)

    def named(self, token: Token) -> Term:
        """Parse what begins with a name: a field, a function, a dated literal or a constant."""
        word = "" if token.is_quoted else token.text.upper()
        follows = self.token
        if word in ("DATE", "TIMESTAMP") and follows.kind == "text":
            literal = self.next()
            term = Term("?", (None,), "text", literal.place, literal=literal.text)
            return self._converted(term, "date")
        if word == "INTERVAL" and follows.kind == "text":
            return self._interval(token)
        if word in _FUNCTIONS and follows.is_sign("("):
            return self._function(token, *_FUNCTIONS[word])
        special = {"EXTRACT": self._extract, "CAST": self._cast, "POSITION": self._position}
        if word in special and follows.is_sign("("):
            return special[word](token)
        field = self.fields.get(token.text.casefold())
        if field is not None:
            return Term(f"i.{quote(field.name)}", (), KINDS[field.type], token.place)
        return self._constant(token, word)

    def _constant(self, token: Token, word: str) -> Term:
        match word:
            case "CURRENT_DATE":
                today = self.now_ms // DAY_MS * DAY_MS
                return Term("?", (today,), "date", token.place)
            case "CURRENT_TIMESTAMP":
                return Term("?", (self.now_ms,), "date", token.place)
            case "NULL":
                return Term("NULL", (), "null", token.place)
        known = ", ".join(field.name for field in self.fields.values())
        raise self.error(f"one of the fields {known}", token.place)

    def _function(self, token: Token, sql_name: str, wanted: tuple[str, ...], kind: Kind) -> Term:
        self.expect_sign("(")
        arguments: list[Term] = []
        for place, accepted in enumerate(wanted):
            if place and not self.skip_sign(","):
                if accepted.startswith("?"):
                    break
                raise self.error("','")
            argument = self.sum()
            if argument.kind != accepted.removeprefix("?"):
                raise self.error(f"a {accepted.removeprefix('?')}", argument.place)
            arguments.append(argument)
        self.expect_sign(")")
        # SQLite has no CONCAT before 3.44.
        called, between = ("", " || ") if sql_name == "CONCAT" else (sql_name, ", ")
        sql = f"{called}({between.join(argument.sql for argument in arguments)})"
        parameters = tuple(value for argument in arguments for value in argument.parameters)
        return Term(sql, parameters, kind, token.place)

    def _extract(self, token: Token) -> Term:
        self.expect_sign("(")
        if not self.token.is_word(*_EXTRACT):
            raise self.error(f"one of {', '.join(_EXTRACT)}")
        form = _EXTRACT[self.next().text.upper()]
        if not self.skip_word("FROM"):
            raise self.error("FROM")
        value = self.sum()
        if value.kind != "date":
            raise self.error("a date", value.place)
        self.expect_sign(")")
        sql = f"CAST(strftime('{form}', {value.sql} / 1000.0, 'unixepoch') AS INTEGER)"
        return Term(sql, value.parameters, "number", token.place)

    def _cast(self, token: Token) -> Term:
        self.expect_sign("(")
        value = self.sum()
        if value.kind == "condition":
            raise self.error("a value", value.place)
        if not self.skip_word("AS"):
            raise self.error("AS")
        if not self.token.is_word(*_CASTS):
            raise self.error(f"one of {', '.join(_CASTS)}")
        sql_type, kind = _CASTS[self.next().text.upper()]
        is_day = self.tokens[self.at - 1].is_word("DATE")
        if self.skip_sign("("):
            self.expect("number", "a length")
            self.expect_sign(")")
        self.expect_sign(")")
        if kind == "date":
            return self._as_date(value, is_day=is_day)
        return Term(f"CAST({value.sql} AS {sql_type})", value.parameters, kind, token.place)

    def _as_date(self, value: Term, *, is_day: bool) -> Term:
        if value.literal is not None:
            value = self._converted(value, "date")
        if value.kind != "date":
            raise self.error("a date", value.place)
        if not is_day:
            return value
        # FLOOR, because days before 1970 are negative.
        sql = f"(CAST(FLOOR({value.sql} / {float(DAY_MS)}) AS INTEGER) * {DAY_MS})"
        return Term(sql, value.parameters, "date", value.place)

    def _position(self, token: Token) -> Term:
        self.expect_sign("(")
        sought = self.sum()
        if not self.skip_word("IN"):
            raise self.error("IN")
        text = self.sum()
        self.expect_sign(")")
        for each in (sought, text):
            if each.kind != "text":
                raise self.error("a text", each.place)
        # Not INSTR(sought, text): the text comes first there.
        sql = f"INSTR({text.sql}, {sought.sql})"
        return Term(sql, text.parameters + sought.parameters, "number", token.place)

    def _interval(self, token: Token) -> Term:
        count = self._converted(
            Term("?", (None,), "text", self.token.place, literal=self.next().text), "number"
        )
        if not self.token.is_word(*_INTERVALS):
            raise self.error(f"one of {', '.join(_INTERVALS)}")
        days = _INTERVALS[self.next().text.upper()]
        return Term(f"({count.sql} * {days!r})", count.parameters, "number", token.place)


def _narrowed(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
