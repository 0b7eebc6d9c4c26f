"""Small files that are replaced as a whole, and the lock of who changes a folder."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_line(path: Path, text: str, mode: int = 0o666) -> None:
    """Replace a small file as a whole, on disk before it has its name.

    Parameters
    ----------
    mode : int
        Who may read it, less the umask.

    Raises
    ------
    ConfigError
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as err:
        # A file system that cannot be written refuses even to remove what is not there.
        with suppress(OSError):
            part.unlink()
        raise ConfigError(path, "", f"cannot be written: {err.strerror}") from err


def read_line(path: Path) -> str:
    """Return the text of a small file, "" where there is none."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def change_of(folder: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock of a folder; what the system refuses inside becomes a `ConfigError`.

    Raises
    ------
    ConfigError
        Another change goes on for longer than `wait_s`.
    """
    path = folder / ".lock"
    try:
        file = path.open("a")
    except OSError as err:
        raise ConfigError(path, "", f"cannot be written: {err.strerror}") from err
    with file:
        give_up = time.monotonic() + wait_s
        while not _locked(file.fileno()):
            if time.monotonic() > give_up:
                raise ConfigError(path, "", f"another change of {folder} is under way; try again")
            time.sleep(0.05)
        try:
            yield
        except OSError as err:
            why = f"cannot be changed: {err.strerror or err}"
            raise ConfigError(err.filename or folder, "", why) from err


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
