"""What a variable of a netCDF file or Zarr store says of itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.errors import SourceCorrupt
from engine.item import Level
from engine.pixel_type import pixel_type_of_dtype
from engine.readers.cube_dataset import CubeDataset
from engine.readers.file_levels import MAX_BLOCK_BYTES
from engine.readers.header import (
    MAX_BANDS,
    MAX_SIDE,
    BandHeader,
    RasterHeader,
)

if TYPE_CHECKING:
    from engine.readers.source_state import SourceState

_NO_DATA = ("_FillValue", "missing_value")


def cube_header(path: str, driver: str, state: SourceState) -> RasterHeader:
    """Read the header of a variable.

    Raises
    ------
    SourceError
        It is not there, is no raster, or has sizes that are not served.
    """
    with CubeDataset(path, driver) as dataset:
        _check_limits(path, dataset)
        pixel_type = pixel_type_of_dtype(dataset.dtypes[0])
        assert pixel_type is not None
        rows, cols = dataset.block_shapes[0]
        said = dataset.array.attributes
        band = BandHeader(
            pixel_type=pixel_type,
            no_data_text=_no_data(said),
            color="gray",
            name=dataset.array.name,
            scale=_number(said.get("scale_factor"), 1.0),
            offset=_number(said.get("add_offset"), 0.0),
        )
        return RasterHeader(
            path=path,
            driver=driver,
            size=state.size,
            mtime_ns=state.mtime_ns,
            width=dataset.width,
            height=dataset.height,
            geotransform=dataset.geotransform,
            crs=dataset.crs,
            bands=(band,) * dataset.count,
            levels=(Level(dataset.width, dataset.height, cols, rows),),
        )


def _check_limits(path: str, dataset: CubeDataset) -> None:
    if dataset.count > MAX_BANDS:
        raise SourceCorrupt(path, f"has {dataset.count} layers; at most {MAX_BANDS} are served")
    if max(dataset.width, dataset.height) > MAX_SIDE:
        raise SourceCorrupt(path, f"claims {dataset.width} × {dataset.height} pixels")
    array = dataset.array
    size = math.prod(array.chunks or (1, *dataset.block_shapes[0])) * array.dtype.itemsize
    if size > MAX_BLOCK_BYTES:
        why = f"is stored in pieces of {size >> 20} MB, more than the {MAX_BLOCK_BYTES >> 20} MB served"
        raise SourceCorrupt(path, why)


def _no_data(said: Any) -> str:
    for key in _NO_DATA:
        value = said.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, int | float):
            return repr(float(value))
        # Zarr writes what JSON cannot as text.
        if isinstance(value, str) and value.lower() in ("nan", "infinity", "-infinity"):
            return repr(float(value))
    return ""


def _number(value: object, instead: float) -> float:
    if isinstance(value, list) and value:
        value = value[0]
    good = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if good and isinstance(value, int | float) else instead
