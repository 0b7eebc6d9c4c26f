"""Which pyramid level serves a pixel size, and how its pixels are cut into blocks.

The choice depends on (raster, output CRS, output pixel size) alone, never on a request's box.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.item import Item, Level

# A level counts as fine enough when it is at most this much coarser than the output pixel: files with
# odd sizes have levels of 1.9995 and 2.0005.
_SLACK = 1.01
_BLOCK = 512
_MIN_BLOCK, _MAX_BLOCK = 128, 1024
# Blocks of averaged levels read at most about this many source pixels a side.
_MAX_READ = 2048


@dataclass(frozen=True, slots=True)
class LevelView:
    """One level as the sampler sees it.

    Attributes
    ----------
    index : int
        Into Item.levels.
    shrink : int
        Times that the level is halved by averaging while it is read; 0 for files with pyramids.
    cols, rows : int
        Whole pixels, the last of an averaged level may be partly covered.
    width, height : float
        Exact size in level pixels.
    scale_x, scale_y : float
        Level pixels per level-0 pixel.
    block_cols, block_rows : int
        Size of a decoded block.
    """

    index: int
    shrink: int
    cols: int
    rows: int
    width: float
    height: float
    scale_x: float
    scale_y: float
    block_cols: int
    block_rows: int


def choose_level(item: Item, ratio: float) -> LevelView:
    """Return the coarsest level that is not coarser than the output pixel.

    Parameters
    ----------
    ratio : float
        Level-0 source pixels per output pixel, along the axis where they are fewest.
    """
    return level_of(item.levels, ratio)


def level_of(levels: tuple[Level, ...], ratio: float) -> LevelView:
    """Return the coarsest of some levels that is not coarser than so many pixels of the first."""
    first = levels[0]
    best, factor = 0, 1.0
    for index, level in enumerate(levels):
        this = min(first.width / level.width, first.height / level.height)
        if factor < this <= ratio * _SLACK:
            best, factor = index, this
    residual = ratio * _SLACK / factor
    shrink = int(math.log2(residual)) if residual >= 2.0 else 0
    level = levels[best]
    shrink = min(shrink, int(math.log2(max(1, min(level.width, level.height)))))
    return view_of_level(levels, best, shrink)


@lru_cache(maxsize=8192)
def _view(
    size: tuple[int, int], level: tuple[int, int, int, int], index: int, shrink: int
) -> LevelView:
    width0, height0 = size
    width, height, block_width, block_height = level
    factor = 1 << shrink
    if shrink == 0:
        whole = all(_MIN_BLOCK <= side <= _MAX_BLOCK for side in (block_width, block_height))
        block_cols, block_rows = (block_width, block_height) if whole else (_BLOCK, _BLOCK)
    else:
        block_cols = block_rows = max(32, min(_BLOCK, _MAX_READ // factor))
    return LevelView(
        index,
        shrink,
        -(-width // factor),
        -(-height // factor),
        width / factor,
        height / factor,
        width / factor / width0,
        height / factor / height0,
        block_cols,
        block_rows,
    )


def level_view(item: Item, index: int, shrink: int = 0) -> LevelView:
    """Return a level of an item, halved `shrink` times by averaging."""
    return view_of_level(item.levels, index, shrink)


def view_of_level(levels: tuple[Level, ...], index: int, shrink: int = 0) -> LevelView:
    """Return one of some levels, halved `shrink` times by averaging."""
    level = levels[index]
    return _view(
        (levels[0].width, levels[0].height),
        (level.width, level.height, level.block_width, level.block_height),
        index,
        shrink,
    )
