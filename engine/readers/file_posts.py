"""Posts of one single-band raster, read through the instance's blocks and handles."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ConfigError
from engine.geometry.post_field import PostSpan
from engine.geometry.posts import PostLevel
from engine.geometry.projection import describe_crs, horizontal_crs
from engine.item import BandSource, Item, Source
from engine.levels import LevelView, choose_level, level_view
from engine.pixel_type import PixelType
from engine.readers.block_cache import block_key
from engine.readers.block_reader import BlockRequest

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from numpy.typing import NDArray

    from engine.process_memory import ProcessMemory
    from engine.readers.block_reader import Block
    from engine.readers.header import RasterHeader

    Floats = NDArray[np.float64]

_TURN_DEG = 360.0
_ENDLESS = 2**40


def post_item(header: RasterHeader, crs: str = "") -> Item:
    """Return the item of a raster whose first band holds heights.

    Parameters
    ----------
    crs : str
        Used instead of the file's own; "" = as the file says.

    Raises
    ------
    ConfigError
        The raster has no place on Earth, or its first band is no heights.
    """
    crs = crs or header.crs
    if header.geotransform is None or not crs:
        missing = "geotransform" if header.geotransform is None else "coordinate system"
        raise ConfigError(header.path, "", f"has no {missing}, so its heights have no place")
    if header.alpha_band == 1:
        raise ConfigError(header.path, "", "has a mask in its first band, where heights are wanted")
    return Item(
        id=0,
        name=header.path,
        category=1,
        sources=(Source(header.path, header.driver, header.size, header.mtime_ns),),
        bands=(BandSource(0, 1),),
        crs=crs,
        geotransform=header.geotransform,
        levels=header.levels,
        pixel_type=_byte_type(header.bands[0].pixel_type),
        no_data=(header.bands[0].no_data,),
        alpha=BandSource(0, header.alpha_band) if header.alpha_band else None,
        dataset_mask=header.mask == "dataset",
    )


def _byte_type(pixel_type: PixelType) -> PixelType:
    few = (PixelType.U1, PixelType.U2, PixelType.U4)
    return PixelType.U8 if pixel_type in few else pixel_type


class FilePosts:
    """The posts of one raster (a `PostSource`).

    Parameters
    ----------
    item : Item
        See `post_item`.
    memory : ProcessMemory
        Whose blocks and handles are used.
    scale, offset : float
        Samples times `scale` plus `offset` are values, as the file's header says.
    """

    def __init__(
        self, item: Item, memory: ProcessMemory, scale: float = 1.0, offset: float = 0.0
    ) -> None:
        self._item = item
        self._memory = memory
        self._scale, self._offset = scale, offset
        self._number = memory.identities.number(item)
        self.crs = horizontal_crs(item.crs)
        _, xc, xr, _, yc, yr = item.geotransform
        self._sizes = float(np.hypot(xc, yc)), float(np.hypot(xr, yr))
        self._is_geographic = describe_crs(self.crs).is_geographic
        self._views: dict[int, LevelView] = {}
        self.level = lru_cache(maxsize=64)(self._level)

    @property
    def identity(self) -> Hashable:
        """The raster's number in this process."""
        return ("file", self._number, self._scale, self._offset)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the finest level."""
        return self._item.width, self._item.height

    @property
    def post_size(self) -> float:
        """Distance of posts of the finest level, CRS units: the longer one of both axes."""
        return max(self._sizes)

    def size_of(self, level: PostLevel) -> tuple[int, int]:
        """Return columns and rows of a level."""
        view = self._views[level.key]
        return view.cols, view.rows

    def _level(self, pixel_size: float) -> PostLevel:
        view = choose_level(self._item, pixel_size / max(self._sizes))
        if pixel_size <= 0:
            view = level_view(self._item, 0)
        key = view.index * 64 + view.shrink
        self._views[key] = view
        x0, xc, xr, y0, yc, yr = self._item.geotransform
        sx, sy = view.scale_x, view.scale_y
        period = _TURN_DEG if self._is_geographic else 0.0
        return PostLevel(key, (x0, xc / sx, xr / sy, y0, yc / sx, yr / sy), period)

    def span(self, level: PostLevel) -> PostSpan:
        """Return which posts there are; around the world all columns are."""
        view = self._views[level.key]
        if self._goes_around(level, view):
            return PostSpan(0, -_ENDLESS, view.rows - 1, _ENDLESS)
        return PostSpan(0, 0, view.rows - 1, view.cols - 1)

    def read(self, level: PostLevel, row: int, col: int, rows: int, cols: int) -> Floats:
        """Return samples (rows, cols) from post (row, col) on; NaN where there are none.

        A raster that goes around the world is its own neighbour.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
        """
        view = self._views[level.key]
        out = np.full((rows, cols), np.nan)
        turn = view.cols if self._goes_around(level, view) else 0
        for shift in (-turn, 0, turn) if turn else (0,):
            for block_row, block_col, block in self._blocks(view, row, col - shift, rows, cols):
                top, left = block_row * view.block_rows, block_col * view.block_cols + shift
                _paste(block, top - row, left - col, out)
        # The last post of an averaged level counts where the raster reaches its centre.
        if view.cols - view.width > 0.5:
            out[:, max(0, view.cols - 1 - col) :] = np.nan
        if view.rows - view.height > 0.5:
            out[max(0, view.rows - 1 - row) :] = np.nan
        out[~np.isfinite(out)] = np.nan
        return out * self._scale + self._offset

    def _goes_around(self, level: PostLevel, view: LevelView) -> bool:
        _, xc, xr, _, yc, _ = level.geotransform
        whole = abs(xc * view.cols - _TURN_DEG) < 1e-3 * abs(xc)
        return level.period > 0 and xr == 0 and yc == 0 and whole

    def _blocks(
        self, view: LevelView, row: int, col: int, rows: int, cols: int
    ) -> Iterator[tuple[int, int, Block]]:
        first_row, last_row = max(row, 0), min(row + rows, view.rows) - 1
        first_col, last_col = max(col, 0), min(col + cols, view.cols) - 1
        if first_row > last_row or first_col > last_col:
            return
        request = BlockRequest(self._item, self._number, view, (0,), thematic=False, clip=b"")
        key, blocks = block_key(request, "planes"), self._memory.blocks
        for block_row in range(first_row // view.block_rows, last_row // view.block_rows + 1):
            for block_col in range(first_col // view.block_cols, last_col // view.block_cols + 1):
                place = (block_row, block_col)
                block = blocks.peek(key, place)
                if block is None:
                    block = blocks.load(self._memory.handles, request, "planes", key, place)
                yield block_row, block_col, block


def _paste(block: Block, top: int, left: int, out: Floats) -> None:
    """Put the valid samples of a block whose first one belongs at (top, left) of `out` there."""
    rows, cols = block.data.shape[-2:]
    r0, r1 = max(top, 0), min(top + rows, out.shape[0])
    c0, c1 = max(left, 0), min(left + cols, out.shape[1])
    part = slice(r0 - top, r1 - top), slice(c0 - left, c1 - left)
    samples = block.data[0][part].astype(np.float64)
    if block.valid is not None:
        samples[~block.valid[0][part]] = np.nan
    out[r0:r1, c0:c1] = samples
