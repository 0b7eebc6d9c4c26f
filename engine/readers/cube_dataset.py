"""A variable of a netCDF file or Zarr store as a raster: bands, rows and columns, north up.

The last two dimensions are rows and columns; all before them, flattened in order, are bands. A driver of
"netCDF:NAME" or "Zarr:NAME" says which variable a source is; "netCDF:NAME/7" is its layer 7 (from 0) alone.
Readers use `CubeDataset` where they use an open GDAL dataset; it has what they need of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError

from engine.errors import InvalidParameter, SourceCorrupt, SourceError, UnknownProduct
from engine.geometry.projection import LONLAT, crs_of_wkt
from engine.pixel_type import pixel_type_of_dtype
from engine.readers.cube_pool import borrow, give_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from rasterio.windows import Window

    from engine.readers.cube_arrays import CubeArray, CubeFile

Geotransform = tuple[float, float, float, float, float, float]

# A coordinate may be off an even spacing by this share of a step.
_UNEVEN = 0.05
_LONGITUDES = ("degrees_east", "degree_east", "degrees_e", "degree_e", "degreese")
_UNCHUNKED = 512


@dataclass(frozen=True, slots=True)
class _Facts:
    """What opening a variable finds out."""

    array: CubeArray
    flip_x: bool
    flip_y: bool
    geotransform: Geotransform | None
    crs: str


class CubeDataset:
    """One variable or one of its layers, open for reading.

    Attributes
    ----------
    geotransform : 6 floats or None
        None where its coordinates are not evenly spaced, or there are none.
    crs : str
        Canonical key, "" = not said.

    Raises
    ------
    SourceError
        There is no such variable or layer, or it is no raster.
    """

    # What rasterio's datasets say of masks and overviews: there are none.
    mask_flag_enums: Sequence[Sequence[Any]] = ((),)

    def __init__(self, path: str, driver: str) -> None:
        kind, _, named = driver.partition(":")
        # Neither netCDF's names nor those of folders hold a slash.
        variable, _, layer = named.partition("/")
        self.name = path
        key, shared = borrow(path, kind)
        self._key: tuple[int, str, str, int, int] | None = key
        try:
            self._file: CubeFile = shared.file
            facts = shared.facts.get(variable)
            if facts is None:
                facts = shared.facts[variable] = _facts(path, shared.file, shared.arrays, variable)
            self.array: CubeArray = facts.array
            self._flip_x, self._flip_y = facts.flip_x, facts.flip_y
            self.geotransform: Geotransform | None = facts.geotransform
            self.crs: str = facts.crs
            self._first, self.count = _layers(path, facts.array, layer)
        except BaseException:
            self.close()
            raise

    @property
    def height(self) -> int:
        """Rows."""
        return self.array.shape[-2]

    @property
    def width(self) -> int:
        """Columns."""
        return self.array.shape[-1]

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Of each band."""
        return (_served_type(self.array).name,) * self.count

    @property
    def nodatavals(self) -> tuple[float | None, ...]:
        """None for each band: what averages leave out is for the catalog to say."""
        return (None,) * self.count

    @property
    def block_shapes(self) -> list[tuple[int, int]]:
        """Rows and columns of what is stored in one piece."""
        if self.array.chunks:
            rows, cols = self.array.chunks[-2:]
        else:
            rows = cols = _UNCHUNKED
        return [(min(rows, self.height), min(cols, self.width))] * self.count

    def overviews(self, band: int) -> list[int]:
        """Return []: the file has one level."""
        del band
        return []

    def close(self) -> None:
        """Give the file back; a second time does nothing."""
        if self._key is not None:
            give_back(self._key)
            self._key = None

    def __enter__(self) -> CubeDataset:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(
        self,
        indexes: int | Sequence[int] | None = None,
        window: Window | None = None,
        out_shape: tuple[int, ...] | None = None,
        resampling: Resampling = Resampling.nearest,
    ) -> NDArray[Any]:
        """Return samples of bands, from 1, as rasterio does.

        Raises
        ------
        RasterioIOError
        """
        bands = range(1, self.count + 1) if indexes is None else indexes
        if isinstance(bands, int):
            return self._band(bands, window, out_shape, resampling)
        shape = None if out_shape is None else out_shape[-2:]
        return np.stack([self._band(band, window, shape, resampling) for band in bands])

    def read_masks(
        self,
        indexes: int | Sequence[int] | None = None,
        window: Window | None = None,
        out_shape: tuple[int, ...] | None = None,
    ) -> NDArray[np.uint8]:
        """Return 255 everywhere: what is no data is told by its value."""
        rows, cols = self._size(window) if out_shape is None else out_shape[-2:]
        if isinstance(indexes, int):
            return np.full((rows, cols), 255, np.uint8)
        count = self.count if indexes is None else len(indexes)
        return np.full((count, rows, cols), 255, np.uint8)

    def _size(self, window: Window | None) -> tuple[int, int]:
        if window is None:
            return self.height, self.width
        return int(window.height), int(window.width)

    def _band(
        self,
        band: int,
        window: Window | None,
        out_shape: tuple[int, ...] | None,
        resampling: Resampling,
    ) -> NDArray[Any]:
        if not 1 <= band <= self.count:
            raise RasterioIOError(f"band {band} of {self.count}")
        rows, cols = self._size(window)
        top, left = (0, 0) if window is None else (int(window.row_off), int(window.col_off))
        inside = top >= 0 and left >= 0 and top + rows <= self.height and left + cols <= self.width
        if not inside:
            raise RasterioIOError("window beside the raster")
        layer = self._first + band - 1
        outer = np.unravel_index(layer, self.array.shape[:-2]) if self.array.shape[:-2] else ()
        index: tuple[int | slice, ...] = (
            *map(int, outer),
            _run(top, rows, self.height, is_flipped=self._flip_y),
            _run(left, cols, self.width, is_flipped=self._flip_x),
        )
        try:
            found = self._file.read(self.array.name, index)
        except SourceError as err:
            raise RasterioIOError(str(err.fields[1])) from err
        found = found[:: -1 if self._flip_y else 1, :: -1 if self._flip_x else 1]
        found = np.ascontiguousarray(found, _served_type(self.array))
        return found if out_shape is None else _resized(found, out_shape, resampling)


