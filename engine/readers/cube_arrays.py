"""Arrays of netCDF files and Zarr stores: names, dimensions and samples, nothing of maps.

Rules: a netCDF file is a checked local file; a Zarr array is named by its metadata file (`.zarray` or
`zarr.json`), a checked local file too, and its store is the folder around it. Neither goes through GDAL,
whose drivers for them also take addresses on the network. netCDF's library is not for several threads at
once: one lock guards it.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import SourceCorrupt, UnknownProduct
from engine.readers.source_state import check_source
from engine.source_name import is_remote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

ZARR_MARKS = (".zarray", "zarr.json")
_MOST_VARIABLES = 2000
_MARK_BYTES = 10_000_000
_lock = threading.RLock()


@dataclass(frozen=True, slots=True)
class CubeArray:
    """One array of a file or store.

    Attributes
    ----------
    path : str
        The netCDF file, or the Zarr array's metadata file.
    name : str
        In the file; of Zarr the name of the array's folder.
    dims : tuple of str
        Names of the dimensions, "" where they have none.
    chunks : tuple of int
        Shape of what is stored in one piece.
    attributes : dict
        Plain values.
    """

    path: str
    driver: str
    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: Mapping[str, Any]

    def read(self, index: tuple[int | slice, ...]) -> NDArray[Any]:
        """Return samples as stored.

        Raises
        ------
        SourceCorrupt
        """
        with open_file(self.path, self.driver) as file:
            return file.read(self.name, index)


class CubeFile:
    """An open netCDF file, or the group of a Zarr store in which an array stands."""

    def __init__(self, path: str, driver: str) -> None:
        self.path, self.driver = path, driver
        self._handle: Any = _open(path, driver)

    def __enter__(self) -> CubeFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        if self.driver == "netCDF" and self._handle is not None:
            with _lock:
                self._handle.close()
        self._handle = None

    def arrays(self) -> dict[str, CubeArray]:
        """Return all arrays of numbers by name.

        Raises
        ------
        SourceCorrupt
        """
        with _guarded(self.path):
            return {array.name: array for array in self._arrays()}

    def read(self, name: str, index: tuple[int | slice, ...]) -> NDArray[Any]:
        """Return samples of an array as stored.

        Raises
        ------
        SourceCorrupt
        """
        with _guarded(self.path):
            found = self._handle[name] if name else self._handle
            return np.asarray(found[index])

    def _arrays(self) -> Iterator[CubeArray]:
        members = _netcdf_members if self.driver == "netCDF" else _zarr_members
        for count, (name, array) in enumerate(members(self._handle)):
            if count >= _MOST_VARIABLES:
                raise ValueError(f"more than {_MOST_VARIABLES} variables")
            dtype = np.dtype(array.dtype)
            if dtype.kind in "iuf" or not array.shape:
                yield self._array(name, array, dtype)

    def _array(self, name: str, array: Any, dtype: np.dtype[Any]) -> CubeArray:
        shape = tuple(int(side) for side in array.shape)
        if self.driver == "netCDF":
            chunking = array.chunking()
            chunks = tuple(chunking) if isinstance(chunking, list) else ()
            attributes = {key: _plain(array.getncattr(key)) for key in array.ncattrs()}
            return CubeArray(
                self.path, "netCDF", name, array.dimensions, shape, chunks, dtype, attributes
            )
        attributes = dict(array.attrs)
        if array.metadata.zarr_format == 2 and array.metadata.fill_value is not None:
            # In version 3 every array has one, whether it stands for anything or not.
            attributes.setdefault("_FillValue", _plain(array.metadata.fill_value))
        dims = attributes.get("_ARRAY_DIMENSIONS") or array.metadata_dims
        path = str(array.mark)
        return CubeArray(
            path, "Zarr", name, tuple(dims), shape, tuple(array.chunks), dtype, attributes
        )


def open_file(path: str, driver: str) -> CubeFile:
    """Open a netCDF file, or the store around a Zarr metadata file.

    Raises
    ------
    SourceUnavailable, SourceCorrupt, UnknownProduct
    """
    if is_remote(path):
        raise UnknownProduct(path, "netCDF and Zarr are read from local files only")
    check_source(path)
    return CubeFile(path, driver)


@dataclass(frozen=True, slots=True)
class _ZarrArray:
    """A Zarr array with what its metadata file says beside it."""

    array: Any
    mark: Path
    metadata_dims: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.array, name)

    def __getitem__(self, index: Any) -> Any:
        return self.array[index]


def _open(path: str, driver: str) -> Any:
    with _guarded(path):
        if driver == "netCDF":
            # Who delivers files may rewrite them while they are served; it is noticed.
            os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
            import netCDF4  # noqa: PLC0415 -- an extra, and slow to import

            file = netCDF4.Dataset(path, "r")
            file.set_auto_maskandscale(False)
            return file
        mark = Path(path)
        if mark.stat().st_size > _MARK_BYTES:
            raise ValueError("its metadata are too large")
        json.loads(mark.read_bytes())
        import zarr  # noqa: PLC0415 -- an extra, and slow to import

        folder = mark.parent
        is_group = mark.name == ".zgroup" or is_zarr_group(mark)
        group = folder if is_group else folder.parent
        return _ZarrGroup(zarr, group, "" if is_group else folder.name)


def is_zarr_group(mark: Path) -> bool:
    """Tell whether a metadata file of Zarr 3 is that of a group, not of one of its arrays."""
    return mark.name == "zarr.json" and json.loads(mark.read_bytes()).get("node_type") == "group"


class _ZarrGroup:
    """The arrays that stand in one folder, whether that is a group or not."""

    def __init__(self, zarr: Any, folder: Path, only: str) -> None:
        self._zarr, self._folder, self._only = zarr, folder, only

    def __getitem__(self, name: str) -> Any:
        mark = self._mark(name)
        if mark is None:
            raise KeyError(name)
        array = self._zarr.open_array(str(self._folder / name), mode="r")
        names = getattr(array.metadata, "dimension_names", None) or ()
        return _ZarrArray(array, mark, tuple(each or "" for each in names))

    def names(self) -> list[str]:
        inside = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        return [name for name in inside if self._mark(name) is not None]

    def _mark(self, name: str) -> Path | None:
        for mark in ZARR_MARKS:
            path = self._folder / name / mark
            if path.is_file() and not (mark == "zarr.json" and is_zarr_group(path)):
                return path
        return None


def _zarr_members(group: _ZarrGroup) -> Iterator[tuple[str, Any]]:
    yield from ((name, group[name]) for name in group.names())


def _netcdf_members(file: Any) -> Iterator[tuple[str, Any]]:
    for name, variable in file.variables.items():
        # Compound and text variables have no numpy kind of numbers.
        if isinstance(variable.dtype, np.dtype):
            yield name, variable


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


class _guarded:  # noqa: N801 -- used like a function
    """Hold the lock, and turn what the libraries raise into errors of the file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        _lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, _: Any) -> None:
        _lock.release()
        if isinstance(err, ImportError):
            why = "netCDF and Zarr need an extra: pip install 'swath[cubes]'"
            raise UnknownProduct(self._path, why) from err
        if isinstance(err, Exception):
            folder = str(Path(self._path).parent)
            text = " ".join(str(err).replace(f"{folder}/", "").split())[:200]
            raise SourceCorrupt(self._path, f"cannot be read: {text or kind}") from err
