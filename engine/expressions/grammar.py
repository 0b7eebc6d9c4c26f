"""Read expressions that users write, in a small grammar of our own; nothing is ever evaluated.

    condition:   comparison  && || (and, or)  not !
    comparison:  == != <> < <= > >=
    sum, product: + - * / // %      power: ^ or **      sign: - +
    values:      numbers, names of bands (B1, b1 …) or of rasters, functions, (…)

Powers bind to the right and before signs: -2^2 is -4. Names and functions are written in any case.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.operations import OPERATIONS
from engine.expressions.tree import Call, Number

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.expressions.tree import Expression

MOST_CHARACTERS = 4000
MOST_NODES = 1000
MOST_DEPTH = 60

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\*\*|//|&&|\|\||==|!=|<>|<=|>=|[-+*/%^<>!(),]))"
)
_SIGNS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "//": "floor_div",
    "%": "mod",
    "==": "eq",
    "!=": "ne",
    "<>": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
}
# What they are called where people write them.
FUNCTIONS = {
    name: name
    for name in (
        *("abs", "sqrt", "square", "pow", "exp", "exp2", "exp10", "ln", "log2", "log10", "mod"),
        *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
        *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
        *("floor", "ceil", "round", "trunc", "sign", "clamp"),
        *("min", "max", "mean", "sum", "std", "range", "con", "pick"),
    )
} | {
    "log": "ln",
    "squareroot": "sqrt",
    "int": "trunc",
    "power": "pow",
    "where": "con",
    "clip": "clamp",
    "isnull": "is_null",
    "setnull": "set_null",
}
# All numbers are floating point.
_AS_IT_IS = "float"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.text in signs

    def is_word(self, word: str) -> bool:
        return self.kind == "name" and self.text.casefold() == word


def expression_of(
    text: str, name_of: Callable[[str], Expression | None], parameter: str = "Expression"
) -> Expression:
    """Return the tree of an expression.

    Parameters
    ----------
    name_of
        Gives what a name stands for; None = nothing.
    parameter : str
        What errors call the text.

    Raises
    ------
    InvalidParameter
        Shows where the text is no expression, or names what it does not know.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidParameter(parameter, f"{len(text)} characters", f"at most {MOST_CHARACTERS}")
    return _Reader(text, name_of, parameter).whole()


class _Reader:
    def __init__(
        self, text: str, name_of: Callable[[str], Expression | None], parameter: str
    ) -> None:
        self._text, self._name_of, self._parameter = text, name_of, parameter
        self._tokens = self._split()
        self._at = 0
        self._depth = 0
        self._nodes = 0

    def whole(self) -> Expression:
        found = self._any()
        if self._next.kind != "end":
            raise self._error("an operator or the end")
        return found

    def _split(self) -> list[_Token]:
        tokens, place = [], 0
        end = len(self._text.rstrip())
        while place < end:
            match = _TOKEN.match(self._text, place, end)
            if match is None:
                raise self._error_at(place, "a number, a name, an operator or a parenthesis")
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            place = match.end()
        return [*tokens, _Token("end", "", end)]

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _call(self, operation: str, *arguments: Expression) -> Expression:
        # As `engine.expressions.tree.effort_of` counts: what is slow takes long to compile, too.
        self._nodes += 1 if OPERATIONS[operation].is_finite else 4
        if self._nodes > MOST_NODES:
            counted = "divisions, powers, roots and the like count as four"
            raise self._error(f"at most {MOST_NODES} operations; {counted}")
        return Call(operation, arguments)

    # From what binds least to what binds most

    def _any(self) -> Expression:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._error(f"parentheses at most {MOST_DEPTH} deep")
        left = self._all()
        while self._next.is_sign("||") or self._next.is_word("or"):
            self._take()
            left = self._call("or", left, self._all())
        self._depth -= 1
        return left

    def _all(self) -> Expression:
        left = self._negation()
        while self._next.is_sign("&&") or self._next.is_word("and"):
            self._take()
            left = self._call("and", left, self._negation())
        return left

    def _negation(self) -> Expression:
        count = 0
        while self._next.is_sign("!") or self._next.is_word("not"):
            self._take()
            count += 1
        found = self._comparison()
        # Twice is not the same as never: it makes 1 of all that is true.
        for _ in range(2 - count % 2 if count else 0):
            found = self._call("not", found)
        return found

    def _comparison(self) -> Expression:
        left = self._sum()
        while self._next.is_sign("==", "!=", "<>", "<", "<=", ">", ">="):
            left = self._call(_SIGNS[self._take().text], left, self._sum())
        return left

    def _sum(self) -> Expression:
        left = self._product()
        while self._next.is_sign("+", "-"):
            left = self._call(_SIGNS[self._take().text], left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self._next.is_sign("*", "/", "//", "%"):
            left = self._call(_SIGNS[self._take().text], left, self._signed())
        return left

    def _signed(self) -> Expression:
        negative = False
        while self._next.is_sign("-", "+"):
            negative ^= self._take().text == "-"
        found = self._power()
        return self._call("neg", found) if negative else found

    def _power(self) -> Expression:
        # To the right: 2^3^2 is 2^(3^2).
        parts = [self._value()]
        while self._next.is_sign("^", "**"):
            self._take()
            parts.append(self._exponent())
        found = parts.pop()
        while parts:
            found = self._call("pow", parts.pop(), found)
        return found

    def _exponent(self) -> Expression:
        negative = False
        while self._next.is_sign("-", "+"):
            negative ^= self._take().text == "-"
        found = self._value()
        return self._call("neg", found) if negative else found

    def _value(self) -> Expression:
        token = self._take()
        if token.kind == "number":
            value = float(token.text)
            if not math.isfinite(value):
                raise self._error_at(token.place, "a number that is finite")
            return Number(value)
        if token.is_sign("("):
            found = self._any()
            self._expect(")")
            return found
        if token.kind == "name":
            return self._function(token) if self._next.is_sign("(") else self._named(token)
        self._at -= 1
        raise self._error("a number, a name or a parenthesis")

    def _named(self, token: _Token) -> Expression:
        found = self._name_of(token.text)
        if found is None:
            raise self._error_at(token.place, "the name of a band or raster")
        return found

    def _function(self, token: _Token) -> Expression:
        if token.is_word(_AS_IT_IS):
            self._expect("(")
            found = self._any()
            self._expect(")")
            return found
        name = FUNCTIONS.get(token.text.casefold())
        if name is None:
            known = ", ".join(sorted((*FUNCTIONS, _AS_IT_IS)))
            raise self._error_at(token.place, f"one of the functions {known}")
        self._expect("(")
        arguments = [self._any()]
        while self._next.is_sign(","):
            self._take()
            arguments.append(self._any())
        self._expect(")")
        operation = OPERATIONS[name]
        if not operation.least <= len(arguments) <= operation.most:
            many = operation.least != operation.most
            accepted = f"{token.text} with {'at least ' if many else ''}{operation.least} arguments"
            raise self._error_at(token.place, accepted)
        return self._call(name, *arguments)

    def _expect(self, sign: str) -> None:
        if not self._next.is_sign(sign):
            raise self._error(f"{sign!r}")
        self._take()

    def _error(self, accepted: str) -> InvalidParameter:
        return self._error_at(self._next.place, accepted)

    def _error_at(self, place: int, accepted: str) -> InvalidParameter:
        start = max(0, place - 20)
        shown = ("…" if start else "") + self._text[start:place] + "⟨here⟩"
        shown += self._text[place : place + 30]
        return InvalidParameter(self._parameter, shown, f"{accepted} at character {place + 1}")
