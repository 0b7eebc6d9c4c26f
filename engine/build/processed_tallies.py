"""Tallies of an item's pixels as its chain leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.build.readable_bands import readable_band
from engine.build.tally import BandTally, as_served, tally_samples
from engine.pixels import PixelBlock
from engine.process_steps import no_ground, take_bands
from engine.samplers.window import PixelWindow

if TYPE_CHECKING:
    from engine.build.item_pixels import ItemPixels
    from engine.errors import SourceCorrupt
    from engine.item_process import BoundProcess
    from engine.level_ground import LevelGround
    from engine.pixel_type import PixelType


def processed_tallies(
    pixels: ItemPixels,
    shape: tuple[int, int],
    process: BoundProcess,
    served: tuple[int, PixelType],
    damage: list[SourceCorrupt],
    ground: LevelGround | None = None,
) -> tuple[BandTally, ...]:
    """Return tallies of the service's bands after all functions of an item's chain.

    Geometry is left aside: functions run on the pixels that are looked at, one after the other.

    Parameters
    ----------
    shape : (rows, cols)
        Pixels to look at.
    served : (bands, pixel type)
        Of the service.
    damage
        Takes the errors of bands that cannot be read as a whole.
    ground
        How large the pixels are that are looked at; None = not known.
    """
    whole = PixelWindow(0, 0, shape[1], shape[0])
    cells = no_ground if ground is None else lambda: ground.cells(whole)
    count, pixel_type = served
    block = _block(pixels, shape, damage)
    for stage in process.stages:
        for steps in stage.steps:
            block = steps.apply(block, ground=cells)
    block = process.after.apply(block, ground=cells)
    missing = block.bands
    block = take_bands(block, [b if b < process.bands else missing for b in range(count)])
    valid = np.broadcast_to(block.valid, block.data.shape)
    return tuple(
        tally_samples(as_served(block.data[band][valid[band]], pixel_type))
        if valid[band].any()
        else BandTally()
        for band in range(count)
    )


def _block(pixels: ItemPixels, shape: tuple[int, int], damage: list[SourceCorrupt]) -> PixelBlock:
    """Return all bands of an item at so many pixels."""
    mask = pixels.mask(None, shape)
    data, valid = [], []
    for index in range(pixels.bands):
        samples, good = readable_band(pixels, index, shape, damage)
        data.append(samples)
        valid.append(good if mask is None else good & mask)
    return PixelBlock(np.stack(data), np.stack(valid))
