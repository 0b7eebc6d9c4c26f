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
from engine.build.halving import halved_majority, halved_mean
from engine.build.overview_members import CELL_PX
from engine.errors import SourceCorrupt
from engine.extent import Extent
from engine.mosaic.methods import METHODS
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import Encoding, ImageRequest, View
from engine.service import ImageService, open_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

_log = logging.getLogger("swath.build")
_LEAST_CHUNK = 64
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
    waiting, part = path.with_suffix(".tiles"), path.with_suffix(".part.tif")
    try:
        with _Kept(job) as kept, closing(CogWriter(_shape(job, service), waiting)) as writer:
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
        waiting.unlink(missing_ok=True)
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
        self.skipped: set[str] = set()

    @property
    def no_data(self) -> float | None:
        """What stands for holes in bands; None = there are none."""
        return self._holes.value if self._holes.are_there else None

    def render(self) -> None:
        """Render all tiles."""
        self._tile(len(self._levels) - 1, 0, 0)

    def _tile(self, level: int, row: int, col: int) -> PixelBlock:
        block = self._cell(row, col) if level == 0 else self._of_four(level, row, col)
        valid = block.valid_any()
        self._writer.put((level, row, col), self._holes.filled(block, valid), valid)
        return block

    def _of_four(self, level: int, row: int, col: int) -> PixelBlock:
        """Return a tile made of those of the level below that it covers."""
        width, height = self._levels[level - 1]
        first_row, first_col = 2 * row * CELL_PX, 2 * col * CELL_PX
        rows = min(2 * CELL_PX, height - first_row)
        cols = min(2 * CELL_PX, width - first_col)
        size = ((rows + 1) // 2, (cols + 1) // 2)
        data: NDArray[Any] | None = None
        valid: NDArray[np.bool_] | None = None
        for down in range(0, rows, CELL_PX):
            for right in range(0, cols, CELL_PX):
                place = (2 * row + down // CELL_PX, 2 * col + right // CELL_PX)
                below = self._tile(level - 1, *place)
                own, good = self._halved(below.data, below.valid)
                if data is None or valid is None:
                    data = np.zeros((own.shape[0], *size), own.dtype)
                    valid = np.zeros((own.shape[0], *size), np.bool_)
                at = np.s_[
                    :, down // 2 : down // 2 + own.shape[1], right // 2 : right // 2 + own.shape[2]
                ]
                data[at], valid[at] = own, good
        if data is None or valid is None:
            raise ValueError("a tile of nothing")
        return PixelBlock(data, valid)

    def _cell(self, row: int, col: int) -> PixelBlock:
        job = self._job
        left, top = col * CELL_PX, row * CELL_PX
        window = Window(left, top, min(CELL_PX, job.width - left), min(CELL_PX, job.height - top))
        if row * -(-job.width // CELL_PX) + col in self._cells:
            return _chunk(job, self._service, window, self.skipped)
        data, valid = self._kept.read(window)
        return PixelBlock(data, np.ascontiguousarray(valid[np.newaxis]))


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


def _chunk(job: RenderJob, service: ImageService, window: Window, skipped: set[str]) -> PixelBlock:
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
    pixels = render_request(made, request, work)
    skipped.update(work.skipped)
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


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
            block = _chunk(job, service, part, skipped)
            data[:, row : row + rows, col : col + cols] = block.data
            valid[:, row : row + rows, col : col + cols] = block.valid
    return PixelBlock(data, valid)
