"""What a raster function is: `bind` looks at descriptions and parameters, `apply` at pixels.

`bind` rejects bad parameters at plan time; what it returns is a value without state that turns blocks
into blocks, so that one binding serves every strip and tile of a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import msgspec

from engine.errors import InvalidParameter
from engine.function_rules import OutsideRule

if TYPE_CHECKING:
    from engine.function_rules import FunctionRule
    from engine.pixel_type import PixelType
    from engine.pixels import PixelBlock
    from engine.request import RenderingRule
    from engine.summary import BandStatistics, Histogram

Rule = TypeVar("Rule", bound="FunctionRule")
Arguments = TypeVar("Arguments", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class BandsInfo:
    """What is known of a function's input or output without its pixels.

    Attributes
    ----------
    statistics, histograms : one per band, or ()
        Of the whole service, not of the view.
    """

    pixel_type: PixelType
    bands: int
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """Where the pixels of a block lie in their raster, in shares of its width and height.

    Attributes
    ----------
    left, top : float
        Outer corner of the first pixel; 0, 0 is that of the raster.
    step_x, step_y : float
        Size of a pixel.
    """

    left: float
    top: float
    step_x: float
    step_y: float

    def of(self, cols: int, rows: int) -> BlockPlace:
        """Return the same area cut into so many pixels, where this is one pixel."""
        return BlockPlace(self.left, self.top, self.step_x / cols, self.step_y / rows)


# As if it were one pixel.
WHOLE_RASTER = BlockPlace(0.0, 0.0, 1.0, 1.0)


class BoundFunction(Protocol):
    """A function with its parameters settled."""

    @property
    def output(self) -> BandsInfo:
        """Description of what `apply` returns."""
        ...

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the processed pixels."""
        ...


@runtime_checkable
class PlacedFunction(Protocol):
    """A bound function whose results depend on where in their raster pixels lie, too."""

    def apply_at(self, block: PixelBlock, place: BlockPlace) -> PixelBlock:
        """Return the processed pixels."""
        ...


class RasterFunction(Protocol):
    """A raster function before it has parameters."""

    def padding(self, rule: RenderingRule) -> int:
        """Return how many neighbour pixels a rule needs on each side.

        Raises
        ------
        InvalidParameter
        """
        ...

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundFunction:
        """Check the rule's arguments against the input.

        Raises
        ------
        InvalidParameter
        """
        ...


def arguments_of(rule: RenderingRule, kind: type[Rule]) -> Rule:
    """Return a rule's arguments, the defaults where it has none.

    Raises
    ------
    InvalidParameter
        They are another function's.
    """
    arguments = rule.arguments
    if arguments is None:
        return kind()
    if not isinstance(arguments, kind):
        given = arguments.__struct_config__.tag
        raise InvalidParameter("arguments", f"of {given}", f"those of {kind.__struct_config__.tag}")
    return arguments


def outside_arguments(rule: RenderingRule, kind: type[Arguments]) -> Arguments:
    """Return the arguments of a plug-in's function as a record of its own, defaults where it has none.

    Raises
    ------
    InvalidParameter
        Names the argument that the record does not know or take.
    """
    arguments = rule.arguments
    text = arguments.text if isinstance(arguments, OutsideRule) else "{}"
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as err:
        raise InvalidParameter(rule.function, "its arguments", f"what it knows: {err}") from err
