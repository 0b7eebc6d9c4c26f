"""Make the levels that a raster lacks, in a file of the definition: sources are never touched.

A pixel of a level is the mean of the valid ones of two by two before it (of classes the commonest), and
valid where any of them is; what stands for no data is filled in elsewhere.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from engine.build.halving import halved_majority, halved_mean
from engine.build.item_pixels import valid_samples
from engine.build.raster_record import PyramidFile
from engine.errors import SourceCorrupt
from engine.item import Level
from engine.readers.drivers import open_raster
from engine.sample_rule import SampleRule

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rasterio.io import DatasetReader, DatasetWriter

    from engine.readers.header import RasterHeader

# A raster whose coarsest level is larger than this lacks levels.
LEAST_SIDE = 512
_BLOCK = 512
_STRIP_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidJob:
    """One file that lacks levels.

    Attributes
    ----------
    source : int
        Which of the item's files, in the order of its record.
    folder : str
        The definition's.
    first_level : int
        How many levels of the file's own stay.
    no_data : str or None
        Of the bands used, stated by the author or the file; None = none.
    """

    id: int
    source: int = 0
    header: RasterHeader
    folder: str
    thematic: bool
    first_level: int
    no_data: str | None = None
    valid_range: tuple[float, float] | None = None

    @property
    def path(self) -> str:
        """The raster."""
        return self.header.path

    @property
    def rule(self) -> SampleRule:
        """Which samples are valid."""
        return SampleRule(None if self.no_data is None else float(self.no_data), self.valid_range)


def pyramid_name(job: PyramidJob) -> str:
    """Return the name of the file for a raster as it is now."""
    header = job.header
    facts = (header.path, header.driver, header.size, header.mtime_ns, job.first_level)
    said = (job.no_data, job.valid_range, job.thematic)
    text = "|".join(map(str, (*facts, *said)))
    return f"pyramids/{job.id}_{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}.tif"


def make_pyramid(job: PyramidJob) -> PyramidFile:
    """Make the levels of one raster, each half as large as the one before.

    Raises
    ------
    SourceCorrupt
        The raster cannot be read or the file not written.
    """
    header = job.header
    name = pyramid_name(job)
    path = Path(job.folder) / name
    part = path.with_suffix(".part.tif")
    try:
        if not path.is_file():
            _write(job, part)
            part.replace(path)
        levels = _levels_of(path)
    except (RasterioError, OSError) as err:
        raise SourceCorrupt(header.path, f"its pyramid cannot be made: {err}") from err
    finally:
        part.unlink(missing_ok=True)
        part.with_suffix(".tif.msk").unlink(missing_ok=True)
    return PyramidFile(path=name, first_level=job.first_level, levels=levels, source=job.source)


def _write(job: PyramidJob, part: Path) -> None:
    header = job.header
    last = header.levels[job.first_level - 1]
    width, height = math.ceil(last.width / 2), math.ceil(last.height / 2)
    overview = job.first_level - 2 if job.first_level > 1 else None
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        open_raster(header.path, header.driver, overview) as source,
        rasterio.open(part, "w", **_profile(job, source, width, height)) as out,
    ):
        if header.alpha_band:
            out.colorinterp = source.colorinterp
        per_row = source.width * source.count * np.dtype(source.dtypes[0]).itemsize
        step = max(64, min(_BLOCK, _STRIP_BYTES // (2 * per_row) // 64 * 64))
        for row in range(0, height, step):
            _write_strip(job, source, out, (row, min(step, height - row)))
        factors = _factors(max(width, height))
        if factors:
            out.build_overviews(factors, Resampling.mode if job.thematic else Resampling.average)


def _write_strip(
    job: PyramidJob, source: DatasetReader, out: DatasetWriter, rows: tuple[int, int]
) -> None:
    """Write rows from one on, and so many of them."""
    first, count = rows
    window = Window(0, 2 * first, source.width, min(2 * count, source.height - 2 * first))
    place = Window(0, first, out.width, count)
    data = np.asarray(source.read(window=window))
    mask = _mask(job, source, data, window)
    halved = halved_majority if job.thematic else halved_mean
    valid = valid_samples(data, job.rule.no_data, job.valid_range)
    if mask is not None:
        valid &= mask
    small, small_valid = halved(data, valid)
    small = job.rule.filled(small, small_valid)
    if mask is not None:
        seen = np.any(small_valid, axis=0)
        if job.header.alpha_band:
            # A half transparent edge counts as valid, as everywhere.
            opaque = np.iinfo(small.dtype).max if small.dtype.kind in "ui" else 1
            small[job.header.alpha_band - 1] = np.where(seen, opaque, 0)
        else:
            out.write_mask(seen, window=place)
    out.write(small, window=place)


def _mask(
    job: PyramidJob, source: DatasetReader, data: NDArray[Any], window: Window
) -> NDArray[np.bool_] | None:
    if job.header.alpha_band:
        return np.asarray(data[job.header.alpha_band - 1] != 0)
    if job.header.mask == "dataset":
        return np.asarray(source.read_masks(1, window=window) != 0)
    return None


def _profile(job: PyramidJob, source: DatasetReader, width: int, height: int) -> dict[str, Any]:
    dtype, place = source.dtypes[0], source.transform
    scale_x, scale_y = source.width / width, source.height / height
    return {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "count": source.count,
        "dtype": dtype,
        "nodata": job.rule.fill(np.dtype(dtype)),
        "crs": source.crs,
        "transform": Affine(
            place.a * scale_x,
            place.b * scale_y,
            place.c,
            place.d * scale_x,
            place.e * scale_y,
            place.f,
        ),
        "tiled": True,
        "blockxsize": _BLOCK,
        "blockysize": _BLOCK,
        "compress": "deflate",
        "predictor": 3 if dtype.startswith("float") else 2,
        "interleave": "pixel",
        "bigtiff": "if_safer",
    }


def _factors(side: int) -> list[int]:
    count = max(0, math.ceil(math.log2(side / (LEAST_SIDE / 2))))
    return [2**n for n in range(1, count + 1)]


def _levels_of(path: Path) -> tuple[Level, ...]:
    levels = []
    with open_raster(str(path), "GTiff") as dataset:
        count = len(dataset.overviews(1))
        rows, cols = dataset.block_shapes[0]
        levels.append(Level(dataset.width, dataset.height, cols, rows))
    for overview in range(count):
        with open_raster(str(path), "GTiff", overview) as dataset:
            rows, cols = dataset.block_shapes[0]
            levels.append(Level(dataset.width, dataset.height, cols, rows))
    return tuple(levels)
