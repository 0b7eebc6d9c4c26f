"""What `swath cache` asks of running servers, and what they answer: small files in the data folder.

    .cache-orders/<id>             an order; every server of the folder follows it once
    .cache-orders/<id>.<pid>       what one server says of it

Who gave an order takes it away again; what is left of commands that were killed goes after a minute.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.errors import ConfigError
from server.site.atomic_files import write_line

if TYPE_CHECKING:
    from pathlib import Path

_LASTS_S = 60.0
_LOOK_S = 0.05
# Servers look twice a second; other servers of the folder answer with the first.
_OTHERS_S = 0.6


class CacheOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked; `service` "" = all."""

    what: Literal["show", "clear"]
    service: str = ""


class ServiceShare(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of one service."""

    service: str
    answers: int
    memory_bytes: int
    pictures: int
    disk_bytes: int


class CacheReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of its caches, after it did what was asked.

    Attributes
    ----------
    cleared : tuple of int
        How many answers were dropped from memory, and from disk.
    disk_max_bytes : int
        0 = there is no disk cache.
    """

    pid: int
    cleared: tuple[int, int] = (0, 0)
    memory_max_bytes: int
    disk_max_bytes: int
    disk_trouble: str = ""
    hits: int
    misses: int
    disk_hits: int
    disk_misses: int
    stale: int
    services: tuple[ServiceShare, ...]


class CacheOrders:
    """The orders of one data folder; all of it blocks."""

    def __init__(self, data: Path) -> None:
        self._folder = data / ".cache-orders"
        self._followed: set[str] = set()

    def new(self) -> list[tuple[str, CacheOrder]]:
        """Return the orders that were not given by this before; costs one look where there are none."""
        try:
            names = [file.name for file in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        found = []
        for name in names:
            if self._is_over(name) or "." in name or name in self._followed:
                continue
            self._followed.add(name)
            try:
                data = (self._folder / name).read_bytes()
                found.append((name, msgspec.json.decode(data, type=CacheOrder)))
            except (FileNotFoundError, msgspec.DecodeError):  # taken back, or of another version
                continue
        return found

    def tell(self, name: str, report: CacheReport) -> None:
        """Say what has been done.

        Raises
        ------
        ConfigError
        """
        text = (
            msgspec.json.encode(report).decode("utf-8").encode("ascii", "replace").decode("ascii")
        )
        write_line(self._folder / f"{name}.{report.pid}", text)

    def give(self, order: CacheOrder, within_s: float) -> list[CacheReport]:
        """Give an order and return what the servers say, as soon as there is one.

        Raises
        ------
        ConfigError
            The folder cannot be written, or no server says anything.
        """
        name = secrets.token_hex(8)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as err:
            raise ConfigError(self._folder, "", f"cannot be made: {err.strerror}") from err
        try:
            write_line(self._folder / name, msgspec.json.encode(order).decode())
            ends = time.monotonic() + within_s
            while not self._reports(name):
                if time.monotonic() > ends:
                    why = f"the server of this data folder has said nothing for {within_s:g} s"
                    raise ConfigError(self._folder.parent, "", why)
                time.sleep(_LOOK_S)
            time.sleep(_OTHERS_S)
            return [
                msgspec.json.decode(file.read_bytes(), type=CacheReport)
                for file in self._reports(name)
            ]
        finally:
            for file in (self._folder / name, *self._reports(name)):
                file.unlink(missing_ok=True)

    def _reports(self, name: str) -> list[Path]:
        return sorted(self._folder.glob(f"{name}.*"))

    def _is_over(self, name: str) -> bool:
        file = self._folder / name
        try:
            is_over = abs(time.time() - file.stat().st_mtime) > _LASTS_S
            if is_over:
                file.unlink(missing_ok=True)
        except FileNotFoundError:
            return True
        return is_over
