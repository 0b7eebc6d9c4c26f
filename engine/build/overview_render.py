"""Render one service overview into a COG. Runs in a worker."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.windows import Window

from engine.answer import render_request
from engine.budget import UNLIMITED, InstanceMemory
from engine.build.cog_writer import CogShape, CogWriter, levels_of
from engine.build.halving import halved_majority, halved_mean, halved_words
from engine.build.overview_members import CELL_PX
from engine.errors import SourceCorrupt
from engine.extent import Extent
from engine.mosaic.methods import METHODS
from engine.pixels import PixelBlock, Pixels, Rgbv
from engine.plan import plan
from engine.render import render_words
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import ImageService, open_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

_log = logging.getLogger("swath.build")
_LEAST_CHUNK = 64
# Cells a side that are rendered at once, of pixels of at most so many bytes.
_SIDES = ((4, 4), (2, 16))
_MEMORY = InstanceMemory(block_cache_bytes=96 << 20, gdal_cache_bytes=16 << 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderJob:
    """One overview file.

    Attributes
    ----------
    path : str
        The file to make; it appears when it is whole.
    service : str
        A compiled definition in which what belongs into the overview shows at `pixel_size`.
    no_data : one per band
        Written into bands that are invalid where others are valid.
    cells : tuple of int
        Numbers of the cells to render; the others are taken from the file that is there.
    """

    path: str
    service: str
    extent: Extent
    pixel_size: float
    width: int
    height: int
    no_data: tuple[float | None, ...]
    thematic: bool
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RenderedOverview:
    """What came of it: whether any pixel is valid, and why rasters were left out."""

    has_pixels: bool
    skipped: tuple[str, ...]


def render_overview(job: RenderJob) -> RenderedOverview:
    """Render one overview.

    Raises
    ------
    SourceCorrupt
        The file cannot be written.
    """
    service = open_service(job.service, _MEMORY)
    path = Path(job.path)
    part = path.with_suffix(".part.tif")
    try:
        with _Kept(job) as kept, closing(CogWriter(_shape(job, service), path.parent)) as writer:
            rendering = _Rendering(job, service, kept, writer)
            rendering.render()
            if writer.has_pixels:
                writer.finish(part, rendering.no_data)
                part.replace(path)
                _log.info("made %s", job.path)
    except (RasterioError, OSError) as err:
        raise SourceCorrupt(job.path, f"cannot be written: {err}") from err
    finally:
        service.close()
        part.unlink(missing_ok=True)
    return RenderedOverview(writer.has_pixels, tuple(sorted(rendering.skipped)))


def _shape(job: RenderJob, service: ImageService) -> CogShape:
    summary, size = service.summary, job.pixel_size
    return CogShape(
        levels=levels_of(job.width, job.height, CELL_PX),
        tile_px=CELL_PX,
        bands=len(summary.bands),
        dtype=np.dtype(summary.pixel_type.dtype_name),
        crs=summary.crs,
        geotransform=(job.extent.xmin, size, 0.0, job.extent.ymax, 0.0, -size),
    )


class _Rendering:
    """Cells become tiles of the first level, and four tiles one of the next, depth first."""

    def __init__(
        self, job: RenderJob, service: ImageService, kept: _Kept, writer: CogWriter
    ) -> None:
        self._job, self._service, self._kept, self._writer = job, service, kept, writer
        self._cells = frozenset(job.cells)
        self._levels = levels_of(job.width, job.height, CELL_PX)
        self._halved = halved_majority if job.thematic else halved_mean
        self._holes = _Holes(job.no_data)
        self._side = _side_of(service)
        self._square: tuple[tuple[int, int], Pixels] | None = None
        self.skipped: set[str] = set()

    @property
    def no_data(self) -> float | None:
        """What stands for holes in bands; None = there are none."""
        return self._holes.value if self._holes.are_there else None

    def render(self) -> None:
        """Render all tiles."""
        self._tile(len(self._levels) - 1, 0, 0)

    def _tile(self, level: int, row: int, col: int) -> Pixels:
        pixels = self._cell(row, col) if level == 0 else self._of_four(level, row, col)
        if isinstance(pixels, Rgbv):
            self._writer.put_words((level, row, col), pixels)
        else:
            valid = pixels.valid_any()
            self._writer.put((level, row, col), self._holes.filled(pixels, valid), valid)
        return pixels

    def _of_four(self, level: int, row: int, col: int) -> Pixels:
        """Return a tile made of those of the level below that it covers."""
        below = [
            [self._halved_tile(level - 1, down, right) for right in self._covered(level, 0, col)]
            for down in self._covered(level, 1, row)
        ]
        words = [[each for each in line if isinstance(each, Rgbv)] for line in below]
        if sum(map(len, words)) == sum(map(len, below)):
            joined = np.block([[each.words for each in line] for line in words])
            return Rgbv(joined, all(each.is_full for line in words for each in line))
        planes = [[_planes(each) for each in line] for line in below]
        bands = max(block.valid.shape[0] for line in planes for block in line)
        valid = [
            [np.broadcast_to(block.valid, (bands, *block.valid.shape[1:])) for block in line]
            for line in planes
        ]
        data = np.block([[block.data for block in line] for line in planes])
        return PixelBlock(data, np.block(valid))

    def _covered(self, level: int, axis: int, number: int) -> range:
        """Return the numbers of the tiles below along columns (0) or rows (1)."""
        count = -(-self._levels[level - 1][axis] // CELL_PX)
        return range(2 * number, min(2 * number + 2, count))

    def _halved_tile(self, level: int, row: int, col: int) -> Pixels:
        below = self._tile(level, row, col)
        if isinstance(below, Rgbv) and not self._job.thematic:
            return Rgbv(halved_words(below.words), below.is_full)
        planes = _planes(below)
        return PixelBlock(*self._halved(planes.data, planes.valid))

    def _cell(self, row: int, col: int) -> Pixels:
        window = self._window(row, col, 1)
        if row * -(-self._job.width // CELL_PX) + col in self._cells:
            return self._rendered(row, col)
        data, valid = self._kept.read(window)
        return PixelBlock(data, np.ascontiguousarray(valid[np.newaxis]))

    def _window(self, row: int, col: int, cells: int) -> Window:
        """Return a square of cells as pixels."""
        job, left, top = self._job, col * CELL_PX, row * CELL_PX
        side = cells * CELL_PX
        return Window(left, top, min(side, job.width - left), min(side, job.height - top))

    def _rendered(self, row: int, col: int) -> Pixels:
        """Return a cell; cells come depth first, so that those of a square come one after the other."""
        side = self._side
        place = (row - row % side, col - col % side)
        if not self._is_whole(*place):
            return _chunk(self._job, self._service, self._window(row, col, 1), self.skipped)
        if self._square is None or self._square[0] != place:
            self._square = None
            window = self._window(*place, side)
            self._square = place, _chunk(self._job, self._service, window, self.skipped)
        down, right = (row - place[0]) * CELL_PX, (col - place[1]) * CELL_PX
        at = np.s_[..., down : down + CELL_PX, right : right + CELL_PX]
        pixels = self._square[1]
        if isinstance(pixels, Rgbv):
            return Rgbv(np.ascontiguousarray(pixels.words[at]), pixels.is_full)
        data, valid = np.ascontiguousarray(pixels.data[at]), np.ascontiguousarray(pixels.valid[at])
        return PixelBlock(data, valid)

    def _is_whole(self, row: int, col: int) -> bool:
        """Tell whether all cells of a square are to be rendered."""
        across, down = -(-self._job.width // CELL_PX), -(-self._job.height // CELL_PX)
        return all(
            y * across + x in self._cells
            for y in range(row, min(row + self._side, down))
            for x in range(col, min(col + self._side, across))
        )


def _planes(pixels: Pixels) -> PixelBlock:
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def _side_of(service: ImageService) -> int:
    """Return how many cells a side are rendered at once: many, but no more memory than a worker has."""
    summary = service.summary
    pixel_bytes = len(summary.bands) * np.dtype(summary.pixel_type.dtype_name).itemsize
    return next((side for side, most in _SIDES if pixel_bytes <= most), 1)


def _windows(job: RenderJob) -> Iterator[Window]:
    """Yield the cells, row by row from the top."""
    for row in range(0, job.height, CELL_PX):
        for col in range(0, job.width, CELL_PX):
            yield Window(col, row, min(CELL_PX, job.width - col), min(CELL_PX, job.height - row))


def can_keep_cells(path: Path, width: int, height: int) -> bool:
    """Tell whether cells of an overview that was made before can be taken over."""
    try:
        with rasterio.open(path, driver="GTiff") as file:
            # Where a value stands for holes in bands, it is no longer known which pixels were valid.
            return (file.width, file.height) == (width, height) and file.nodata is None
    except (RasterioError, OSError):
        return False


class _Kept:
    """The file as it is, for the cells that stay."""

    def __init__(self, job: RenderJob) -> None:
        self._job = job
        self._file: DatasetReader | None = None

    def __enter__(self) -> _Kept:
        if len(self._job.cells) < len(list(_windows(self._job))):
            self._file = rasterio.open(self._job.path, driver="GTiff")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return a cell's samples, and which pixels are valid."""
        if self._file is None:
            raise ValueError("no file to keep cells of")
        return self._file.read(window=window), self._file.dataset_mask(window=window) != 0


