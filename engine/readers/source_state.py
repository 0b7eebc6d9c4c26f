"""What tells that a source has changed: size and time of change of a file, size and fingerprint of an object.

Also says whether a path may be read at all: local files lie under the roots, where there are any.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from engine.errors import SourceError, SourceUnavailable, UnknownProduct
from engine.readers.source_access import is_under_roots
from engine.source_name import is_remote

_FOREIGN_NAME = re.compile(r"^\s*<|^/vsi|^[A-Za-z][A-Za-z0-9+._-]+:", re.IGNORECASE)


class SourceState(NamedTuple):
    """Size in bytes, and time of change in ns; of an object a fingerprint stands for the time."""

    size: int
    mtime_ns: int


GONE = SourceState(-1, 0)


def check_source(path: str) -> SourceState:
    """Check that a source is an ordinary local file or an object behind a connection; return its state.

    Raises
    ------
    UnknownProduct
        The text is neither, the thing is no regular file, or it lies outside the roots.
    SourceUnavailable
        There is none, or it may not be read.
    StorageError, DeadlineExceeded, Cancelled
        Of objects.
    """
    if is_remote(path):
        from engine.readers.remote.remote_file import (  # noqa: PLC0415 -- few sources are remote
            object_state,
        )

        return SourceState(*object_state(path))
    if _FOREIGN_NAME.match(path) or "\0" in path or "\n" in path:
        raise UnknownProduct(
            path, "not a path of a local file; expected an absolute or relative path"
        )
    try:
        status = Path(path).stat()
    except OSError as err:
        raise SourceUnavailable(path, err.strerror or str(err)) from err
    if not stat.S_ISREG(status.st_mode):
        raise UnknownProduct(path, "not a regular file")
    if not is_under_roots(path):
        raise UnknownProduct(path, "lies outside the folders that the setting 'roots' allows")
    if not os.access(path, os.R_OK):
        raise SourceUnavailable(path, "no permission to read it")
    return SourceState(status.st_size, status.st_mtime_ns)


def state_of_source(path: str) -> SourceState:
    """Return the state of a source, whatever it holds; `GONE` where there is none.

    Raises
    ------
    StorageError, DeadlineExceeded, Cancelled
        Of objects.
    """
    if is_remote(path):
        try:
            return check_source(path)
        except SourceError:
            return GONE
    try:
        status = Path(path).stat()
    except OSError:
        return GONE
    return SourceState(status.st_size, status.st_mtime_ns)
