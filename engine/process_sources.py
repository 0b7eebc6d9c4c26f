"""Sources of pixels that a chain makes: windows that functions work on, and what an earlier stage sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.fetch import SourceWindow
from engine.functions.base import BlockPlace
from engine.pixels import PixelBlock
from engine.process_steps import no_ground, take_bands
from engine.region_sampling import sample_region
from engine.samplers.window import PixelWindow

if TYPE_CHECKING:
    from engine.level_ground import LevelGround
    from engine.process_steps import Ground, Steps
    from engine.region_sampling import PixelSource, SampledPlace
    from engine.render_work import Work


@dataclass(frozen=True, slots=True)
class ProcessedSource:
    """Functions over windows of another source, with a halo of its pixels.

    What lies beyond the source is no data to them, so results do not depend on the window.

    Attributes
    ----------
    size : (cols, rows)
        Of the level.
    bands : tuple of int or None
        To take of the results; None = all.
    ground : LevelGround or None
        How large the pixels are; None = not known.
    """

    inner: PixelSource
    steps: tuple[Steps, ...]
    size: tuple[int, int]
    bands: tuple[int, ...] | None = None
    ground: LevelGround | None = None

    def fetch(self, work: Work, window: PixelWindow) -> SourceWindow | None:
        """Return the processed pixels of a window; see `PixelSource`."""
        halo = sum(steps.halo_px for steps in self.steps)
        wanted = PixelWindow(
            window.col_start - halo,
            window.row_start - halo,
            window.col_stop + halo,
            window.row_stop + halo,
        )
        inside = PixelWindow(
            max(wanted.col_start, 0),
            max(wanted.row_start, 0),
            min(wanted.col_stop, self.size[0]),
            min(wanted.row_stop, self.size[1]),
        )
        found = self.inner.fetch(work, inside)
        if found is None:
            return None
        block = _padded(found, inside, wanted)
        step_x, step_y = 1.0 / self.size[0], 1.0 / self.size[1]
        place = BlockPlace(wanted.col_start * step_x, wanted.row_start * step_y, step_x, step_y)
        for steps in self.steps:
            block = steps.apply(block, place, self._ground_of(wanted))
        block = cropped(block, halo)
        if self.bands is not None:
            block = take_bands(block, self.bands)
        return _window_of_block(block, window)

    def _ground_of(self, window: PixelWindow) -> Ground:
        ground = self.ground
        return no_ground if ground is None else lambda: ground.cells(window)


@dataclass(frozen=True, slots=True)
class StageSource:
    """The pixels that an earlier sampler of a chain makes, window by window.

    Attributes
    ----------
    origin : (col, row)
        Lattice pixel that counts as the first one.
    """

    place: SampledPlace
    origin: tuple[int, int]

    def fetch(self, work: Work, window: PixelWindow) -> SourceWindow | None:
        """Return the sampled pixels of a window; see `PixelSource`."""
        col, row = self.origin
        region = PixelWindow(
            window.col_start + col,
            window.row_start + row,
            window.col_stop + col,
            window.row_stop + row,
        )
        block = sample_region(work, self.place, region)
        return None if block is None else _window_of_block(block, window)


def cropped(block: PixelBlock, halo: int) -> PixelBlock:
    """Return a block without its halo."""
    if halo == 0:
        return block
    inner = (..., slice(halo, block.rows - halo), slice(halo, block.cols - halo))
    return PixelBlock(block.data[inner], block.valid[inner])


def _padded(found: SourceWindow, inside: PixelWindow, wanted: PixelWindow) -> PixelBlock:
    """Return the wanted pixels of a source's window; invalid where they are beyond the source."""
    left, top = found.origin
    part = (
        ...,
        slice(inside.row_start - top, inside.row_stop - top),
        slice(inside.col_start - left, inside.col_stop - left),
    )
    data = found.data[part]
    valid = np.ones((1, *data.shape[1:]), np.bool_) if found.valid is None else found.valid[part]
    if inside == wanted:
        return PixelBlock(np.ascontiguousarray(data), np.ascontiguousarray(valid))
    margins = (
        (0, 0),
        (inside.row_start - wanted.row_start, wanted.row_stop - inside.row_stop),
        (inside.col_start - wanted.col_start, wanted.col_stop - inside.col_stop),
    )
    return PixelBlock(np.pad(data, margins), np.pad(valid, margins))


def _window_of_block(block: PixelBlock, window: PixelWindow) -> SourceWindow | None:
    if not block.valid.any():
        return None
    all_valid = bool(block.valid.all())
    return SourceWindow(
        np.ascontiguousarray(block.data),
        None if all_valid else np.ascontiguousarray(block.valid),
        (window.col_start, window.row_start),
        all_valid,
    )
