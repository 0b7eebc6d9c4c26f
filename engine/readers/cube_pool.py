"""Open netCDF files and Zarr stores, one handle for all datasets that read slices of the same one.

A time series has thousands of slices in a file; opening the file for each would take longer than reading them.
For the same reason the last few files stay open when nobody uses them any more.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from engine.readers.cube_arrays import CubeFile, open_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.readers.cube_arrays import CubeArray

_MOST_IDLE = 4

# Process, path, driver, and which version of the file.
_Key: TypeAlias = "tuple[int, str, str, int, int]"


@dataclass(slots=True)
class SharedFile:
    """An open file with what is known of its arrays.

    Attributes
    ----------
    facts : dict
        What users worked out of it, by variable.
    """

    file: CubeFile
    arrays: Mapping[str, CubeArray]
    facts: dict[str, Any] = field(default_factory=dict)
    users: int = 0


class _Pool:
    lock = threading.Lock()
    files: ClassVar[dict[_Key, SharedFile]] = {}


def borrow(path: str, driver: str) -> tuple[_Key, SharedFile]:
    """Return a file that is open, with the key to give it back by.

    Raises
    ------
    SourceUnavailable, SourceCorrupt, UnknownProduct
    """
    try:
        status = Path(path).stat()
        version = (status.st_size, status.st_mtime_ns)
    except OSError:
        # Opening it says what is the matter.
        version = (-1, -1)
    key = (os.getpid(), path, driver, *version)
    with _Pool.lock:
        found = _Pool.files.get(key)
        if found is None:
            file = open_file(path, driver)
            try:
                found = SharedFile(file, file.arrays())
            except BaseException:
                file.close()
                raise
            _Pool.files[key] = found
        found.users += 1
        return key, found


def give_back(key: _Key) -> None:
    """End the use of a file; of those that nobody uses the one longest unused is closed."""
    with _Pool.lock:
        found = _Pool.files.pop(key)
        found.users -= 1
        # The last of all is the one used last.
        _Pool.files[key] = found
        _close_idle(key)


def _close_idle(last: _Key) -> None:
    idle = [key for key, shared in _Pool.files.items() if shared.users <= 0]
    replaced = [key for key in idle if key[1:3] == last[1:3] and key != last]
    for key in {*replaced, *idle[:-_MOST_IDLE]}:
        _Pool.files.pop(key).file.close()
