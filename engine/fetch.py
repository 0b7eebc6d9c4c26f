"""Make the source pixels of a window resident: the blocks of a level, decoded once, put side by side."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from engine.helper_threads import can_share, share
from engine.readers.block_cache import Form, Key, block_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.readers.block_reader import Block, BlockRequest
    from engine.render_work import Work
    from engine.samplers.window import PixelWindow


PlacedBlock: TypeAlias = "tuple[tuple[int, int], Block]"


class MixedValidity(Exception):
    """A block has pixels whose bands disagree about validity: RGBV cannot hold it."""


@dataclass(frozen=True, slots=True)
class BlockSource:
    """One raster's level, ready to be asked for blocks."""

    request: BlockRequest
    form: Form
    key: Key

    def fetch(self, work: Work, window: PixelWindow) -> SourceWindow | None:
        """Return the pixels of a window; see `fetch_window`."""
        return fetch_window(work, self, window)


@dataclass(frozen=True, slots=True)
class SourceWindow:
    """Pixels of a window.

    Attributes
    ----------
    data : uint32 (rows, cols) for RGBV, or (bands, rows, cols)
    valid : bool (1 or bands, rows, cols) or None
        None = all valid, or said by the RGBV words.
    origin : (col, row)
        Level pixel of the first one.
    """

    data: NDArray[Any]
    valid: NDArray[np.bool_] | None
    origin: tuple[int, int]
    all_valid: bool


def block_source(request: BlockRequest, form: Form) -> BlockSource:
    """Return a source of blocks of one raster's level."""
    return BlockSource(request, form, block_key(request, form))


def fetch_window(work: Work, source: BlockSource, window: PixelWindow) -> SourceWindow | None:
    """Return the pixels of a window, or None where none of its blocks holds a valid one.

    A window inside one block is that block; no pixel is copied.

    Raises
    ------
    SourceUnavailable, SourceCorrupt
    MixedValidity
        RGBV was asked for and cannot be had.
    """
    view = source.request.view
    first_row, last_row = (
        window.row_start // view.block_rows,
        (window.row_stop - 1) // view.block_rows,
    )
    first_col, last_col = (
        window.col_start // view.block_cols,
        (window.col_stop - 1) // view.block_cols,
    )
    peek, key = work.service.memory.blocks.peek, source.key
    blocks: list[PlacedBlock] = []
    missing: deque[tuple[int, int]] = deque()
    for row in range(first_row, last_row + 1):
        for col in range(first_col, last_col + 1):
            block = peek(key, (row, col))
            if block is None:
                missing.append((row, col))
            else:
                blocks.append(((row, col), block))
    if missing:
        _load(work, source, missing, blocks)
    if any(block.mixed for _, block in blocks):
        raise MixedValidity
    if all(block.none_valid for _, block in blocks):
        return None
    if len(blocks) == 1:
        (row, col), block = blocks[0]
        origin = (col * view.block_cols, row * view.block_rows)
        return SourceWindow(block.data, block.valid, origin, block.all_valid)
    return _assembled(source, window, blocks)


def _load(
    work: Work,
    source: BlockSource,
    missing: deque[tuple[int, int]],
    blocks: list[PlacedBlock],
) -> None:
    """Decode missing blocks into `blocks`, two at a time where there are two and a core for each."""
    memory = work.service.memory

    def load_some() -> None:
        while missing:
            try:
                place = missing.popleft()
            except IndexError:  # the other thread has taken the last one
                return
            try:
                work.budget.check()
                block = memory.blocks.load(
                    memory.handles, source.request, source.form, source.key, place
                )
            except BaseException:
                missing.clear()
                raise
            blocks.append((place, block))

    if len(missing) > 1 and can_share():
        share(load_some)
    else:
        load_some()


def _assembled(source: BlockSource, window: PixelWindow, blocks: list[PlacedBlock]) -> SourceWindow:
    view = source.request.view
    rows, cols = window.row_stop - window.row_start, window.col_stop - window.col_start
    first = blocks[0][1]
    all_valid = all(block.all_valid for _, block in blocks)
    data = np.empty((*first.data.shape[:-2], rows, cols), first.data.dtype)
    valid: NDArray[np.bool_] | None = None
    if source.form == "planes" and not all_valid:
        bands = max(1 if block.valid is None else block.valid.shape[0] for _, block in blocks)
        valid = np.empty((bands, rows, cols), np.bool_)
    for (row, col), block in blocks:
        top, left = row * view.block_rows, col * view.block_cols
        block_rows, block_cols = block.data.shape[-2:]
        r0, r1 = max(window.row_start, top), min(window.row_stop, top + block_rows)
        c0, c1 = max(window.col_start, left), min(window.col_stop, left + block_cols)
        into = (
            ...,
            slice(r0 - window.row_start, r1 - window.row_start),
            slice(c0 - window.col_start, c1 - window.col_start),
        )
        part = (..., slice(r0 - top, r1 - top), slice(c0 - left, c1 - left))
        data[into] = block.data[part]
        if valid is not None:
            valid[into] = True if block.valid is None else block.valid[part]
    return SourceWindow(data, valid, (window.col_start, window.row_start), all_valid)
