"""Read all blocks of a raster file, in parts that workers take; runs in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rasterio import Env
from rasterio._err import CPLE_BaseError
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from engine.build.deflate_check import bad_block, has_checksums
from engine.readers.drivers import open_raster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rasterio.io import DatasetReader

    from engine.item import Level

# Samples of one part: a few seconds, so that no part outlives a worker's time.
_PART_SAMPLES = 256 << 20
# Samples of one read.
_READ_SAMPLES = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJob:
    """Some rows of one level of a file.

    Attributes
    ----------
    level : int
        0 = full resolution, then GDAL's overviews.
    first, end : int
        Rows, `end` not among them; (0, 0) opens the file only.
    is_last : bool
        Whether it is the file's last part.
    """

    path: str
    driver: str
    level: int
    first: int
    end: int
    is_last: bool


def check_jobs(path: str, driver: str, levels: Sequence[Level], bands: int) -> Iterator[CheckJob]:
    """Yield the parts of a file as its header tells; one part that opens it where there is none."""
    spans: list[tuple[int, int, int]] = []
    for number, level in enumerate(levels):
        rows = max(1, level.block_height)
        step = max(1, _PART_SAMPLES // max(1, level.width * bands) // rows) * rows
        spans += [(number, first, first + step) for first in range(0, level.height, step)]
    spans = spans or [(0, 0, 0)]
    for count, (number, first, end) in enumerate(spans, 1):
        yield CheckJob(
            path=path,
            driver=driver,
            level=number,
            first=first,
            end=end,
            is_last=count == len(spans),
        )


def check_blocks(job: CheckJob) -> str:
    """Read a part of a file; return a sentence on the first block that cannot be read, "" for none.

    Raises
    ------
    SourceError
        The file does not open.
    """
    overview = None if job.level == 0 else job.level - 1
    # What libjpeg makes up where a file ends too soon is no pixel of the file.
    with (
        Env(GDAL_ERROR_ON_LIBJPEG_WARNING=True),
        open_raster(job.path, job.driver or None, overview) as dataset,
    ):
        for window in _windows(dataset, job):
            why = _fault(dataset, window)
            if why:
                place = f"level {job.level}, row {window.row_off}, column {window.col_off}"
                return f"Cannot be read at {place}: {why}."
    return _bad_checksum(job)


def _bad_checksum(job: CheckJob) -> str:
    """Return a sentence on the first deflated block whose checksum is wrong, "" for none."""
    with open_raster(job.path, job.driver or None) as dataset:
        if not has_checksums(dataset):
            return ""
        overview = None if job.level == 0 else job.level - 1
        with open_raster(job.path, job.driver or None, overview) as level:
            (rows, cols), width = level.block_shapes[0], level.width
            end = min(job.end, level.height)
        for row in range(job.first // rows, -(-end // rows)):
            for col in range(-(-width // cols)):
                why = bad_block(dataset, job.level, (row, col))
                if why:
                    place = f"level {job.level}, row {row * rows}, column {col * cols}"
                    return f"Cannot be read at {place}: {why}."
    return ""


def _windows(dataset: DatasetReader, job: CheckJob) -> Iterator[Window]:
    """Yield windows of whole blocks."""
    rows, cols = dataset.block_shapes[0]
    end = min(job.end, dataset.height)
    wide = max(1, _READ_SAMPLES // (rows * cols * dataset.count)) * cols
    for row in range(job.first, end, rows):
        for col in range(0, dataset.width, wide):
            width, height = min(wide, dataset.width - col), min(rows, end - row)
            yield Window(col, row, width, height)


def _fault(dataset: DatasetReader, window: Window) -> str:
    try:
        dataset.read(window=window)
        if MaskFlags.per_dataset in dataset.mask_flag_enums[0]:
            dataset.read_masks(1, window=window)
    except (RasterioError, CPLE_BaseError, MemoryError, ValueError) as err:
        cause = err.__cause__ or err
        return " ".join(str(cause).replace(dataset.name, "the file").split()).rstrip(".")
    return ""
