"""The nodes of a bound tree: what is done to blocks, in passes over expressions or by functions of whole blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.expressions.evaluate import ExpressionPass
from engine.functions.base import GridFunction, GroundFunction, MapCombination

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.functions.base import BoundCombination, BoundFunction
    from engine.geometry.ground_cells import GroundCells
    from engine.pixels import PixelBlock
    from engine.target_grid import TargetGrid

Ground: TypeAlias = "Callable[[], GroundCells]"


@dataclass(frozen=True, slots=True)
class OneBlock:
    """A function that takes a whole block."""

    function: BoundFunction


@dataclass(frozen=True, slots=True)
class SeveralBlocks:
    """A function that takes several whole blocks."""

    function: BoundCombination


NodeWork: TypeAlias = ExpressionPass | OneBlock | SeveralBlocks


@dataclass(frozen=True, slots=True)
class TreeNode:
    """What is made of the results of nodes before it, by their numbers."""

    work: NodeWork
    inputs: tuple[int, ...]

    def run(
        self, blocks: Sequence[PixelBlock], ground: Ground, grid: TargetGrid | None
    ) -> PixelBlock:
        """Return the results; ground and grid are those of the blocks."""
        if isinstance(self.work, ExpressionPass):
            return self.work.run(blocks)
        if isinstance(self.work, SeveralBlocks):
            several = self.work.function
            if grid is not None and isinstance(several, MapCombination):
                return several.combine_on_map(blocks, grid)
            return several.combine(blocks)
        function = self.work.function
        if isinstance(function, GridFunction) and grid is not None:
            return function.apply_in(blocks[0], grid)
        if isinstance(function, GroundFunction):
            return function.apply_on(blocks[0], ground())
        return function.apply(blocks[0])
