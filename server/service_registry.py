"""What the front knows of the published services: their heads, kept current by polling one file.

Rules: reading only, no lock, no rasters. A version that cannot be read is logged and the last good
one goes on serving; `get` is a look-up in a dict that is replaced as a whole.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from engine.errors import ConfigError
from engine.zmd import connect_read_only, read_summary
from server.data_folder import DataFolder
from server.python_functions.known import FunctionRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.summary import ServiceSummary
    from server.data_folder import Entry

_log = logging.getLogger("swath.services")


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
    """

    name: str
    version: str
    path: str
    summary: ServiceSummary
    state: Literal["started", "stopped"] = "started"

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
    """

    def __init__(self, data: Path) -> None:
        self._folder = DataFolder(data)
        self._functions = FunctionRegistry(data)
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
        for entry in self._folder.entries():
            if entry.is_stopped:
                continue
            try:
                found[entry.name] = self._open(entry)
            except ConfigError as err:
                problems[entry.name] = str(err)
                _log.error("service %s: %s", entry.name, err)
                if entry.name in self._services:
                    found[entry.name] = self._services[entry.name]
        changed = found != dict(self._services)
        self._services = MappingProxyType(found)
        self._problems = problems
        self._revision = revision
        return changed

    def _open(self, entry: Entry) -> PublishedService:
        if entry.problem:
            raise ConfigError(entry.home, "", entry.problem)
        known = self._services.get(entry.name)
        path = str(entry.path.absolute())
        if known is not None and (known.version, known.path) == (entry.version, path):
            return known
        with closing(connect_read_only(entry.path)) as handle:
            summary = read_summary(handle, entry.path)
        return PublishedService(name=entry.name, version=entry.version, path=path, summary=summary)
