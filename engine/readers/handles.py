"""A bounded pool of open datasets for one thread: GDAL handles never cross threads.

A file is looked at again at most once a second before it is read, and always after it was read: one
that differs from what was catalogued gives no pixels, so old and new bytes never meet in one image. Of
an object behind a connection, each answer of its storage is looked at instead.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import SourceUnavailable
from engine.readers.drivers import open_raster
from engine.readers.source_state import SourceState
from engine.source_name import is_remote

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

    from engine.item import Source

_RECHECK_S = 1.0


class HandlePool:
    """Open datasets by (file, overview), least recently used closed first.

    Parameters
    ----------
    max_open : int
        Open datasets at most.
    """

    def __init__(self, max_open: int = 256) -> None:
        self._max_open = max_open
        self._open: OrderedDict[tuple[Source, int], DatasetReader] = OrderedDict()
        self._checked: dict[Source, float] = {}

    def get(self, source: Source, overview: int) -> DatasetReader:
        """Return an open dataset; `overview` -1 = full resolution.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
            The file is gone, has changed, or does not open.
        """
        self.check(source)
        key = (source, overview)
        found = self._open.get(key)
        if found is not None and getattr(found, "is_spoiled", False):
            self._open.pop(key).close()
        elif found is not None:
            self._open.move_to_end(key)
            return found
        dataset = open_raster(
            source.path,
            source.driver,
            overview if overview >= 0 else None,
            placed=False,
            known=SourceState(source.size, source.mtime_ns),
        )
        self._open[key] = dataset
        while len(self._open) > self._max_open:
            _, old = self._open.popitem(last=False)
            old.close()
        return dataset

    def check(self, source: Source) -> None:
        """Make sure that a file is the one that was catalogued.

        Raises
        ------
        SourceUnavailable
            It is gone or has another size or time of change.
        """
        if time.monotonic() - self._checked.get(source, -_RECHECK_S) >= _RECHECK_S:
            self.confirm(source)

    def confirm(self, source: Source) -> None:
        """Make sure of it now: what was read before this returns are the catalogued bytes.

        Raises
        ------
        SourceUnavailable
            See `check`.
        """
        if is_remote(source.path):
            # Each answer of its storage said that it is this object.
            return
        now = time.monotonic()
        try:
            status = Path(source.path).stat()
        except OSError as err:
            self._drop(source)
            raise SourceUnavailable(source.path, err.strerror or str(err)) from err
        if (status.st_size, status.st_mtime_ns) != (source.size, source.mtime_ns):
            self._drop(source)
            raise SourceUnavailable(
                source.path, "has changed since it was catalogued; build and publish again"
            )
        if len(self._checked) > 4 * self._max_open:
            self._checked.clear()
        self._checked[source] = now

    def _drop(self, source: Source) -> None:
        self._checked.pop(source, None)
        for key in [key for key in self._open if key[0] == source]:
            self._open.pop(key).close()

    def close(self) -> None:
        """Close everything."""
        for dataset in self._open.values():
            dataset.close()
        self._open.clear()
        self._checked.clear()
