"""Who runs users' functions: the engine asks, and knows no processes.

The server sets the runner of a process before it answers anything (`use_runner`); without one there are no
such functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.function_rules import PythonRule
    from engine.pixels import PixelBlock
    from engine.python_functions.messages import RasterFacts, RasterPlace


class PythonRunner(Protocol):
    """Runs functions by the name and version that a rule has.

    Raises
    ------
    FunctionFailed
        From all methods: the user's code failed, took too long or too much memory.
    """

    def padding(self, rule: PythonRule) -> int:
        """Return how many neighbours a function needs on each side."""
        ...

    def bind(self, rule: PythonRule, facts: Sequence[RasterFacts]) -> RasterFacts:
        """Return what a function makes of rasters, without their pixels."""
        ...

    def compute(
        self,
        rule: PythonRule,
        facts: Sequence[RasterFacts],
        blocks: Sequence[PixelBlock],
        place: RasterPlace,
    ) -> PixelBlock:
        """Return the pixels at a place, of blocks with the padding around it."""
        ...


class _Process:
    runner: PythonRunner | None = None


def use_runner(runner: PythonRunner | None) -> None:
    """Let a runner run the functions of this process; None = there are none."""
    _Process.runner = runner


def runner_of(rule: PythonRule) -> PythonRunner:
    """Return the runner of this process.

    Raises
    ------
    InvalidParameter
        There is none.
    """
    if _Process.runner is None:
        accepted = "a function that works without a server; those in Python are run by one"
        raise InvalidParameter("rasterFunction", rule.name, accepted)
    return _Process.runner