class _Holes:
    """Bands that are invalid where others are valid: only no data can say so in a file."""

    def __init__(self, no_data: tuple[float | None, ...]) -> None:
        known = {value for value in no_data if value is not None}
        self.value = known.pop() if len(known) == 1 else None
        self.are_there = False

    def filled(self, block: PixelBlock, valid: NDArray[np.bool_]) -> NDArray[Any]:
        """Return the samples, 0 where nothing is valid, no data where a band has a hole."""
        data = np.where(valid, block.data, 0).astype(block.data.dtype, copy=False)
        holes = valid & ~block.valid
        if self.value is not None and holes.any():
            self.are_there = True
            data = np.where(holes, np.asarray(self.value, block.data.dtype), data)
        return data


def _chunk(job: RenderJob, service: ImageService, window: Window, skipped: set[str]) -> Pixels:
    """Render a part; in quarters where it would cost more than one request may."""
    size = job.pixel_size
    left = job.extent.xmin + window.col_off * size
    top = job.extent.ymax - window.row_off * size
    extent = Extent(left, top - window.height * size, left + window.width * size, top)
    view = View(extent=extent, width=int(window.width), height=int(window.height))
    request = ImageRequest(view=view, encoding=Encoding(format="bsq"))
    made = plan(service, request)
    if made.truncated and window.width > _LEAST_CHUNK and window.height > _LEAST_CHUNK:
        return _quarters(job, service, window, skipped)
    if made.truncated:
        skipped.add(made.truncated)
    # Orders that depend on the view are fixed in the world, as tiles have them.
    made = replace(made, per_pixel=METHODS[made.method].depends_on_view)
    work = Work(service, UNLIMITED)
    has_words = made.stretch is None and made.pixel_type is service.summary.pixel_type
    pixels = (
        render_words(made, work, made.pixel_type)
        if has_words
        else render_request(made, request, work)
    )
    skipped.update(work.skipped)
    return pixels


def _quarters(
    job: RenderJob, service: ImageService, window: Window, skipped: set[str]
) -> PixelBlock:
    width, height = int(window.width), int(window.height)
    bands = len(service.summary.bands)
    data = np.zeros((bands, height, width), service.summary.pixel_type.dtype_name)
    valid = np.zeros((bands, height, width), np.bool_)
    for row, rows in ((0, height // 2), (height // 2, height - height // 2)):
        for col, cols in ((0, width // 2), (width // 2, width - width // 2)):
            part = Window(window.col_off + col, window.row_off + row, cols, rows)
            block = _planes(_chunk(job, service, part, skipped))
            data[:, row : row + rows, col : col + cols] = block.data
            valid[:, row : row + rows, col : col + cols] = block.valid
    return PixelBlock(data, valid)
