"""What a raster function is: `bind` looks at descriptions and parameters, `apply` at pixels.

`bind` rejects bad parameters at plan time; what it returns is a value without state that turns blocks
into blocks, so that one binding serves every strip and tile of a request.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from engine.errors import InvalidParameter
from engine.function_rules import OutsideRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.function_rules import FunctionRule
    from engine.geometry.ground_cells import GroundCells
    from engine.pixel_type import PixelType
    from engine.pixels import PixelBlock
    from engine.python_functions.messages import RasterPlace
    from engine.request_parts import RenderingRule
    from engine.summary import BandStatistics, Histogram
    from engine.target_grid import TargetGrid

Rule = TypeVar("Rule", bound="FunctionRule")
T = TypeVar("T")
Arguments = TypeVar("Arguments", bound=msgspec.Struct)
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class BandsInfo:
    """What is known of a function's input or output without its pixels.

    Attributes
    ----------
    statistics, histograms : one per band, or ()
        Of the whole service, not of the view.
    names : one per band, or ()
    wavelengths_nm : one (lowest, highest) per band, or ()
        None = not known.
    colormap : tuple of (value, red, green, blue)
        Of a single band.
    properties : tuple of (key, value)
        What is known of the sensor and the like, under Esri's keys in lower case (`sensorname`).
    is_thematic : bool
        Samples are classes, which are never averaged.
    height_m : float
        Metres of a unit of heights, where samples are heights.
    place : RasterPlace or None
        Where the service's rasters lie, for functions that ask.
    """

    pixel_type: PixelType
    bands: int
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    names: tuple[str, ...] = ()
    wavelengths_nm: tuple[tuple[float | None, float | None], ...] = ()
    colormap: tuple[tuple[int, int, int, int], ...] = ()
    properties: tuple[tuple[str, str | float], ...] = ()
    is_thematic: bool = False
    height_m: float = 1.0
    place: RasterPlace | None = None

    def property(self, key: str) -> str | float | None:
        """Return what is known under a key, in any case; None = nothing."""
        return dict(self.properties).get(key.casefold())


def some_bands(info: BandsInfo, bands: Sequence[int]) -> BandsInfo:
    """Return what is known of some bands (from 0) in their order."""

    def chosen(entries: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(entries[band] for band in bands) if len(entries) == info.bands else ()

    return replace(
        info,
        bands=len(bands),
        statistics=chosen(info.statistics),
        histograms=chosen(info.histograms),
        names=chosen(info.names),
        wavelengths_nm=chosen(info.wavelengths_nm),
        colormap=info.colormap if len(bands) == 1 else (),
    )


def retyped(info: BandsInfo, pixel_type: PixelType) -> BandsInfo:
    """Return what is known after a cast."""
    return replace(info, pixel_type=pixel_type)


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


@runtime_checkable
class GroundFunction(Protocol):
    """A bound function whose results depend on how large pixels are on the ground, too."""

    def apply_on(self, block: PixelBlock, ground: GroundCells) -> PixelBlock:
        """Return the processed pixels."""
        ...


@runtime_checkable
class GridFunction(Protocol):
    """A bound function whose results depend on where on the map pixels lie, too."""

    def apply_in(self, block: PixelBlock, grid: TargetGrid) -> PixelBlock:
        """Return the processed pixels; the grid is that of the block."""
        ...


@runtime_checkable
class BoundCombination(Protocol):
    """A function of several inputs with its parameters settled."""

    @property
    def output(self) -> BandsInfo:
        """Description of what `combine` returns."""
        ...

    def combine(self, blocks: Sequence[PixelBlock]) -> PixelBlock:
        """Return the processed pixels of blocks of one size, in the order of the inputs."""
        ...


@runtime_checkable
class MapCombination(Protocol):
    """A function of several inputs whose results depend on where on the map pixels lie, too."""

    def combine_on_map(self, blocks: Sequence[PixelBlock], grid: TargetGrid) -> PixelBlock:
        """Return the processed pixels of blocks that fill the grid."""
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


@runtime_checkable
class FrugalFunction(RasterFunction, Protocol):
    """A raster function that looks at fewer neighbours than all that its padding reaches."""

    def taps(self, rule: RenderingRule) -> int:
        """Return how many it looks at for a pixel, about; what requests may cost is counted so.

        Raises
        ------
        InvalidParameter
        """
        ...


def taps_of(function: RasterFunction, rule: RenderingRule) -> int:
    """Return how many neighbours a function looks at for a pixel; 0 of one that looks at none."""
    padding = function.padding(rule)
    if isinstance(function, FrugalFunction):
        return function.taps(rule)
    return (2 * padding + 1) ** 2 if padding else 0


@runtime_checkable
class CombiningFunction(RasterFunction, Protocol):
    """A raster function of several inputs; which, its record of arguments says.

    `bind` is what a chain calls, which has one raster alone.
    """

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> BoundCombination:
        """Check the rule's arguments against the inputs.

        Raises
        ------
        InvalidParameter
        """
        ...


class EachPixel:
    """Base of raster functions that look at each pixel by itself."""

    def padding(self, rule: RenderingRule) -> int:
        """Return 0."""
        del rule
        return 0


class OfSeveral(ABC, Generic[Made]):
    """Base of functions of several rasters, which in a chain have one."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> Made:
        """As `bind_inputs`, of one raster.

        Raises
        ------
        InvalidParameter
        """
        return self.bind_inputs([info], rule)

    @abstractmethod
    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> Made:
        """See `CombiningFunction`."""


def checked_band(name: str, band: int, info: BandsInfo) -> int:
    """Return a number of a band (from 0) that is there.

    Raises
    ------
    InvalidParameter
    """
    if not 0 <= band < info.bands:
        raise InvalidParameter(name, band, f"a band from 0 to {info.bands - 1}")
    return band


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
