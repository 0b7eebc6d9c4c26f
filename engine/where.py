"""Where clauses: Swath's own grammar of SQL conditions, turned into SQL with bound parameters.

Rules: no character of the caller's text gets into the SQL; names must be known fields (case does not
count), values are bound; depth and count of terms are limited, so no clause can exhaust the parser
or SQLite. Dates are milliseconds since 1970 UTC.

    condition := term (AND|OR term)…, NOT, parentheses
    term      := value (= <> != < <= > >=) value | value [NOT] IN (value, …)
               | value [NOT] BETWEEN value AND value | text [NOT] LIKE 'pattern' | value IS [NOT] NULL
    value     := see engine.where_values
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.where_values import KINDS, Term, ValueParser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.results import AttributeValue
    from engine.summary import FieldInfo
    from engine.where_tokens import Token

_MAX_WILDCARDS = 10
_MAX_PATTERN = 500


@dataclass(frozen=True, slots=True)
class WhereClause:
    """A condition over the table `items` under the alias `i`.

    Attributes
    ----------
    sql : str
        Holds `?` for each of `parameters`.
    """

    sql: str
    parameters: tuple[AttributeValue, ...]


def parse_where(source: str, fields: Iterable[FieldInfo], now_ms: int | None = None) -> WhereClause:
    """Parse a where clause over known fields.

    Parameters
    ----------
    source : str
        As the caller wrote it.
    fields
        Those that may be named; geometry and raster fields may not.
    now_ms : int, optional
        What CURRENT_DATE and CURRENT_TIMESTAMP are made of; the clock when not given.

    Raises
    ------
    InvalidParameter
        Of parameter "where", showing the place.
    """
    now = int(time.time() * 1000) if now_ms is None else now_ms
    known = {field.name.casefold(): field for field in fields if field.type in KINDS}
    term = ConditionParser(source, known, now).parse()
    return WhereClause(term.sql, term.parameters)


class ConditionParser(ValueParser):
    """Parse conditions over the values of `ValueParser`."""

    def parse(self) -> Term:
        """Parse the whole text as one condition."""
        term = self._condition(self.any_of())
        if self.token.kind != "end":
            raise self.error("AND, OR or the end")
        return term

    def _condition(self, term: Term) -> Term:
        if term.kind != "condition":
            raise self.error("a condition such as Name = 'a'", term.place)
        return term

    def any_of(self) -> Term:
        """Parse what parentheses hold: a condition or a value."""
        return self._joined("OR", self._all_of)

    def _all_of(self) -> Term:
        return self._joined("AND", self._negated)

    def _joined(self, word: str, make: Callable[[], Term]) -> Term:
        terms = [make()]
        while self.skip_word(word):
            self._condition(terms[0])
            terms.append(self._condition(make()))
        return _balanced(word, terms)

    def _negated(self) -> Term:
        place = self.token.place
        negations = 0
        while self.skip_word("NOT"):
            negations += 1
        term = self._predicate()
        if negations == 0:
            return term
        self._condition(term)
        return replace(term, sql=f"(NOT {term.sql})", place=place) if negations % 2 else term

    def _predicate(self) -> Term:
        left = self.sum()
        if left.kind == "condition":
            return left
        token = self.token
        if token.is_sign("=", "<>", "!=", "<", "<=", ">", ">="):
            self.at += 1
            return self._compare(left, token, self.sum())
        if self.skip_word("IS"):
            return self._is_null(left)
        negated = "NOT " if self.skip_word("NOT") else ""
        for word, finish in (("IN", self._in), ("BETWEEN", self._between), ("LIKE", self._like)):
            if self.skip_word(word):
                return finish(left, negated)
        if negated:
            raise self.error("IN, BETWEEN or LIKE")
        return left

    def _is_null(self, left: Term) -> Term:
        negated = "NOT " if self.skip_word("NOT") else ""
        if not self.skip_word("NULL"):
            raise self.error("NULL")
        return Term(f"({left.sql} IS {negated}NULL)", left.parameters, "condition", left.place)

    def _compare(self, left: Term, sign: Token, right: Term) -> Term:
        left, right = self.matched(left, right)
        symbol = "<>" if sign.text == "!=" else sign.text
        parameters = left.parameters + right.parameters
        return Term(f"({left.sql} {symbol} {right.sql})", parameters, "condition", left.place)

    def _in(self, left: Term, negated: str) -> Term:
        self.expect_sign("(")
        sqls: list[str] = []
        parameters: list[AttributeValue] = []
        while True:
            left, value = self.matched(left, self.sum())
            sqls.append(value.sql)
            parameters.extend(value.parameters)
            if not self.skip_sign(","):
                break
        self.expect_sign(")")
        sql = f"({left.sql} {negated}IN ({', '.join(sqls)}))"
        return Term(sql, (*left.parameters, *parameters), "condition", left.place)

    def _between(self, left: Term, negated: str) -> Term:
        left, low = self.matched(left, self.sum())
        if not self.skip_word("AND"):
            raise self.error("AND")
        left, high = self.matched(left, self.sum())
        sql = f"({left.sql} {negated}BETWEEN {low.sql} AND {high.sql})"
        parameters = left.parameters + low.parameters + high.parameters
        return Term(sql, parameters, "condition", left.place)

    def _like(self, left: Term, negated: str) -> Term:
        if left.kind != "text":
            raise self.error("a text before LIKE", left.place)
        place = self.token.place
        pattern = self.expect("text", "a quoted pattern").text
        escape = ""
        if self.skip_word("ESCAPE"):
            place_escape = self.token.place
            escape = self.expect("text", "a quoted character").text
            if len(escape) != 1:
                raise self.error("one character", place_escape)
        glob = _glob_of_like(pattern, escape)
        if glob.count("*") > _MAX_WILDCARDS or len(pattern) > _MAX_PATTERN:
            accepted = f"a pattern of at most {_MAX_PATTERN} characters and {_MAX_WILDCARDS} '%'"
            raise self.error(accepted, place)
        sql = f"({left.sql} {negated}GLOB ?)"
        return Term(sql, (*left.parameters, glob), "condition", left.place)


def _balanced(word: str, terms: list[Term]) -> Term:
    """Join conditions as a tree of small depth: SQLite refuses more than 1000 levels."""
    while len(terms) > 1:
        pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
        terms = [
            pair[0]
            if len(pair) == 1
            else Term(
                f"({pair[0].sql} {word} {pair[1].sql})",
                pair[0].parameters + pair[1].parameters,
                "condition",
                pair[0].place,
            )
            for pair in pairs
        ]
    return terms[0]


def _glob_of_like(pattern: str, escape: str) -> str:
    """Return the GLOB pattern of a LIKE pattern: GLOB minds case, as standard queries do."""
    out = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            out.append(_glob_quoted(next(characters, "")))
        elif character == "%":
            if not out or out[-1] != "*":
                out.append("*")
        else:
            out.append("?" if character == "_" else _glob_quoted(character))
    return "".join(out)


def _glob_quoted(character: str) -> str:
    return f"[{character}]" if character and character in "*?[" else character
