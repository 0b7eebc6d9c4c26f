"""Users' functions in this very process, for tests of what the engine does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.python_functions.hosted import HostedFunction
from engine.python_functions.messages import Bind, BlockShape, Compute

if TYPE_CHECKING:
    from pathlib import Path

    from engine.function_rules import PythonRule
    from engine.pixels import PixelBlock


class HostedRunner:
    """Runs the files of a folder by their names; counts the calls for pixels."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._functions: dict[str, HostedFunction] = {}
        self.computed: list[Compute] = []

    def hosted(self, name: str) -> HostedFunction:
        if name not in self._functions:
            self._functions[name] = HostedFunction(self._folder / f"{name}.py")
        return self._functions[name]

    def padding(self, rule: PythonRule) -> int:
        return self.hosted(rule.name).bind(Bind(scalars=rule.scalars)).padding

    def bind(self, rule: PythonRule, facts):
        return self.hosted(rule.name).bind(_bind(rule, facts)).output

    def compute(self, rule: PythonRule, facts, blocks: list[PixelBlock], place) -> PixelBlock:
        shapes = tuple(
            BlockShape(
                dtype=block.data.dtype.name,
                bands=block.bands,
                rows=block.rows,
                cols=block.cols,
                valid_bands=block.valid.shape[0],
            )
            for block in blocks
        )
        asked = Compute(bound=_bind(rule, facts), place=place, blocks=shapes)
        self.computed.append(asked)
        return self.hosted(rule.name).compute(asked, blocks)


def _bind(rule: PythonRule, facts) -> Bind:
    return Bind(scalars=rule.scalars, rasters=rule.rasters, facts=tuple(facts))