def _layers(path: str, array: CubeArray, layer: str) -> tuple[int, int]:
    """Return the first layer of a dataset and their count."""
    count = math.prod(array.shape[:-2])
    if not layer:
        return 0, count
    number = int(layer) if layer.isascii() and layer.isdigit() and len(layer) < 10 else -1
    if not 0 <= number < count:
        raise UnknownProduct(path, f"variable {array.name!r} has no layer {layer!r} of {count}")
    return number, 1


def _facts(path: str, file: CubeFile, arrays: Mapping[str, CubeArray], variable: str) -> _Facts:
    array = _raster_array(path, arrays, variable)
    x, y = (_coordinate(file, arrays, dim) for dim in (array.dims[-1], array.dims[-2]))
    return _Facts(
        array=array,
        flip_x=x is not None and x[1] < 0,
        flip_y=y is not None and y[1] > 0,
        geotransform=_placed(array, x, y),
        crs=_crs(arrays, array),
    )


def _coordinate(
    file: CubeFile, arrays: Mapping[str, CubeArray], dim: str
) -> tuple[float, float] | None:
    """Return first value and step of a dimension's coordinate; None where it is not even."""
    found = arrays.get(dim)
    if found is None or len(found.shape) != 1:
        return None
    values = file.read(found.name, (slice(None),)).astype(np.float64)
    if values.size < 2 or not np.isfinite(values).all():
        return None
    step = (values[-1] - values[0]) / (values.size - 1)
    even = values[0] + step * np.arange(values.size)
    if step == 0 or np.abs(values - even).max() > _UNEVEN * abs(step):
        return None
    return float(values[0]), float(step)


def _placed(
    array: CubeArray, x: tuple[float, float] | None, y: tuple[float, float] | None
) -> Geotransform | None:
    if x is None or y is None:
        return None
    rows, cols = array.shape[-2:]
    step_x, step_y = abs(x[1]), abs(y[1])
    # Coordinates are those of pixel centres.
    left = min(x[0], x[0] + x[1] * (cols - 1)) - step_x / 2
    top = max(y[0], y[0] + y[1] * (rows - 1)) + step_y / 2
    return (left, step_x, 0.0, top, 0.0, -step_y)


def _raster_array(path: str, arrays: Mapping[str, CubeArray], variable: str) -> CubeArray:
    array = arrays.get(variable)
    if array is None:
        raise UnknownProduct(path, f"has no variable {variable!r} of numbers")
    if len(array.shape) < 2 or 0 in array.shape:
        raise UnknownProduct(path, f"variable {variable!r} has no rows and columns")
    if pixel_type_of_dtype(_served_type(array).name) is None:
        accepted = "served are 8, 16 and 32-bit integers and 32 and 64-bit floats"
        raise UnknownProduct(path, f"has samples of type {array.dtype.name}; {accepted}")
    return array


def _served_type(array: CubeArray) -> np.dtype[Any]:
    """Return the type of samples as they are read: of 64-bit integers floats, exact up to 2**53."""
    own = array.dtype.newbyteorder("=")
    return np.dtype(np.float64) if own.name in ("int64", "uint64") else own


def _run(first: int, count: int, size: int, *, is_flipped: bool) -> slice:
    if is_flipped:
        first = size - first - count
    return slice(first, first + count)


def _resized(found: NDArray[Any], shape: tuple[int, ...], resampling: Resampling) -> NDArray[Any]:
    rows, cols = shape[-2:]
    if resampling is Resampling.average and found.shape[0] % rows == found.shape[1] % cols == 0:
        high, wide = found.shape[0] // rows, found.shape[1] // cols
        mean = found.reshape(rows, high, cols, wide).mean(axis=(1, 3), dtype=np.float64)
        return np.asarray(np.rint(mean) if found.dtype.kind in "iu" else mean).astype(found.dtype)
    row = ((np.arange(rows) + 0.5) * found.shape[0] / rows).astype(np.intp)
    col = ((np.arange(cols) + 0.5) * found.shape[1] / cols).astype(np.intp)
    return np.ascontiguousarray(found[np.ix_(row, col)])


def _crs(arrays: Mapping[str, CubeArray], array: CubeArray) -> str:
    """Return the canonical key of a variable's CRS, "" where nothing says it.

    References
    ----------
    CF conventions 1.11, 5.6: grid mappings; `crs_wkt` before its parameters.
    """
    mapping = arrays.get(str(array.attributes.get("grid_mapping", "")).strip())
    said = array.attributes if mapping is None else mapping.attributes
    try:
        for key in ("crs_wkt", "spatial_ref"):
            if isinstance(said.get(key), str) and said[key].strip():
                return crs_of_wkt(said[key])
        if mapping is not None and said.get("grid_mapping_name"):
            return crs_of_wkt(dict(said))
    except InvalidParameter as err:
        raise SourceCorrupt(array.path, f"its grid mapping cannot be used: {err}") from err
    across = arrays.get(array.dims[-1])
    units = "" if across is None else str(across.attributes.get("units", ""))
    return LONLAT if units.lower() in _LONGITUDES else ""
