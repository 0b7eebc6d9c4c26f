"""The data folder: where published services lie and how they are found.

    services/<folder>/<name>/<content hash>.zmd     immutable versions
    services/<folder>/<name>/current                one line: the hash that serves; replaced atomically
    services/<folder>/<name>/history                one hash a line, oldest first, for rollback
    services/<folder>/<name>/instances              how many it has of its own (`config.placement`); absent: shared
    services/<folder>/<name>/stopped                exists: the service is stopped
    services/<folder>/<name>/deleted                exists: it is no service any more, its files go soon
    services/.revision                              replaced at every change; a running server polls it
    system.toml                                     the site's settings (`config.site`); polled, too

A service without a folder lies in services/<name>. Rule: a folder with the file `current` is a
service, any other is a folder of services. Reading takes no lock: every change is one rename.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_NAME = 128
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
# Times of folders are counted in ticks of some milliseconds, on the network in seconds.
_YOUNG_NS = 2_000_000_000
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

    def holds(self, full_name: str, version: str) -> bool:
        """Tell whether a version of a service serves or may be gone back to; yes while nobody can know."""
        if not self.services.is_dir():
            return True
        try:
            entry = self.entry(full_name)
        except InvalidParameter:
            return False
        return entry is not None and (entry.home / f"{version}.zmd").is_file()

    def entries(self) -> Iterator[Entry]:
        """Yield all services by name."""
        yield from EntryReader(self).entries()

    def names_in(self, folder: str) -> list[str]:
        """Return the full names of the services in a folder."""
        homes = _folders(self.services / folder)
        inner = [_read_entry(f"{folder}/{home.name}", Path(home.path)) for home in homes]
        return [entry.name for entry in inner if entry is not None]


class EntryReader:
    """Reads the services of a folder again and again, each only after something in its own folder has changed.

    All changes there are renames, new files and removed ones, which give the folder another time. A
    time that is too young to tell two changes apart is not relied on.
    """

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, Entry]] = {}

    def entries(self) -> Iterator[Entry]:
        """Yield all services by name; one that has not changed is the very same object as before."""
        before, self._known = self._known, {}
        for home in _folders(self._folder.services):
            entry = self._entry(home.name, home, before)
            if entry is not None:
                yield entry
                continue
            for inner in _folders(home):
                entry = self._entry(f"{home.name}/{inner.name}", inner, before)
                if entry is not None:
                    yield entry

    def _entry(
        self, name: str, home: os.DirEntry[str], before: Mapping[str, tuple[int, Entry]]
    ) -> Entry | None:
        # Looked at first: a change while the files are read shows at the next call.
        changed_ns = home.stat().st_mtime_ns
        known = before.get(home.path)
        if known is not None and known[0] == changed_ns:
            self._known[home.path] = known
            return known[1]
        entry = _read_entry(name, Path(home.path))
        if entry is not None and not entry.problem and time.time_ns() - changed_ns > _YOUNG_NS:
            self._known[home.path] = (changed_ns, entry)
        return entry


def read_history(home: Path) -> list[str]:
    """Return the versions that a service may go back to, and its current one, least recently served first."""
    try:
        return (home / "history").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []


def _folders(parent: str | os.PathLike[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(parent) as listed:
            found = [each for each in listed if _NAME.fullmatch(each.name) and each.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda each: each.name)


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
