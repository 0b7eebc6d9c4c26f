"""Expressions for calculated fields: a small grammar of its own, never Python's.

    expression := or-ed conditions, or a value
    condition  := value (= <> != < <= > >=) value | AND OR NOT | isnull(value) | contains(text, text) …
    value      := field | "field" | number | 'text' | null | value + - * / % value | -value | f(value, …)

Rules: kinds are known before the first row is looked at, so a field is made with the right type and a
mistake is one sentence; depth and count of terms are limited. A division by zero and whatever else has
no answer gives null. + on texts joins them; a date plus a number is that many days later, and the
difference of two dates is in days.
"""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.build.calculation_values import (
    FUNCTIONS,
    SPECIAL_FUNCTIONS,
    Kind,
    Node,
    Signature,
    Value,
    as_text,
    dated,
    finite,
    held,
    whole,
)
from engine.dates import DAY_MS
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_CHARS = 8_192
_MAX_DEPTH = 40
_MAX_TERMS = 1_000
_NUMBERS = ("integer", "double")

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[^\W\d]\w*)
    | "(?P<quoted>[^"]*)"
    | '(?P<text>(?:[^']|'')*)'
    | (?P<sign><>|!=|<=|>=|[=<>(),+\-*/%])
    )""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def parse_calculation(source: str, fields: Mapping[str, Kind]) -> Node:
    """Parse an expression over fields of known kinds.

    Raises
    ------
    ConfigError
        Showing the place in the expression, and what is accepted there.
    """
    return _Parser(source, fields).parse()


def _error(source: str, place: int, accepted: str) -> ConfigError:
    start = max(0, place - 30)
    shown = ("…" if start else "") + source[start:place] + "⟨here⟩" + source[place : place + 30]
    return ConfigError("EXPRESSION", shown, f"expected {accepted}")


def _tokens(source: str) -> list[_Token]:
    if len(source) > MAX_CHARS:
        raise ConfigError("EXPRESSION", f"{source[:40]}…", f"at most {MAX_CHARS} characters")
    tokens, place, end = [], 0, len(source.rstrip())
    while place < end:
        match = _TOKEN.match(source, place, end)
        if match is None:
            raise _error(source, place, "a field, a number, a text in single quotes or an operator")
        kind = str(match.lastgroup)
        text = match.group(kind).replace("''", "'") if kind == "text" else match.group(kind)
        tokens.append(_Token(kind, text, match.start(kind) - (kind in ("quoted", "text"))))
        place = match.end()
    return [*tokens, _Token("end", "", end)]


