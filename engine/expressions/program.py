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


# Whose result is finite only where the argument is; of a quotient that is the first.
_CARRYING = ("add", "sub", "mul", "neg", "square", "abs", "sqrt", "single", "sum", "mean")


def found_later(program: Program) -> frozenset[int]:
    """Return the steps that need no look at whether they are finite: all that is made of them gets one."""
    users: dict[int, list[int]] = {}
    for number, each in enumerate(program.instructions):
        if each.operation in OPERATIONS:
            for argument in set(each.arguments):
                users.setdefault(argument, []).append(number)
    found: set[int] = set()
    for number in reversed(range(len(program.instructions))):
        own = users.get(number, [])
        is_asked_for = number in program.outputs or not own
        if not is_asked_for and all(_shows(program, user, number, found) for user in own):
            found.add(number)
    return frozenset(found)


def _shows(program: Program, user: int, number: int, found: set[int]) -> bool:
    """Tell whether a step that is not finite makes one that is looked at, by itself or later."""
    step = program.instructions[user]
    is_dividend = step.operation == "div" and step.arguments[0] == number != step.arguments[1]
    if step.operation not in _CARRYING and not is_dividend:
        return False
    return user in found or not OPERATIONS[step.operation].is_finite
