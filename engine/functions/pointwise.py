"""Functions that look at no neighbour: what they do is an expression for each band of the result.

Such functions in a row become one pass over the pixels (`engine.function_tree`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from engine.expressions.evaluate import expression_pass
from engine.expressions.tree import Call, Number, Sample, replaced, samples_of
from engine.functions.base import BandsInfo, GroundFunction, some_bands
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.evaluate import ExpressionPass
    from engine.expressions.tree import Expression
    from engine.functions.base import BoundFunction
    from engine.geometry.ground_cells import GroundCells
    from engine.pixels import PixelBlock


@dataclass(frozen=True, slots=True)
class PointwiseFunction:
    """A bound function that is expressions.

    Attributes
    ----------
    expressions : one per band of the output
        `Sample.source` counts the function's inputs from 0.
    """

    output: BandsInfo
    expressions: tuple[Expression, ...]

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the results in the output's type: rounded, and cut off at its limits."""
        return self.combine((block,))

    def combine(self, blocks: Sequence[PixelBlock]) -> PixelBlock:
        """As `apply`, of several inputs."""
        return _pass(self.expressions, self.output.pixel_type).run(blocks)

    @property
    def is_bandwise(self) -> bool:
        """Whether each band comes of the same band of one input alone."""
        return all(
            samples_of(each) <= {Sample(0, band)} for band, each in enumerate(self.expressions)
        )

    def for_bands(self, bands: Sequence[int]) -> PointwiseFunction:
        """Return the function for some of its bands, where it is bandwise."""
        moved = tuple(
            replaced(self.expressions[band], {Sample(0, band): Sample(0, place)})
            for place, band in enumerate(bands)
        )
        return PointwiseFunction(some_bands(self.output, bands), moved)


@runtime_checkable
class MeltingFunction(Protocol):
    """A bound function with a way of its own through single blocks, that is expressions in a tree.

    In the chains of items it then needs no compiling.
    """

    @property
    def pointwise(self) -> PointwiseFunction | None:
        """The same results as expressions; None = it has none."""
        ...


@dataclass(frozen=True, slots=True)
class StagedFunction:
    """A bound function in two steps: whole blocks first, then expressions of what they give.

    Attributes
    ----------
    first : BoundFunction
        Equal ones of one raster are worked out once, however many functions begin with them.
    then : PointwiseFunction
    """

    first: BoundFunction
    then: PointwiseFunction

    @property
    def output(self) -> BandsInfo:
        """Description of the results."""
        return self.then.output

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the results."""
        return self.then.apply(self.first.apply(block))

    def apply_on(self, block: PixelBlock, ground: GroundCells) -> PixelBlock:
        """Return the results for pixels of these sizes."""
        if isinstance(self.first, GroundFunction):
            return self.then.apply(self.first.apply_on(block, ground))
        return self.apply(block)


@lru_cache(maxsize=256)
def _pass(expressions: tuple[Expression, ...], pixel_type: PixelType) -> ExpressionPass:
    return expression_pass(expressions, pixel_type)


def as_type(expression: Expression, pixel_type: PixelType) -> Expression:
    """Return an expression with the results that a block of a type would hold.

    Whole numbers are rounded and cut off; of floating point more digits may stay than a block has.
    """
    if pixel_type.is_float:
        return Call("single", (expression,)) if pixel_type is PixelType.F32 else expression
    low, high = pixel_type.limits
    return Call("clamp", (Call("round", (expression,)), Number(low), Number(high)))