class _Parser:
    def __init__(self, source: str, fields: Mapping[str, Kind]) -> None:
        self._source = source
        self._fields = {name.casefold(): (name, kind) for name, kind in fields.items()}
        self._tokens = _tokens(source)
        self._at = self._depth = self._terms = 0

    def parse(self) -> Node:
        node = self._any_of()
        if self._token.kind != "end":
            raise self._error("an operator or the end")
        return node

    # Tokens

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _error(self, accepted: str, place: int | None = None) -> ConfigError:
        return _error(self._source, self._token.place if place is None else place, accepted)

    def _skip(self, *texts: str) -> str:
        """Take a sign or word if it is next; return it in lower case, else ""."""
        token = self._token
        if token.kind in ("sign", "name") and token.text.lower() in texts:
            self._at += 1
            return token.text.lower()
        return ""

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            raise self._error(f"'{sign}'")

    # Conditions

    def _any_of(self) -> Node:
        return self._joined("or", self._all_of)

    def _all_of(self) -> Node:
        return self._joined("and", self._negated)

    def _joined(self, word: str, make: Callable[[], Node]) -> Node:
        nodes = [make()]
        while self._skip(word):
            nodes.append(make())
        if len(nodes) == 1:
            return nodes[0]
        parts = [self._condition(node).evaluate for node in nodes]
        decide = any if word == "or" else all
        return Node("condition", lambda row: decide(part(row) for part in parts), nodes[0].place)

    def _condition(self, node: Node) -> Node:
        if node.kind != "condition":
            raise self._error("a condition such as Name = 'a'", node.place)
        return node

    def _negated(self) -> Node:
        negations = 0
        while self._skip("not"):
            negations += 1
        node = self._compared()
        if not negations:
            return node
        inner = self._condition(node).evaluate
        return Node("condition", lambda row: not inner(row), node.place) if negations % 2 else node

    def _compared(self) -> Node:
        left = self._sum()
        sign = self._skip(*_COMPARISONS)
        if not sign:
            return left
        right = self._sum()
        left, right = self._alike(left, right)
        compare, first, second = _COMPARISONS[sign], left.evaluate, right.evaluate

        def evaluate(row: Mapping[str, Value]) -> bool:
            one, other = first(row), second(row)
            return one is not None and other is not None and compare(one, other)

        return Node("condition", evaluate, left.place)

    def _alike(self, left: Node, right: Node) -> tuple[Node, Node]:
        """Check that two values can be compared."""
        for node in (left, right):
            if node.kind == "condition":
                raise self._error("a value, not a condition", node.place)
        if _common_kind([left.kind, right.kind]) is None:
            accepted = f"{_a(left.kind)}, as on the other side, not {_a(right.kind)}"
            raise self._error(accepted, right.place)
        return left, right

    # Values

    def _sum(self) -> Node:
        return self._operated(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._operated(("*", "/", "%"), self._factor)

    def _operated(self, signs: tuple[str, ...], make: Callable[[], Node]) -> Node:
        left = make()
        while True:
            place = self._token.place
            sign = self._skip(*signs)
            if not sign:
                return left
            left = self._combined(left, sign, make(), place)

    def _combined(self, left: Node, sign: str, right: Node, place: int) -> Node:
        kinds = (left.kind, right.kind)
        apply = _ARITHMETIC[sign]
        if kinds == ("text", "text") and sign == "+":
            return _applied("text", lambda a, b: held(a + b), left, right)
        if kinds[0] == "date" and kinds[1] in _NUMBERS and sign in "+-":
            return _applied("date", lambda a, b: dated(apply(a, b * DAY_MS)), left, right)
        if kinds == ("date", "date") and sign == "-":
            return _applied("double", lambda a, b: (a - b) / DAY_MS, left, right)
        if all(kind in _NUMBERS for kind in kinds):
            if kinds == ("integer", "integer") and sign != "/":
                return _applied("integer", lambda a, b: whole(apply(a, b)), left, right)
            return _applied("double", lambda a, b: finite(float(apply(a, b))), left, right)
        raise self._error(f"numbers around '{sign}', not {left.kind} and {right.kind}", place)

    def _factor(self) -> Node:
        self._terms += 1
        if self._terms > _MAX_TERMS:
            raise self._error(f"at most {_MAX_TERMS} values")
        if self._depth >= _MAX_DEPTH:
            raise self._error(f"at most {_MAX_DEPTH} levels of parentheses")
        self._depth += 1
        try:
            return self._primary()
        finally:
            self._depth -= 1

    def _primary(self) -> Node:
        token = self._token
        if token.kind == "end":
            raise self._error("a field, a number or a text")
        self._at += 1
        if token.kind == "number":
            return self._number(token)
        if token.kind == "text":
            return Node("text", lambda _row: token.text, token.place)
        if token.kind in ("name", "quoted"):
            return self._named(token)
        if token.text == "(":
            inner = self._any_of()
            self._expect(")")
            return replace(inner, place=token.place)
        if token.text in "+-":
            value = self._factor()
            if value.kind not in _NUMBERS:
                raise self._error("a number", value.place)
            return value if token.text == "+" else _applied(value.kind, operator.neg, value)
        raise self._error("a field, a number or a text", token.place)

    def _number(self, token: _Token) -> Node:
        if token.text.isdecimal() and len(token.text) < 19:
            integer = int(token.text)
            return Node("integer", lambda _row: integer, token.place)
        number = float(token.text)
        if not math.isfinite(number):
            raise self._error("a finite number", token.place)
        return Node("double", lambda _row: number, token.place)

    def _named(self, token: _Token) -> Node:
        word = token.text.lower() if token.kind == "name" else ""
        if word and self._token == _Token("sign", "(", self._token.place):
            return self._function(token, word)
        found = self._fields.get(token.text.casefold())
        if found is not None:
            name, kind = found
            return Node(kind, lambda row: row.get(name), token.place)
        if word == "null":
            return Node("null", lambda _row: None, token.place)
        known = ", ".join(name for name, _ in self._fields.values())
        raise self._error(f"one of the fields {known}", token.place)

    def _function(self, token: _Token, word: str) -> Node:
        if word not in FUNCTIONS and word not in SPECIAL_FUNCTIONS:
            known = ", ".join(sorted((*FUNCTIONS, *SPECIAL_FUNCTIONS)))
            raise self._error(f"one of the functions {known}", token.place)
        self._expect("(")
        arguments = [self._any_of()]
        while self._skip(","):
            arguments.append(self._any_of())
        self._expect(")")
        if word in FUNCTIONS:
            node = self._plain(word, FUNCTIONS[word], arguments, token.place)
        else:
            node = self._special(word, arguments, token.place)
        return replace(node, place=token.place)

    def _plain(self, word: str, known: Signature, arguments: list[Node], place: int) -> Node:
        needed = sum(not kind.startswith("?") for kind in known.kinds)
        if not needed <= len(arguments) <= len(known.kinds):
            taken = f"{word}({', '.join(kind.strip('?') for kind in known.kinds)})"
            raise self._error(taken, place)
        for argument, kind in zip(arguments, known.kinds, strict=False):
            wanted = kind.strip("?")
            if argument.kind not in (wanted, "null", *(_NUMBERS if wanted == "number" else ())):
                raise self._error(f"{_a(wanted)}, not {_a(argument.kind)}", argument.place)
        return _applied(known.result, known.function, *arguments)

    def _special(self, word: str, arguments: list[Node], place: int) -> Node:
        parts = [argument.evaluate for argument in arguments]
        if word == "if":
            return self._if(arguments, place)
        if word == "isnull":
            if len(arguments) != 1:
                raise self._error("isnull(value)", place)
            return Node("condition", lambda row: parts[0](row) is None, place)
        for argument in arguments:
            if argument.kind == "condition":
                raise self._error("a value, not a condition", argument.place)
        if word in ("concat", "text"):
            return _joined_texts(arguments, place)
        kind = self._one_kind(arguments)
        if word == "coalesce":
            return Node(kind, lambda row: _first(part(row) for part in parts), place)
        return _applied(kind, min if word == "min" else max, *arguments, *arguments[:1])

    def _if(self, arguments: list[Node], place: int) -> Node:
        if len(arguments) != 3:
            raise self._error("if(condition, value, other value)", place)
        condition, yes, no = arguments
        kind = self._one_kind([yes, no])
        decide, first, second = self._condition(condition).evaluate, yes.evaluate, no.evaluate
        return Node(kind, lambda row: first(row) if decide(row) else second(row), place)

    def _one_kind(self, nodes: list[Node]) -> Kind:
        kind = _common_kind([node.kind for node in nodes])
        if kind is None:
            raise self._error("values of one kind", nodes[-1].place)
        return kind


def _joined_texts(arguments: list[Node], place: int) -> Node:
    parts = [(argument.evaluate, argument.kind) for argument in arguments]

    def evaluate(row: Mapping[str, Value]) -> str:
        return held("".join(as_text(part(row), kind) for part, kind in parts))

    return Node("text", evaluate, place)


def _applied(kind: Kind, function: Callable[..., Value], *arguments: Node) -> Node:
    """Return the node of a function, null where an argument is null or the answer is none."""
    parts = [argument.evaluate for argument in arguments]

    def evaluate(row: Mapping[str, Value]) -> Value:
        values = [part(row) for part in parts]
        if None in values:
            return None
        try:
            return function(*values)
        except (ZeroDivisionError, OverflowError):
            return None

    return Node(kind, evaluate, arguments[0].place if arguments else 0)


def _common_kind(kinds: list[Kind]) -> Kind | None:
    """Return the kind that values of several kinds have together; None where they have none."""
    found = {kind for kind in kinds if kind != "null"}
    if found == {"integer", "double"}:
        return "double"
    return next(iter(found)) if len(found) == 1 else None if found else "null"


def _first(values: Iterator[Value]) -> Value:
    return next((value for value in values if value is not None), None)


def _a(kind: str) -> str:
    """Return the name of a type with its article."""
    return f"{'an' if kind.startswith('i') else 'a'} {kind}"
