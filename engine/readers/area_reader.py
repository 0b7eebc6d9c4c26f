"""Read areas of one file for a block: of a level, of one averaged on the fly, of a file with larger pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.coarse_grid import centres, coarse_area, coarse_view
from engine.readers.valid_reader import read_valid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasterio.enums import Resampling
    from rasterio.io import DatasetReader

    from engine.coarse_grid import CoarseArea
    from engine.item import Source
    from engine.levels import LevelView
    from engine.sample_rule import SampleRule

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class SourcePart:
    """What a block needs of one file.

    Attributes
    ----------
    view : LevelView
        Level of the file.
    place : (row, col, rows, cols)
        Of that level.
    area : CoarseArea or None
        How samples are repeated where the file's pixels are larger than the item's.
    """

    view: LevelView
    place: tuple[int, int, int, int]
    area: CoarseArea | None = None

    def read_checked(
        self, dataset: DatasetReader, bands: list[int], rules: Sequence[SampleRule], blur_px: int
    ) -> Array:
        """Return samples of the block, those that do not count filled (`read_valid`)."""
        if self.area is None:
            return read_valid(dataset, bands, self.view, self.place, rules, blur_px)
        if not (self.area.rows and self.area.cols):
            shape = (len(bands), len(self.area.take_rows), len(self.area.take_cols))
            return np.zeros(shape, dataset.dtypes[0])
        part = read_valid(dataset, bands, self.view, self.place, rules, blur_px)
        return np.asarray(self.area.spread(part))

    def read(self, dataset: DatasetReader, bands: list[int] | int, resampling: Resampling) -> Array:
        """Return samples of the block (bands, rows, cols); `bands` 0 = the dataset's mask."""
        if self.area is None:
            return read_area(dataset, bands, self.view, self.place, resampling)
        if not (self.area.rows and self.area.cols):
            count = 1 if isinstance(bands, int) else len(bands)
            shape = (count, len(self.area.take_rows), len(self.area.take_cols))
            return np.zeros(shape, np.uint8 if bands == 0 else dataset.dtypes[0])
        part = read_area(dataset, bands, self.view, self.place, resampling)
        return np.asarray(self.area.spread(part))

    @property
    def inside(self) -> NDArray[np.bool_] | None:
        """Where the file reaches, None = everywhere."""
        return None if self.area is None or self.area.is_whole else self.area.inside


def source_part(source: Source, view: LevelView, place: tuple[int, int, int, int]) -> SourcePart:
    """Return what an area of an item's level needs of one of its files."""
    grid = source.coarse
    if grid is None:
        return SourcePart(view, place)
    row, col, rows, cols = place
    own = coarse_view(grid, view)
    area = coarse_area(
        grid, own, centres(row, rows, view.scale_y), centres(col, cols, view.scale_x)
    )
    return SourcePart(own, (area.row, area.col, area.rows, area.cols), area)


def read_area(
    dataset: DatasetReader,
    bands: list[int] | int,
    view: LevelView,
    place: tuple[int, int, int, int],
    resampling: Resampling,
) -> Array:
    """Read an area given in view pixels; `bands` 0 = the dataset's mask."""
    row0, col0, rows, cols = place
    if view.shrink == 0:
        window = Window(col0, row0, cols, rows)
        read = (
            dataset.read_masks([1], window=window)
            if bands == 0
            else dataset.read(bands, window=window)
        )
        return np.asarray(read)
    factor = 1 << view.shrink
    out: Array | None = None
    # The last column and row may cover fewer source pixels: they are read apart, so that every other
    # pixel is the mean of exactly factor × factor.
    for r_from, r_to in _whole_and_rest(row0, rows, dataset.height, factor):
        for c_from, c_to in _whole_and_rest(col0, cols, dataset.width, factor):
            top, left = (row0 + r_from) * factor, (col0 + c_from) * factor
            height = min((r_to - r_from) * factor, dataset.height - top)
            width = min((c_to - c_from) * factor, dataset.width - left)
            window = Window(left, top, width, height)
            shape = (r_to - r_from, c_to - c_from)
            if bands == 0:
                part = dataset.read_masks([1], window=window, out_shape=(1, *shape))
            else:
                assert isinstance(bands, list)
                part = dataset.read(
                    bands, window=window, out_shape=(len(bands), *shape), resampling=resampling
                )
            if out is None:
                out = np.zeros((part.shape[0], rows, cols), part.dtype)
            out[:, r_from:r_to, c_from:c_to] = part
    assert out is not None
    return out


def _whole_and_rest(first: int, count: int, size: int, factor: int) -> list[tuple[int, int]]:
    whole = min(count, max(0, size // factor - first))
    return [part for part in ((0, whole), (whole, count)) if part[0] < part[1]]
