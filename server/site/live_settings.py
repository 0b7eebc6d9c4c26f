"""The settings in force: those of the start, and over them what the site changes while the server runs.

What cannot be read, or does not fit into memory, changes nothing and is one line in the log.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from config.layers import Layer, Layers, SettingsError, nested
from config.load import settled
from config.settings import Settings
from config.site import LIVE, read_site, setting_keys, site_file, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_log = logging.getLogger("swath.server")
Revision: TypeAlias = tuple[int, int, int]


class LiveSettings:
    """Settings that follow the site.

    Parameters
    ----------
    settings
        Those of the start, the site's included.
    layers
        What other sources than the site said at the start; None = `settings` are all there is.

    Attributes
    ----------
    base : Layers
        What other sources than the site say.
    current : Settings
        In force; replaced as a whole.
    problem : str
        Why the site's file is not followed; "" = it is.
    waiting : tuple of str
        Keys that the site has changed and that take effect at the next start.
    """

    def __init__(self, settings: Settings, layers: Layers | None = None) -> None:
        self.current = settings
        self.problem = ""
        self.waiting: tuple[str, ...] = ()
        self._start = settings
        self._data = Path(settings.data)
        self.base = layers or Layers((Layer("start", "start", msgspec.to_builtins(settings)),))
        # As if nothing were set: the first look takes up what is.
        self._revision: Revision = (0, 0, 0)
        self._site: Mapping[str, Any] = {}

    @property
    def revision(self) -> Revision:
        """The revision of the site's file that was looked at last."""
        return self._revision

    def poll(self) -> bool:
        """Follow the site's file, and tell whether other settings are in force now; one `stat` else."""
        revision = revision_of(self._data)
        if revision == self._revision:
            return False
        self._revision = revision
        before = self.current
        try:
            site = read_site(self._data)
            self._settle(site)
        except SettingsError as err:
            self.problem = str(err)
            _log.error("the settings in force stay: %s", err)
            return False
        self._site, self.problem = site, ""
        if self.current != before:
            _log.info("settings changed: %s", ", ".join(_changes(before, self.current)))
        if self.waiting:
            _log.info("for the next start: %s", ", ".join(self.waiting))
        return self.current != before

    def refit(self) -> bool:
        """Count what services have of their own anew, and tell whether there is memory for it."""
        try:
            self._settle(self._site)
        except SettingsError as err:
            _log.error("services keep their instances: %s", err)
            return False
        return True

    def _settle(self, site: Mapping[str, Any]) -> None:
        layers = self.base
        if site:
            layers = layers.over(Layer("site", str(site_file(self._data)), site))
        wanted = settled(layers)
        self.current = _with(self._start, wanted, [*LIVE, "dedicated_instances"])
        self.waiting = tuple(
            key
            for key in setting_keys()
            if key != "functions.reserve" and value_of(wanted, key) != value_of(self.current, key)
        )


def revision_of(data: Path) -> Revision:
    """Return what differs after every change of the site's file; zeros where there is none."""
    try:
        status = site_file(data).stat()
    except (FileNotFoundError, NotADirectoryError):
        return (0, 0, 0)
    return status.st_ino, status.st_mtime_ns, status.st_size


def _with(settings: Settings, others: Settings, keys: Iterable[str]) -> Settings:
    """Return settings with some keys of others."""
    taken = nested({key: value_of(others, key) for key in keys})
    merged = msgspec.to_builtins(settings)
    for key, value in taken.items():
        merged[key] = {**merged[key], **value} if isinstance(value, dict) else value
    return msgspec.convert(merged, Settings)


def _changes(before: Settings, after: Settings) -> list[str]:
    pairs = [(key, value_of(before, key), value_of(after, key)) for key in setting_keys()]
    return [f"{key} {old} → {new}" for key, old, new in pairs if old != new]
