"""An open raster behind a connection: what the raster library opened, over a file of ranges.

The library is given one driver, found by the first bytes, and one file: whatever it looks for beside
it is not there. What a read underneath failed with is raised in place of what the library makes of it,
also where it makes nothing of it: bytes that did not come are never taken for pixels.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rasterio
from rasterio.abc import FileContainer
from rasterio.env import env_ctx_if_needed
from rasterio.errors import RasterioError

from engine.errors import SourceCorrupt, UnknownProduct
from engine.readers.remote.remote_file import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasterio.io import DatasetReader

# By first bytes; one file each, pixels inside.
_DRIVERS: tuple[tuple[bytes, str], ...] = (
    (b"II*\0", "GTiff"),
    (b"MM\0*", "GTiff"),
    (b"II+\0", "GTiff"),
    (b"MM\0+", "GTiff"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JP2OpenJPEG"),
    (b"\xff\x4f\xff\x51", "JP2OpenJPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)
REMOTE_DRIVERS = tuple(dict.fromkeys(driver for _, driver in _DRIVERS))
_NAME = "/object"


class _OneFile(FileContainer):  # type: ignore[misc]  # -- the library is not typed
    """A file system of one file."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file

    def open(self, path: str, mode: str = "r", **_: object) -> RemoteFile:
        if path != _NAME or "w" in mode:
            raise FileNotFoundError(path)
        return self._file

    def isfile(self, path: str) -> bool:
        return path == _NAME

    def isdir(self, path: str) -> bool:  # noqa: ARG002 -- the interface's signature
        return False

    def ls(self, path: str) -> list[str]:  # noqa: ARG002 -- the interface's signature
        return []

    def mtime(self, path: str) -> int:  # noqa: ARG002 -- the interface's signature
        return 0

    def size(self, path: str) -> int:  # noqa: ARG002 -- the interface's signature
        return self._file.size

    def rm(self, path: str) -> None:
        raise PermissionError(path)


class RemoteDataset:
    """Stands where a `rasterio.DatasetReader` does; belongs to the thread that opened it."""

    def __init__(self, file: RemoteFile, dataset: DatasetReader) -> None:
        self._file = file
        self._dataset = dataset
        # The library may have kept what it made of bytes that did not come.
        self.is_spoiled = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)

    def __enter__(self) -> RemoteDataset:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._dataset.close()

    def read(self, *arguments: Any, **options: Any) -> Any:
        """Read as the library's reader does.

        Raises
        ------
        SourceError, StorageError, DeadlineExceeded, Cancelled
            What the object, its storage or the request's budget said.
        """
        with self._whole():
            return self._dataset.read(*arguments, **options)

    def read_masks(self, *arguments: Any, **options: Any) -> Any:
        """Read masks; raises what `read` does."""
        with self._whole():
            return self._dataset.read_masks(*arguments, **options)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            with _failures_of(self._file):
                yield
        finally:
            self.is_spoiled = self.is_spoiled or self._file.failure is not None


@contextmanager
def _failures_of(file: RemoteFile) -> Iterator[None]:
    """Raise what a read underneath failed with."""
    file.failure = None
    try:
        yield
    except RasterioError as err:
        if file.failure is not None:
            raise file.failure from err
        raise
    if file.failure is not None:
        raise file.failure


def open_remote(
    path: str, driver: str | None, known: tuple[int, int], options: dict[str, Any]
) -> RemoteDataset:
    """Open an object as a raster.

    Parameters
    ----------
    driver
        The one that must open it; found by its first bytes where not given.
    known : (size, fingerprint)

    Raises
    ------
    SourceError, StorageError, DeadlineExceeded, Cancelled
    """
    file = RemoteFile(path, known)
    head = file.read(16)
    if file.failure is not None:
        raise file.failure
    file.seek(0)
    found = next((name for mark, name in _DRIVERS if head.startswith(mark)), None)
    if found is None or (driver is not None and driver != found):
        accepted = ", ".join(REMOTE_DRIVERS)
        raise UnknownProduct(path, f"is no raster that is read from afar; accepted: {accepted}")
    try:
        with env_ctx_if_needed(), _failures_of(file):
            dataset = rasterio.open(_NAME, driver=found, opener=_OneFile(file), **options)
    except (RasterioError, ValueError, MemoryError) as err:
        raise SourceCorrupt(path, f"cannot be opened: {err}") from err
    return RemoteDataset(file, dataset)
