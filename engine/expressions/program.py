"""Programs: expressions as a list of instructions, equal parts once, numbers and tables apart.

Two rules that differ in their numbers alone are one program: machine code is made once for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.expressions.operations import OPERATIONS
from engine.expressions.tree import Call, Number, Sample, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression

SAMPLE, NUMBER, TABLE = "sample", "number", "table"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: an operation on results of steps before it.

    Attributes
    ----------
    operation : str
        `SAMPLE`, `NUMBER`, `TABLE`, or one of `operations.OPERATIONS`.
    arguments : tuple of int
        Steps; of a sample its place in `Program.samples`, of a number in `Program.numbers`, of a table
        the step that gives the number and its place in `Program.tables`.
    is_quick : bool
        No division, root or the like.
    """

    operation: str
    arguments: tuple[int, ...]
    is_quick: bool


@dataclass(frozen=True, slots=True)
class Program:
    """The shape of expressions, without their numbers.

    Attributes
    ----------
    outputs : tuple of int
        The steps whose results are asked for.
    """

    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Expressions as a program and what it runs on."""

    program: Program
    samples: tuple[Sample, ...]
    numbers: tuple[float, ...]
    tables: tuple[Table, ...]


def listing_of(expressions: Sequence[Expression]) -> Listing:
    """Return the listing of expressions, one output each."""
    lister = _Lister()
    outputs = tuple(lister.step(each) for each in expressions)
    return Listing(
        Program(tuple(lister.instructions), outputs),
        tuple(lister.samples),
        tuple(lister.numbers),
        tuple(lister.tables),
    )


class _Lister:
    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.samples: dict[Sample, int] = {}
        self.numbers: list[float] = []
        self.tables: list[Table] = []
        self._by_node: dict[int, int] = {}
        self._by_key: dict[tuple[object, ...], int] = {}

    def step(self, root: Expression) -> int:
        """Return the step that gives an expression; without recursion, as trees may be deep."""
        waiting: list[tuple[Expression, bool]] = [(root, False)]
        while waiting:
            node, is_ready = waiting.pop()
            if id(node) in self._by_node:
                continue
            inner = _inner(node)
            if not is_ready and inner:
                waiting.append((node, True))
                waiting.extend((each, False) for each in reversed(inner))
                continue
            self._by_node[id(node)] = self._listed(node)
        return self._by_node[id(root)]

    def _listed(self, node: Expression) -> int:
        if isinstance(node, Sample):
            place = self.samples.setdefault(node, len(self.samples))
            return self._add(Instruction(SAMPLE, (place,), is_quick=True))
        if isinstance(node, Number):
            # Equal numbers in two places may differ in the next rule of this shape.
            self.numbers.append(node.value)
            return self._add(Instruction(NUMBER, (len(self.numbers) - 1,), is_quick=True))
        if isinstance(node, Table):
            self.tables.append(node)
            step = self._by_node[id(node.argument)]
            return self._add(Instruction(TABLE, (step, len(self.tables) - 1), is_quick=True))
        steps = tuple(self._by_node[id(each)] for each in node.arguments)
        return self._add(Instruction(node.operation, steps, OPERATIONS[node.operation].is_finite))

    def _add(self, instruction: Instruction) -> int:
        key = (instruction.operation, instruction.arguments)
        found = self._by_key.get(key)
        if found is None:
            found = self._by_key[key] = len(self.instructions)
            self.instructions.append(instruction)
        return found


def _inner(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Call):
        return node.arguments
    return (node.argument,) if isinstance(node, Table) else ()
