"""Read areas of which the file does not say what counts: where GDAL would mix no-data into means.

Means are taken of the valid samples alone. Of levels that are a wavelet's, samples beside no-data count as
no data, too (`engine.wavelet`). Both depend on level and pixel alone, however the work is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasterio.io import DatasetReader

    from engine.levels import LevelView
    from engine.sample_rule import SampleRule

Array = NDArray[Any]
Bools = NDArray[np.bool_]


def read_valid(
    dataset: DatasetReader,
    bands: list[int],
    view: LevelView,
    place: tuple[int, int, int, int],
    rules: Sequence[SampleRule],
    blur_px: int,
) -> Array:
    """Read an area given in view pixels; what is no data is filled with what stands for it.

    Parameters
    ----------
    place : (row, col, rows, cols)
    rules
        One per band.
    blur_px : int
        So many pixels of the level beside no-data are none.
    """
    row0, col0, rows, cols = place
    factor = 1 << view.shrink
    top, left = row0 * factor, col0 * factor
    bottom = min((row0 + rows) * factor, dataset.height)
    right = min((col0 + cols) * factor, dataset.width)
    above, before = min(blur_px, top), min(blur_px, left)
    below = min(blur_px, dataset.height - bottom)
    behind = min(blur_px, dataset.width - right)
    window = Window(
        left - before, top - above, right + behind - left + before, bottom + below - top + above
    )
    read = np.asarray(dataset.read(bands, window=window))
    out = np.empty((len(bands), rows, cols), read.dtype)
    inner = (slice(above, above + bottom - top), slice(before, before + right - left))
    for index, rule in enumerate(rules):
        valid = rule.valid(read[index])
        if valid is None:
            valid = np.ones(read[index].shape, np.bool_)
        for _ in range(blur_px):
            valid = _eroded(valid)
        samples, valid = read[index][inner], valid[inner]
        if factor > 1:
            samples, valid = _means(samples, valid, factor, (rows, cols))
        out[index] = rule.filled(samples, valid)
    return out


def _eroded(valid: Bools) -> Bools:
    """Return where all eight neighbours are valid, too; beyond the border they are."""
    if valid.all():
        return valid
    wide = np.pad(valid, 1, constant_values=True)
    lines = wide[:-2] & wide[1:-1] & wide[2:]
    return np.asarray(lines[:, :-2] & lines[:, 1:-1] & lines[:, 2:])


def _means(
    samples: Array, valid: Bools, factor: int, shape: tuple[int, int]
) -> tuple[Array, Bools]:
    """Return the mean of the valid of each factor × factor samples, and where there are any."""
    rows, cols = shape
    missing = ((0, rows * factor - samples.shape[0]), (0, cols * factor - samples.shape[1]))
    valid = np.pad(valid, missing)
    wide = np.where(valid, np.pad(samples, missing), 0)
    blocks = (rows, factor, cols, factor)
    count = valid.reshape(blocks).sum((1, 3))
    total = wide.reshape(blocks).sum((1, 3), dtype=np.float64)
    mean = total / np.maximum(count, 1)
    if samples.dtype.kind in "ui":
        mean = np.floor(mean + 0.5)
    return mean.astype(samples.dtype), count > 0
