"""The folder of a disk cache: whose it is, what lies where, and what does not belong there.

    CACHEDIR.TAG                                       says what this is; held (flock) by the server that uses it
    <folder of the service, or +>/<service>/<version>/<x>/<name>    a picture; x = the first digit of its name
    ….<server>.part                                    a picture that is being written

Everything else in a folder with the tag is swept; a folder with other files and no tag is refused.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import Settings

TAG = "CACHEDIR.TAG"
_TAG_TEXT = """\
Signature: 8a477f597d28d172789f06886806bc55
# Pictures that Swath has made and may make again; https://bford.info/cachedir/ says what this file is.
"""
_ROOT = "+"
_PLACE = re.compile(
    r"(?:\+|[\w-][\w.-]*)/[\w-][\w.-]*/[0-9a-f]{32}/[0-9a-f]/[0-9a-f]{32}", re.ASCII
)
# What a file takes of a disk is counted in whole blocks.
_BLOCK = 4096
_PRIVATE = 0o700


def folder_of(settings: Settings) -> Path:
    """Return where the disk cache of a server lies."""
    folder = settings.cache.folder
    return (Path(folder) if folder else Path(settings.data) / "cache").absolute()


def disk_bytes(size: int) -> int:
    """Return what a file of `size` bytes takes of a disk."""
    return -(-size // _BLOCK) * _BLOCK


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A file of the cache, used last at `used` (seconds since 1970)."""

    service: str
    version: str
    name: bytes
    size: int
    used: float


class CacheFolder:
    """Files of one disk cache; all of it blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = -1

    def claim(self) -> None:
        """Make the folder if need be and hold it, so that no second server counts its bytes, too.

        Raises
        ------
        ConfigError
            It holds what is not of a cache.
        OSError
            It cannot be made or written, or another server has it.
        """
        self.path.mkdir(_PRIVATE, parents=True, exist_ok=True)
        tag = self.path / TAG
        if not tag.exists():
            if any(self.path.iterdir()):
                why = "holds other files; name an empty folder, or one that has been a cache before"
                raise ConfigError(self.path, "cache.folder", why)
            tag.write_text(_TAG_TEXT, "ascii")
        handle = os.open(tag, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            os.close(handle)
            raise OSError(errno.EBUSY, "another server keeps its pictures there") from err
        self._held = handle

    def renew(self) -> None:
        """Claim the folder again where somebody has removed it."""
        if not self.is_cache():
            self.release()
            self.claim()

    @property
    def is_claimed(self) -> bool:
        """Whether this process has it."""
        return self._held >= 0

    def release(self) -> None:
        """Let another server have it."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def is_cache(self) -> bool:
        """Tell whether there is a cache."""
        return (self.path / TAG).is_file()

    def home(self, service: str, version: str = "") -> Path:
        """Return the folder of a service's pictures, or of one version's."""
        folder, _, name = service.rpartition("/")
        home = self.path / (folder or _ROOT) / name
        return home / version if version else home

    def file(self, service: str, version: str, name: bytes) -> Path:
        """Return the place of a picture."""
        text = name.hex()
        return self.home(service, version) / text[0] / text

    def pictures(self) -> Iterator[FoundPicture]:
        """Yield all pictures, in no order; what does not belong here is left alone."""
        for place in self._files(self.path):
            found = self._picture(place)
            if found is not None:
                yield found

    def sweep(self, own: str) -> list[FoundPicture]:
        """Return all pictures, those used longest ago first, and remove what does not belong here.

        Parameters
        ----------
        own
            Ending of the files that this process is writing.
        """
        found = []
        for place in self._files(self.path):
            picture = self._picture(place)
            if picture is not None:
                found.append(picture)
            elif place != TAG and not place.endswith(own):
                with suppress(
                    OSError
                ):  # where nothing can be removed, nothing can be written: that is told
                    (self.path / place).unlink()
        self._remove_empty()
        found.sort(key=lambda picture: picture.used)
        return found

    def remove(self, service: str, version: str = "") -> None:
        """Remove the pictures of a service, or of one of its versions."""
        shutil.rmtree(self.home(service, version), ignore_errors=True)

    def remove_all(self) -> None:
        """Remove all pictures."""
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)

    def _picture(self, place: str) -> FoundPicture | None:
        if not _PLACE.fullmatch(place):
            return None
        folder, service, version, _, name = place.split("/")
        try:
            status = (self.path / place).stat()
        except FileNotFoundError:
            return None
        return FoundPicture(
            service=service if folder == _ROOT else f"{folder}/{service}",
            version=version,
            name=bytes.fromhex(name),
            size=disk_bytes(status.st_size),
            used=max(status.st_atime, status.st_mtime),
        )

    def _files(self, start: Path) -> Iterator[str]:
        for folder, _, names in os.walk(start):
            inner = os.path.relpath(folder, start)
            for name in names:
                yield name if inner == "." else f"{inner}/{name}"

    def _remove_empty(self) -> None:
        for folder, _, _ in os.walk(self.path, topdown=False):
            if folder != str(self.path):
                with suppress(OSError):  # it holds something, or may not be removed
                    Path(folder).rmdir()
