"""Conditions on groups: where clauses that may also name aggregates and statistics."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.where import ConditionParser, WhereClause
from engine.where_values import KINDS, Term
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.summary import FieldInfo
    from engine.where_tokens import Token

_AGGREGATES = ("COUNT", "SUM", "MIN", "MAX", "AVG", "STDDEV", "VAR")
_ANY_KIND = ("COUNT", "MIN", "MAX")
_SQL_NAMES = {"VAR": "VARIANCE"}


def parse_having(
    source: str, fields: Iterable[FieldInfo], columns: Mapping[FieldInfo, str]
) -> WhereClause:
    """Parse a condition such as `COUNT(Name) > 2 AND Mean < 0.5`.

    Parameters
    ----------
    fields
        Those that aggregates may be made of.
    columns
        SQL of each column of the answer.

    Raises
    ------
    InvalidParameter
        Of parameter "having", showing the place.
    """
    known = {field.name.casefold(): field for field in columns}
    try:
        parser = _HavingParser(source, known, int(time.time() * 1000))
        parser.counted = {each.name.casefold(): each for each in fields if each.type in KINDS}
        parser.columns = {field.name.casefold(): sql for field, sql in columns.items()}
        term = parser.parse()
    except InvalidParameter as err:
        _, shown, accepted = err.fields
        raise InvalidParameter("having", shown, accepted) from err
    return WhereClause(term.sql, term.parameters)


class _HavingParser(ConditionParser):
    counted: Mapping[str, FieldInfo]
    columns: Mapping[str, str]

    def named(self, token: Token) -> Term:
        word = "" if token.is_quoted else token.text.upper()
        if word in _AGGREGATES and self.token.is_sign("("):
            return self._aggregate(token, word)
        column = self.fields.get(token.text.casefold())
        if column is not None:
            sql = self.columns[token.text.casefold()]
            return Term(sql, (), KINDS[column.type], token.place)
        return super().named(token)

    def _aggregate(self, token: Token, word: str) -> Term:
        self.expect_sign("(")
        if word == "COUNT" and self.skip_sign("*"):
            self.expect_sign(")")
            return Term("COUNT(*)", (), "number", token.place)
        named = self.expect("name", "the name of a field")
        field = self.counted.get(named.text.casefold())
        if field is None:
            known = ", ".join(each.name for each in self.counted.values())
            raise self.error(f"one of the fields {known}", named.place)
        self.expect_sign(")")
        kind = KINDS[field.type]
        if word not in _ANY_KIND and kind != "number":
            raise self.error("a field of numbers", named.place)
        sql = f"{_SQL_NAMES.get(word, word)}(i.{quote(field.name)})"
        return Term(sql, (), "number" if word == "COUNT" else kind, token.place)
