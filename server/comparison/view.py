"""A view: one box in one size that both services are asked for; and how views are drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.extent import Extent

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_SCALES = 6
# How much finer than the whole extent in one picture, where nobody says what pixels measure.
_DEFAULT_ZOOM = 64.0


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What two services have in common.

    Attributes
    ----------
    crs : str
        Key of the CRS of all views.
    pixel_size : float
        Of the finer service in units of `crs`; 0 = neither says.
    """

    crs: str
    extent: Extent
    pixel_size: float = 0.0


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A box of square pixels of `pixel_size` units of `crs`."""

    number: int
    crs: str
    extent: Extent
    width: int
    height: int
    pixel_size: float


def draw_views(ground: Ground, count: int, side: int, seed: int) -> tuple[View, ...]:
    """Draw views inside the common ground; the same arguments give the same views.

    The first shows the whole ground. The others go in turn through up to six scales, in equal factors
    from the finest pixel size on.

    Parameters
    ----------
    side : int
        Pixels of the longer side at most.
    """
    draws = np.random.default_rng(seed)
    coarsest = max(ground.extent.width, ground.extent.height) / side
    sizes = [coarsest, *_finer_sizes(ground, coarsest)]
    turns = sizes[1:] or sizes
    chosen = [sizes[0], *(turns[n % len(turns)] for n in range(count - 1))]
    return tuple(
        _placed(ground, size, side, number, draws) for number, size in enumerate(chosen, start=1)
    )


def _finer_sizes(ground: Ground, coarsest: float) -> Iterator[float]:
    """Yield pixel sizes from the finest to just below the coarsest."""
    finest = ground.pixel_size or coarsest / _DEFAULT_ZOOM
    factor = coarsest / finest
    steps = min(_MOST_SCALES - 1, math.ceil(math.log2(factor))) if factor > 1 else 0
    for step in range(steps):
        yield finest * factor ** (step / steps)


def _placed(
    ground: Ground, pixel_size: float, side: int, number: int, draws: np.random.Generator
) -> View:
    box = ground.extent
    # A whole ratio may come out as 511.9999.
    width = max(1, min(side, math.floor(box.width / pixel_size + 1e-6)))
    height = max(1, min(side, math.floor(box.height / pixel_size + 1e-6)))
    free_x, free_y = box.width - width * pixel_size, box.height - height * pixel_size
    part_x, part_y = draws.random(2) if number > 1 else (0.5, 0.5)
    xmin, ymin = box.xmin + float(part_x) * free_x, box.ymin + float(part_y) * free_y
    extent = Extent(xmin, ymin, xmin + width * pixel_size, ymin + height * pixel_size)
    return View(
        number=number,
        crs=ground.crs,
        extent=extent,
        width=width,
        height=height,
        pixel_size=pixel_size,
    )
