"""Radiometric processes bound one after the other: pixels in, pixels out, with what they need around.

A process with inputs is a tree of functions whose leaf is the raster of the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from engine.chain import NO_FUNCTION, padding_of
from engine.errors import InvalidParameter
from engine.function_tree import FunctionTree, function_tree
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, BoundFunction, GroundFunction, PlacedFunction, taps_of
from engine.functions.cast import cast
from engine.functions.pointwise import PointwiseFunction
from engine.geometry.ground_cells import GroundCells
from engine.pixels import PixelBlock
from engine.request_parts import MosaicInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.chain import RasterFunctionProcess
    from engine.function_tree import Leaf
    from engine.functions.base import BlockPlace
    from engine.request_parts import RenderingRule

    Ground = Callable[[], GroundCells]

_ONE = np.ones((1, 1))


def no_ground() -> GroundCells:
    """Return what counts where nothing is known of the ground: pixels a metre wide and high."""
    return GroundCells(_ONE, _ONE)


@dataclass(frozen=True, slots=True)
class TreeStep:
    """A bound tree whose only leaf is the raster of a chain."""

    tree: FunctionTree

    @property
    def output(self) -> BandsInfo:
        """Description of the results."""
        return self.tree.output

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the results as if nothing were known of the ground."""
        return self.run(block, no_ground)

    def run(self, block: PixelBlock, ground: Ground) -> PixelBlock:
        """Return the results on the ground that is told where a function asks for it."""
        blocks = [take_bands(block, leaf.bands) for leaf in self.tree.leaves]
        return self.tree.run(blocks, ground)


def tree_step(rule: RenderingRule, info: BandsInfo) -> TreeStep:
    """Bind a rule to the bands of a chain's raster.

    Raises
    ------
    InvalidParameter
        A function's arguments do not fit, or an input is another raster than that of the chain.
    """

    def info_of(leaf: Leaf) -> BandsInfo:
        if leaf != MosaicInput():
            raise InvalidParameter("inputs", leaf, "$$, the raster of the chain, alone")
        return info

    if rule.is_dynamic:
        accepted = "false: neighbouring tiles would differ; it is for rendering rules alone"
        raise InvalidParameter("DRA", "true", accepted)
    tree = function_tree(rule, info_of)
    if tree.needs_map:
        raise InvalidParameter("inputs", "Clip", "functions that know no places on the map")
    return TreeStep(tree)


@dataclass(frozen=True, slots=True)
class Steps:
    """Bound functions.

    Attributes
    ----------
    functions : tuple of BoundFunction
    halo_px : int
        Pixels needed around those that are wanted.
    output : BandsInfo
        What comes out.
    taps : int
        Neighbours that the functions look at for a pixel.
    """

    functions: tuple[BoundFunction, ...]
    halo_px: int
    output: BandsInfo
    taps: int = 0

    def apply(
        self,
        block: PixelBlock,
        place: BlockPlace | None = None,
        ground: Ground = no_ground,
    ) -> PixelBlock:
        """Return the processed pixels, as many as there were.

        Parameters
        ----------
        place
            Where they lie in their raster; None = not asked for, or they are the whole of it.
        ground
            Gives the sizes of the pixels on the ground; called where a function asks.
        """
        for function in self.functions:
            if place is not None and isinstance(function, PlacedFunction):
                block = function.apply_at(block, place)
            elif isinstance(function, TreeStep):
                block = function.run(block, ground)
            elif isinstance(function, GroundFunction):
                block = function.apply_on(block, ground())
            else:
                block = function.apply(block)
        return block


@runtime_checkable
class BandwiseFunction(BoundFunction, Protocol):
    """A bound function whose every band comes of the same band alone."""

    def for_bands(self, bands: Sequence[int]) -> BandwiseFunction:
        """Return the function for some of its bands."""


@dataclass(frozen=True, slots=True)
class _Cast:
    """What the function "None" with an output type does."""

    output: BandsInfo

    def for_bands(self, bands: Sequence[int]) -> _Cast:
        return _Cast(BandsInfo(self.output.pixel_type, len(bands)))

    def apply(self, block: PixelBlock) -> PixelBlock:
        return cast(block, self.output.pixel_type)


def bind_steps(processes: Sequence[RasterFunctionProcess], info: BandsInfo) -> Steps:
    """Bind processes to the bands that they get.

    Raises
    ------
    InvalidParameter
        Arguments do not fit the bands.
    """
    bound: list[BoundFunction] = []
    halo = taps = 0
    for process in processes:
        step = bind_step(process, info)
        if step is None:
            continue
        halo += padding_of(process)
        if isinstance(step, TreeStep):
            taps += step.tree.taps
        elif process.function != NO_FUNCTION:
            taps += taps_of(FUNCTIONS[process.function], process.rule())
        bound.append(step)
        info = step.output
    return Steps(tuple(bound), halo, info, taps)


def bind_step(process: RasterFunctionProcess, info: BandsInfo) -> BoundFunction | None:
    """Bind a process to the bands that it gets; None = it does nothing.

    Raises
    ------
    InvalidParameter
        Arguments do not fit the bands.
    """
    if process.inputs:
        return tree_step(process.rule(), info)
    if process.function != NO_FUNCTION:
        return FUNCTIONS[process.function].bind(info, process.rule())
    if process.output_pixel_type is None:
        return None
    return _Cast(BandsInfo(process.output_pixel_type, info.bands))


def steps_for_bands(steps: Steps, bands: Sequence[int]) -> Steps | None:
    """Return steps that make some bands of the same bands of the source; None where others count, too.

    Of a product with thirteen bands a picture then reads three.
    """
    functions: list[BoundFunction] = []
    for function in steps.functions:
        if not isinstance(function, BandwiseFunction):
            return None
        if isinstance(function, PointwiseFunction) and not function.is_bandwise:
            return None
        functions.append(function.for_bands(bands))
    output = BandsInfo(steps.output.pixel_type, len(bands))
    return Steps(tuple(functions), steps.halo_px, output, steps.taps)


def take_bands(block: PixelBlock, bands: Sequence[int]) -> PixelBlock:
    """Return some bands (from 0) in their order; those that the block lacks are invalid."""
    if list(bands) == list(range(block.bands)):
        return block
    there = [band for band in bands if band < block.bands]
    data = np.zeros((len(bands), block.rows, block.cols), block.data.dtype)
    own = np.broadcast_to(block.valid, block.data.shape)
    if len(there) == len(bands) and block.valid.shape[0] == 1:
        data[:] = block.data[list(bands)]
        return PixelBlock(data, block.valid)
    valid = np.zeros(data.shape, np.bool_)
    for out, band in enumerate(bands):
        if band < block.bands:
            data[out], valid[out] = block.data[band], own[band]
    return PixelBlock(data, valid)
