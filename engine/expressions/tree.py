"""Expressions as trees: samples, numbers, tables and operations on them.

Each node stands for a number and whether it is valid, at each pixel. Operations without a rule of their
own are valid where all their arguments are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.expressions.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


@dataclass(frozen=True, slots=True)
class Call:
    """An operation (`engine.expressions.operations`) on arguments.

    Raises
    ------
    ValueError
        There is no such operation, or not for so many arguments.
    """

    operation: str
    arguments: tuple[Expression, ...]

    def __post_init__(self) -> None:
        OPERATIONS[self.operation].check_count(len(self.arguments))


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

    def changed(node: Expression) -> Expression:
        found = done.get(id(node))
        if found is None:
            found = done[id(node)] = _with_arguments(node)
        return found

    def _with_arguments(node: Expression) -> Expression:
        if isinstance(node, Sample):
            return of(node)
        if isinstance(node, Table):
            return Table(changed(node.argument), node.values, node.valid, node.first)
        if isinstance(node, Call):
            return Call(node.operation, tuple(map(changed, node.arguments)))
        return node

    return changed(expression)


def _arguments(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Call):
        return node.arguments
    return (node.argument,) if isinstance(node, Table) else ()


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
