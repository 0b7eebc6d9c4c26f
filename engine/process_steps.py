"""Radiometric processes bound one after the other: pixels in, pixels out, with what they need around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from engine.chain import NO_FUNCTION, padding_of
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, BoundFunction, PlacedFunction
from engine.functions.cast import cast
from engine.functions.pointwise import PointwiseFunction
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.chain import RasterFunctionProcess
    from engine.functions.base import BlockPlace


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
    """

    functions: tuple[BoundFunction, ...]
    halo_px: int
    output: BandsInfo

    def apply(self, block: PixelBlock, place: BlockPlace | None = None) -> PixelBlock:
        """Return the processed pixels, as many as there were.

        Parameters
        ----------
        place
            Where they lie in their raster; None = not asked for, or they are the whole of it.
        """
        for function in self.functions:
            if place is not None and isinstance(function, PlacedFunction):
                block = function.apply_at(block, place)
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
    halo = 0
    for process in processes:
        if process.function == NO_FUNCTION:
            if process.output_pixel_type is None:
                continue
            function: BoundFunction = _Cast(BandsInfo(process.output_pixel_type, info.bands))
        else:
            function = FUNCTIONS[process.function].bind(info, process.rule())
            halo += padding_of(process)
        bound.append(function)
        info = function.output
    return Steps(tuple(bound), halo, info)


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
    return Steps(tuple(functions), steps.halo_px, BandsInfo(steps.output.pixel_type, len(bands)))


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
