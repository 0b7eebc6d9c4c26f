"""What the front knows of the published services: their heads, kept current by polling one file.

Rules: reading only, no lock, no rasters. A version that cannot be read is logged and the last good
one goes on serving; `get` is a look-up in a dict that is replaced as a whole.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from config.layers import SettingsError
from config.placement import SHARED, Placement, read_placement
from engine.errors import ConfigError
from engine.zmd import connect_read_only, read_summary
from server.python_functions.known import FunctionRegistry
from server.site.data_folder import DataFolder, EntryReader, read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.summary import ServiceSummary
    from server.site.data_folder import Entry

_log = logging.getLogger("swath.services")


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A version that served until `ended` (monotonic time)."""

    version: str
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedService:
    """One version of a service that serves.

    Attributes
    ----------
    name : str
        Full name, "folder/name".
    version : str
        Content hash; travels with each request, so an answer is wholly old or wholly new.
    path : str
        Absolute path of the compiled definition.
    placement : Placement
        Whether it shares instances, or how many it has of its own.
    before : tuple of Predecessor
        Versions that it came after, latest first; none after a roll-back, which takes a version back.
    """

    name: str
    version: str
    path: str
    summary: ServiceSummary
    placement: Placement = SHARED
    state: Literal["started", "stopped"] = "started"
    before: tuple[Predecessor, ...] = ()

    @property
    def folder(self) -> str:
        """The folder, "" for the root."""
        return self.name.rpartition("/")[0]

    @property
    def short_name(self) -> str:
        """The name inside its folder."""
        return self.name.rpartition("/")[2]


class ServiceRegistry:
    """The services of a data folder that are started.

    Parameters
    ----------
    data
        The data folder; it may appear later.
    before_change
        Called after services were read and before they are given out: reads who may see them.
    """

    def __init__(self, data: Path, before_change: Callable[[], object] = lambda: None) -> None:
        self._before_change = before_change
        self._folder = DataFolder(data)
        self._functions = FunctionRegistry(data)
        self._reader = EntryReader(self._folder)
        self._read: dict[str, Entry] = {}
        self._revision: tuple[int, int] | None = None
        self._services: Mapping[str, PublishedService] = MappingProxyType({})
        self._problems: dict[str, str] = {}

    def get(self, name: str) -> PublishedService | None:
        """Return a started service by its full name."""
        return self._services.get(name)

    def names(self) -> list[str]:
        """Return the full names of all started services, in order."""
        return list(self._services)

    def folders(self) -> list[str]:
        """Return the folders that hold started services."""
        return sorted({service.folder for service in self._services.values() if service.folder})

    def services(self, folder: str = "") -> list[PublishedService]:
        """Return the started services of a folder; "" is the root."""
        return [service for service in self._services.values() if service.folder == folder]

    @property
    def problems(self) -> Mapping[str, str]:
        """Services whose published version cannot be read, with the reason."""
        return self._problems

    def poll(self) -> bool:
        """Take up what has changed since the last call, and tell whether anything has.

        Costs one `stat` when nothing has.
        """
        self._functions.poll()
        # Read first: a change while the folders are read shows at the next call.
        revision = self._folder.revision()
        if revision == self._revision:
            return False
        found: dict[str, PublishedService] = {}
        problems: dict[str, str] = {}
        read: dict[str, Entry] = {}
        for entry in self._reader.entries():
            if entry.is_stopped:
                continue
            read[entry.name] = entry
            if entry is self._read.get(entry.name):
                # Nothing in its folder has changed since it was taken up.
                found[entry.name] = self._services[entry.name]
                continue
            try:
                found[entry.name] = self._placed(self._open(entry), entry, problems)
            except ConfigError as err:
                problems[entry.name] = str(err)
                _log.error("service %s: %s", entry.name, err)
                if entry.name in self._services:
                    found[entry.name] = self._services[entry.name]
        changed = found != dict(self._services)
        self._before_change()
        self._services = MappingProxyType(found)
        self._problems = problems
        self._read = {name: entry for name, entry in read.items() if name not in problems}
        self._revision = revision
        return changed

    def _placed(
        self, service: PublishedService, entry: Entry, problems: dict[str, str]
    ) -> PublishedService:
        """Return a service with what is written about its instances; what cannot be read changes nothing."""
        try:
            placement = read_placement(entry.home)
        except SettingsError as err:
            problems[entry.name] = str(err)
            _log.error("service %s keeps its instances: %s", entry.name, err)
            return service
        return service if service.placement == placement else replace(service, placement=placement)

    def _open(self, entry: Entry) -> PublishedService:
        if entry.problem:
            raise ConfigError(entry.home, "", entry.problem)
        known = self._services.get(entry.name)
        path = str(entry.path.absolute())
        if known is not None and (known.version, known.path) == (entry.version, path):
            return known
        with closing(connect_read_only(entry.path)) as handle:
            summary = read_summary(handle, entry.path)
        return PublishedService(
            name=entry.name,
            version=entry.version,
            path=path,
            summary=summary,
            before=_predecessors(entry, known),
        )


def _predecessors(entry: Entry, known: PublishedService | None) -> tuple[Predecessor, ...]:
    """Return the versions that a version came after, as far as they are kept."""
    history = read_history(entry.home)
    place = history.index(entry.version) if entry.version in history else 0
    earlier = history[:place]
    if known is not None:
        if known.version == entry.version:
            return known.before
        if known.version not in earlier:
            return ()
        others = [each for each in known.before if each.version in earlier]
        return (Predecessor(known.version, time.monotonic()), *others)
    if not earlier or entry.version != history[-1]:
        return ()
    # First seen at start: it has served since its name was written.
    age_s = max(0.0, time.time() - (entry.home / "current").stat().st_mtime)
    return (Predecessor(earlier[-1], time.monotonic() - age_s),)
