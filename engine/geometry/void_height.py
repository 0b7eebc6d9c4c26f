"""One height for the voids of a terrain, from its own samples: for authors, not for requests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from engine.errors import ConfigError
from engine.readers.file_posts import FilePosts, post_item
from engine.readers.header import read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.process_memory import ProcessMemory

Statistic: TypeAlias = Literal["mean", "median", "min", "max"]

# Of larger rasters a coarser level speaks.
_MOST_POSTS = 16_000_000
_ROWS = 512


def void_height(path: str, statistic: Statistic, memory: ProcessMemory) -> float:
    """Return a statistic of all valid samples of a raster, for `RasterTerrain.void_height_m`.

    Raises
    ------
    ConfigError
        The raster has no valid sample, or no place on Earth.
    SourceUnavailable, SourceCorrupt, UnknownProduct
    """
    header = read_header(path)
    band = header.bands[0]
    source = FilePosts(post_item(header), memory, band.scale, band.offset)
    cols, rows = source.size
    factor = 2.0 ** max(0, math.ceil(math.log2(cols * rows / _MOST_POSTS) / 2))
    size = source.post_size * factor if factor > 1 else 0.0
    level = source.level(size)
    cols, rows = source.size_of(level)
    parts: list[NDArray[np.float64]] = []
    for first in range(0, rows, _ROWS):
        strip = source.read(level, first, 0, min(_ROWS, rows - first), cols)
        parts.append(strip[~np.isnan(strip)])
    samples = np.concatenate(parts)
    if samples.size == 0:
        raise ConfigError(path, "", "has no valid sample, so there is no height for its voids")
    return float(getattr(np, statistic)(samples))
