"""Read an item's pixels for build: whole levels or strips, with their validity, in bounded memory."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window

from engine.build.source_grids import grid_on
from engine.coarse_grid import coarse_area, coarse_view
from engine.errors import SourceCorrupt
from engine.levels import view_of_level
from engine.readers.drivers import open_raster
from engine.readers.source_state import SourceState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasterio.io import DatasetReader

    from engine.build.band_mapping import BandMapping
    from engine.build.raster_record import RasterDefinition
    from engine.coarse_grid import CoarseArea
    from engine.item import BandSource, CoarseGrid
    from engine.readers.header import RasterHeader

Bools = NDArray[np.bool_]
_STRIP_BYTES = 16 << 20
UNREADABLE = "its pixels cannot be read"


@dataclass(frozen=True, slots=True)
class Strip:
    """Rows `row` to `row + height` of a level: all columns, or `width` of them from `col` on."""

    row: int
    height: int
    col: int = 0
    width: int = 0


def valid_samples(
    data: NDArray[Any], no_data: float | None, valid_range: tuple[float, float] | None
) -> Bools:
    """Return where samples are neither no data, nor out of range, nor NaN."""
    valid = np.ones(data.shape, np.bool_)
    if data.dtype.kind == "f":
        valid &= ~np.isnan(data)
    if no_data is not None and not np.isnan(no_data):
        # Compared as the file's own type: -3.4e38 as float64 is not what float32 holds.
        limits = None if data.dtype.kind == "f" else np.iinfo(data.dtype)
        if limits is None or (limits.min <= no_data <= limits.max and no_data == int(no_data)):
            with np.errstate(over="ignore"):
                valid &= data != np.float64(no_data).astype(data.dtype)
    if valid_range is not None:
        valid &= (data >= valid_range[0]) & (data <= valid_range[1])
    return valid


class ItemPixels:
    """The open files of one item, at one level of its pyramid.

    Parameters
    ----------
    headers
        The first one's grid is the item's (`engine.build.source_grids.arranged`).
    level : int
        0 = full resolution, n = overview n - 1.

    Raises
    ------
    SourceError
        A file cannot be opened; from other methods: it cannot be read.
    """

    def __init__(
        self,
        raster: RasterDefinition,
        headers: tuple[RasterHeader, ...],
        mapping: BandMapping,
        level: int,
    ) -> None:
        self._raster, self._headers, self._mapping = raster, headers, mapping
        self._stack = ExitStack()
        self._open: dict[int, DatasetReader] = {}
        self._level = level
        self._grids = _grids(raster, headers)
        self._view = view_of_level(headers[0].levels, level)
        self.bands = len(mapping.bands)
        self.pixel_type = mapping.pixel_type
        used = {band.source for band in mapping.bands if band.source >= 0}
        if mapping.alpha:
            used.add(mapping.alpha.source)
        if mapping.dataset_mask:
            used.add(0)
        try:
            for index in sorted(used):
                self._open[index] = self._dataset(index)
        except BaseException:
            self.close()
            raise
        self.width, self.height = self._view.cols, self._view.rows

    def _dataset(self, index: int) -> DatasetReader:
        header, grid = self._headers[index], self._grids[index]
        level = self._level if grid is None else coarse_view(grid, self._view).index
        overview = level - 1 if level else None
        known = SourceState(header.size, header.mtime_ns)
        opened = open_raster(header.path, header.driver, overview, placed=False, known=known)
        return self._stack.enter_context(opened)

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    def __enter__(self) -> ItemPixels:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def strips(self) -> Iterator[Strip]:
        """Yield strips of whole blocks that fill a bounded buffer, together the whole level."""
        header = self._headers[min(self._open)]
        block = max(1, self._headers[0].levels[self._level].block_height)
        sample = header.bands[0].pixel_type.bytes_per_sample
        rows = max(1, _STRIP_BYTES // max(1, self.width * sample) // block) * block
        for row in range(0, self.height, rows):
            yield Strip(row, min(rows, self.height - row))

    def band(
        self, index: int, strip: Strip | None = None, shape: tuple[int, int] | None = None
    ) -> tuple[NDArray[Any], Bools]:
        """Return samples of a service band and where they are valid by themselves (mask aside).

        Parameters
        ----------
        strip
            None = the whole level.
        shape : (rows, cols)
            Take the nearest samples of so many.
        """
        where = self._mapping.bands[index]
        if where.source < 0:
            nothing = np.zeros(shape or self._shape(strip), self._mapping.pixel_type.dtype_name)
            return nothing, np.zeros(nothing.shape, np.bool_)
        data, inside = self._read(where, strip, shape)
        valid_range = self._raster.sources[where.source].valid_range
        valid = valid_samples(data, self._mapping.no_data[index], valid_range)
        return data, valid if inside is None else valid & inside

    def mask(
        self, strip: Strip | None = None, shape: tuple[int, int] | None = None
    ) -> Bools | None:
        """Return where the alpha band or the file's mask lets pixels count; None = there is neither."""
        if self._mapping.alpha is not None:
            data, inside = self._read(self._mapping.alpha, strip, shape)
            opaque = np.asarray(data != 0)
            return opaque if inside is None else opaque & inside
        if not self._mapping.dataset_mask:
            return None
        dataset = self._open[min(self._open)]
        with _translated(dataset.name):
            window = self._window(strip)
            return np.asarray(dataset.read_masks(1, window=window, out_shape=shape) != 0)

    def any_valid(self, strip: Strip | None = None, shape: tuple[int, int] | None = None) -> Bools:
        """Return where any band is valid and the mask lets it count."""
        valid: Bools | None = None
        if any(map(self._is_always_valid, range(self.bands))):
            # A mask alone is a thousandth of the samples.
            valid = np.ones(shape or self._shape(strip), np.bool_)
        for index, where in enumerate(self._mapping.bands if valid is None else ()):
            if where.source < 0:
                continue
            _, good = self.band(index, strip, shape)
            valid = good if valid is None else valid | good
            if valid.all():
                break
        mask = self.mask(strip, shape)
        if valid is None:
            raise ValueError("an item without bands has no pixels")
        return valid if mask is None else valid & mask

    def _shape(self, strip: Strip | None) -> tuple[int, int]:
        if strip is None:
            return self.height, self.width
        return strip.height, strip.width or self.width

    def _is_always_valid(self, index: int) -> bool:
        """Tell whether no sample of a band can be invalid by itself."""
        where = self._mapping.bands[index]
        if where.source < 0 or self._grids[where.source] is not None:
            return False
        source = self._raster.sources[where.source]
        is_whole_number = np.dtype(self._open[where.source].dtypes[where.band - 1]).kind in "ui"
        return (
            is_whole_number and self._mapping.no_data[index] is None and source.valid_range is None
        )

    def _read(
        self, where: BandSource, strip: Strip | None, shape: tuple[int, int] | None
    ) -> tuple[NDArray[Any], Bools | None]:
        """Return samples, and where the file reaches; None = everywhere."""
        dataset, grid = self._open[where.source], self._grids[where.source]
        with _translated(dataset.name):
            if grid is not None:
                area = self._area(grid, strip, shape)
                window = Window(area.col, area.row, area.cols, area.rows)
                if not (area.rows and area.cols):
                    nothing = np.zeros(area.inside.shape, dataset.dtypes[where.band - 1])
                    return nothing, area.inside
                samples = area.spread(np.asarray(dataset.read([where.band], window=window)))[0]
                return np.asarray(samples), None if area.is_whole else area.inside
            window = self._window(strip)
            return np.asarray(dataset.read(where.band, window=window, out_shape=shape)), None

    def _area(
        self, grid: CoarseGrid, strip: Strip | None, shape: tuple[int, int] | None
    ) -> CoarseArea:
        """Return what is needed of a file with larger pixels."""
        own = view_of_level(grid.levels, coarse_view(grid, self._view).index)
        first, count = (0, self.height) if strip is None else (strip.row, strip.height)
        left, width = (0, 0) if strip is None else (strip.col, strip.width)
        width = width or self.width
        rows, cols = shape or (count, width)
        row_at = first + _sampled(count, rows)
        return coarse_area(
            grid,
            own,
            (row_at + 0.5) / self._view.scale_y,
            (left + _sampled(width, cols) + 0.5) / self._view.scale_x,
        )

    def _window(self, strip: Strip | None) -> Window | None:
        if strip is None:
            return None
        return Window(strip.col, strip.row, strip.width or self.width, strip.height)


def _sampled(size: int, count: int) -> NDArray[np.float64]:
    """Return which of `size` pixels are the nearest to so many places over them."""
    places = (np.arange(count, dtype=np.float64) + 0.5) * (size / count)
    return np.asarray(np.floor(places), np.float64)


def _grids(
    raster: RasterDefinition, headers: tuple[RasterHeader, ...]
) -> tuple[CoarseGrid | None, ...]:
    others = zip(raster.sources[1:], headers[1:], strict=True)
    return (
        None,
        *(grid_on(headers[0], header) if source.enabled else None for source, header in others),
    )


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turn the raster library's errors into ours."""
    try:
        yield
    except (RasterioError, MemoryError, ValueError) as err:
        name = re.escape(path.rsplit("/", 1)[-1])
        text = re.sub(rf"(\S*/)?{name}[,:]? ?", "", str(err.__cause__ or err))
        why = f"{UNREADABLE} ({' '.join(text.split()).strip(' .')})"
        raise SourceCorrupt(path, why) from err
