"""The data folder: where published services lie and how they are found.

    services/<folder>/<name>/<content hash>.zmd     immutable versions
    services/<folder>/<name>/current                one line: the hash that serves; replaced atomically
    services/<folder>/<name>/history                one hash a line, oldest first, for rollback
    services/<folder>/<name>/stopped                exists: the service is stopped
    services/<folder>/<name>/deleted                exists: it is no service any more, its files go soon
    services/.revision                              replaced at every change; a running server polls it

A service without a folder lies in services/<name>. Rule: a folder with the file `current` is a
service, any other is a folder of services. Reading takes no lock: every change is one rename.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_NAME = 128
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_VERSION = re.compile(r"[0-9a-f]{32}")
_ACCEPTED = (
    f"NAME or FOLDER/NAME of letters, digits, '_', '.' and '-', not beginning with '.', "
    f"at most {MAX_NAME} characters each"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One service as its folder says.

    Attributes
    ----------
    name : str
        "folder/name", or "name" without a folder.
    """

    name: str
    home: Path
    version: str
    is_stopped: bool
    problem: str = ""

    @property
    def path(self) -> Path:
        """The file that serves."""
        return self.home / f"{self.version}.zmd"


def check_service_name(full_name: str) -> str:
    """Return the name of a service when it is one.

    Raises
    ------
    InvalidParameter
        With what would be accepted.
    """
    parts = full_name.split("/")
    if len(parts) > 2 or not all(_NAME.fullmatch(part) and len(part) <= MAX_NAME for part in parts):
        raise InvalidParameter("name", full_name, _ACCEPTED)
    return full_name


class DataFolder:
    """A data folder, there or not yet.

    Parameters
    ----------
    path
        `--data`, $SWATH_DATA or ./swath-data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.services = path / "services"

    @property
    def revision_file(self) -> Path:
        """The file that is replaced at every change."""
        return self.services / ".revision"

    def revision(self) -> tuple[int, int]:
        """Return what differs after every change; (0, 0) while nothing was ever published."""
        try:
            status = self.revision_file.stat()
        except FileNotFoundError:
            return (0, 0)
        return status.st_ino, status.st_mtime_ns

    def home(self, full_name: str) -> Path:
        """Return the folder of a service's files.

        Raises
        ------
        InvalidParameter
            The name is not one of a service.
        """
        return self.services.joinpath(*check_service_name(full_name).split("/"))

    def entry(self, full_name: str) -> Entry | None:
        """Return one service, None where there is none of this name."""
        return _read_entry(full_name, self.home(full_name))

    def entries(self) -> Iterator[Entry]:
        """Yield all services by name."""
        for home in _folders(self.services):
            entry = _read_entry(home.name, home)
            if entry is not None:
                yield entry
                continue
            for inner in _folders(home):
                entry = _read_entry(f"{home.name}/{inner.name}", inner)
                if entry is not None:
                    yield entry


def _folders(parent: Path) -> list[Path]:
    try:
        found = [path for path in parent.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(found)


def _read_entry(full_name: str, home: Path) -> Entry | None:
    is_stopped = (home / "stopped").exists()
    try:
        version = (home / "current").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as err:
        return Entry(full_name, home, "", is_stopped, f"'current' cannot be read: {err}")
    if not _VERSION.fullmatch(version):
        problem = f"'current' holds {version[:40]!r}, which is no version"
        return Entry(full_name, home, "", is_stopped, problem)
    return Entry(full_name, home, version, is_stopped)
