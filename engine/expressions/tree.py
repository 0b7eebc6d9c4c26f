"""Expressions as trees: samples, numbers, tables and operations on them.

Each node stands for a number and whether it is valid, at each pixel. Operations without a rule of their
own are valid where all their arguments are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from engine.expressions.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a band (from 0) of an input (from 0)."""

    source: int
    band: int


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The entry of a table for a whole number; numbers are rounded, those beyond it invalid.

    Attributes
    ----------
    values : float64 (n,)
    valid : bool (n,)
    first : int
        The number of the first entry.
    """

    argument: Expression
    values: NDArray[np.float64]
    valid: NDArray[np.bool_]
    first: int = 0

    def _key(self) -> tuple[object, ...]:
        return (self.argument, self.first, self.values.tobytes(), self.valid.tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.argument, self.first, self.values.size))


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """An operation (`engine.expressions.operations`) on arguments.

    Trees may be deeper than Python's stack, so a call knows its hash from the start.

    Raises
    ------
    ValueError
        There is no such operation, or not for so many arguments.
    """

    operation: str
    arguments: tuple[Expression, ...]
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        OPERATIONS[self.operation].check_count(len(self.arguments))
        object.__setattr__(self, "_hash", hash((self.operation, self.arguments)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and _is_same(self, other)

    def __hash__(self) -> int:
        return self._hash


Expression: TypeAlias = Sample | Number | Table | Call


def call(operation: str, *arguments: Expression | float) -> Call:
    """Return an operation on expressions and plain numbers."""
    return Call(
        operation,
        tuple(Number(float(each)) if isinstance(each, int | float) else each for each in arguments),
    )


def samples_of(expression: Expression) -> frozenset[Sample]:
    """Return the samples that an expression needs."""
    found: set[Sample] = set()
    seen: set[int] = set()
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Sample):
            found.add(node)
        waiting.extend(_arguments(node))
    return frozenset(found)


def replaced(
    expression: Expression, samples: Mapping[Sample, Expression] | Callable[[Sample], Expression]
) -> Expression:
    """Return the expression with other expressions in place of its samples; shared nodes stay shared."""
    of = samples if callable(samples) else samples.__getitem__
    done: dict[int, Expression] = {}
    waiting: list[tuple[Expression, bool]] = [(expression, False)]
    while waiting:
        node, is_ready = waiting.pop()
        if id(node) in done:
            continue
        inner = () if is_ready else _arguments(node)
        if inner:
            waiting.append((node, True))
            waiting.extend((each, False) for each in inner)
        elif isinstance(node, Sample):
            done[id(node)] = of(node)
        elif isinstance(node, Table):
            argument = done[id(node.argument)]
            done[id(node)] = Table(argument, node.values, node.valid, node.first)
        elif isinstance(node, Call):
            arguments = tuple(done[id(each)] for each in node.arguments)
            done[id(node)] = Call(node.operation, arguments)
        else:
            done[id(node)] = node
    return done[id(expression)]


def _is_same(one: Expression, other: Expression) -> bool:
    """Tell whether two expressions are equal; without recursion, parts that are shared once."""
    waiting: list[tuple[Expression, Expression]] = [(one, other)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        mine, theirs = waiting.pop()
        if mine is theirs or (id(mine), id(theirs)) in seen:
            continue
        seen.add((id(mine), id(theirs)))
        if not (isinstance(mine, Call) and isinstance(theirs, Call)):
            if mine != theirs:
                return False
            continue
        if hash(mine) != hash(theirs) or mine.operation != theirs.operation:
            return False
        if len(mine.arguments) != len(theirs.arguments):
            return False
        waiting.extend(zip(mine.arguments, theirs.arguments, strict=True))
    return True


def _arguments(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Call):
        return node.arguments
    return (node.argument,) if isinstance(node, Table) else ()


# A division, a root or the like is as much code as so many sums.
_SLOW = 4


def effort_of(expressions: Iterable[Expression]) -> int:
    """Return about how much code expressions are: operations, shared ones once, slow ones several times."""
    seen: set[int] = set()
    waiting, found = list(expressions), 0
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node, Sample | Number):
            continue
        seen.add(id(node))
        is_slow = isinstance(node, Call) and not OPERATIONS[node.operation].is_finite
        found += _SLOW if is_slow else 1
        waiting.extend(_arguments(node))
    return found


def count_nodes(expression: Expression) -> int:
    """Return how many nodes an expression has, shared ones once."""
    seen: set[int] = set()
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            waiting.extend(_arguments(node))
    return len(seen)
