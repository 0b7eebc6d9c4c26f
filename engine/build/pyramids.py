"""Make the levels that a raster lacks, in a file of the definition: sources are never touched."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from engine.build.raster_record import ItemStatus, PyramidFile
from engine.build.raster_rows import several_rasters
from engine.errors import SourceCorrupt
from engine.item import PRIMARY, Level
from engine.readers.drivers import open_raster

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable
    from engine.readers.header import RasterHeader

# A raster whose coarsest level is larger than this lacks levels.
LEAST_SIDE = 512
_BLOCK = 512
_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidJob:
    """One raster that lacks levels; `folder` is the definition's, `low_ps` the item's."""

    id: int
    header: RasterHeader
    folder: str
    thematic: bool
    low_ps: float

    @property
    def path(self) -> str:
        """The raster."""
        return self.header.path


def lacks_levels(header: RasterHeader) -> bool:
    """Tell whether a raster's coarsest level is still large."""
    last = header.levels[-1]
    return max(last.width, last.height) > LEAST_SIDE


def pyramid_name(fid: int, header: RasterHeader) -> str:
    """Return the name of the file for a raster as it is now."""
    text = f"{header.path}|{header.size}|{header.mtime_ns}|{len(header.levels)}"
    return f"pyramids/{fid}_{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}.tif"


def pyramid_jobs(
    folder: DefinitionFolder, table: ServiceTable, *, thematic: bool
) -> list[PyramidJob]:
    """Return the primaries that lack levels and have no pyramid yet."""
    folder.pyramids.mkdir(exist_ok=True)
    jobs = []
    for row in table.rows(f"Category = {PRIMARY} AND StatusId = {int(ItemStatus.READY)}"):
        headers = row.headers
        # Items of several files would need one pyramid a file.
        is_one = len(headers) == 1 and row.built.pyramid is None
        if is_one and lacks_levels(headers[0]) and not several_rasters(row.raster):
            low_ps = float(row.attributes.get("LowPS") or 0.0)
            jobs.append(
                PyramidJob(
                    id=row.id,
                    header=headers[0],
                    folder=str(folder.path),
                    thematic=thematic,
                    low_ps=low_ps,
                )
            )
    return jobs


def make_pyramid(job: PyramidJob) -> PyramidFile:
    """Make the levels of one raster, each half as large as the one before.

    Raises
    ------
    SourceCorrupt
        The raster cannot be read or the file not written.
    """
    header = job.header
    name = pyramid_name(job.id, header)
    path = Path(job.folder) / name
    part = path.with_suffix(".part.tif")
    last = header.levels[-1]
    width, height = math.ceil(last.width / 2), math.ceil(last.height / 2)
    try:
        if not path.is_file():
            _write(job, part, (width, height))
            part.replace(path)
        levels = _levels_of(path)
    except (RasterioError, OSError) as err:
        raise SourceCorrupt(header.path, f"its pyramid cannot be made: {err}") from err
    finally:
        part.unlink(missing_ok=True)
        part.with_suffix(".tif.msk").unlink(missing_ok=True)
    return PyramidFile(path=name, first_level=len(header.levels), levels=levels)


def _write(job: PyramidJob, part: Path, size: tuple[int, int]) -> None:
    header = job.header
    own_levels = len(header.levels)
    resampling = Resampling.mode if job.thematic else Resampling.average
    width, height = size
    overview = own_levels - 2 if own_levels > 1 else None
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        open_raster(header.path, header.driver, overview) as source,
        rasterio.open(part, "w", **_profile(source, width, height)) as out,
    ):
        if header.alpha_band:
            out.colorinterp = source.colorinterp
        for row in range(0, height, _ROWS):
            rows = min(_ROWS, height - row)
            ratio = source.height / height
            window = Window(0, row * ratio, source.width, rows * ratio)
            out.write(
                _reduced(source, window, (rows, width), resampling),
                window=Window(0, row, width, rows),
            )
            if header.mask == "dataset":
                mask = source.read_masks(1, window=window, out_shape=(rows, width))
                out.write_mask(mask != 0, window=Window(0, row, width, rows))
        factors = _factors(max(width, height))
        if factors:
            out.build_overviews(factors, resampling)


def _profile(source: DatasetReader, width: int, height: int) -> dict[str, Any]:
    dtype, place = source.dtypes[0], source.transform
    scale_x, scale_y = source.width / width, source.height / height
    return {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "count": source.count,
        "dtype": dtype,
        "nodata": source.nodata,
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


def _reduced(
    source: DatasetReader, window: Window, shape: tuple[int, int], resampling: Resampling
) -> np.ndarray[Any, Any]:
    data = source.read(window=window, out_shape=(source.count, *shape), resampling=resampling)
    for band, color in enumerate(source.colorinterp):
        if color == ColorInterp.alpha:
            # A half transparent edge would count as valid: the nearest pixel decides, as everywhere.
            data[band] = source.read(band + 1, window=window, out_shape=shape)
    return np.asarray(data)


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
