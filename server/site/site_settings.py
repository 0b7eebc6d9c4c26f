"""Change the site's settings: checked against all that hold, then written; a running server follows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from config.layers import Layer, Layers, SettingsError
from config.load import check_memory, counted, load_layers, settled
from config.placement import dedicated_maximum
from config.site import changed_site, check_site_key, read_site, site_file, site_text
from engine.errors import ConfigError
from server.site.atomic_files import change_of, write_line
from server.site.live_settings import revision_of
from server.site.serving_note import ServingNote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from config.settings import Settings
    from server.site.data_folder import Entry
    from server.site.serving_note import Serving

LOCK_WAIT_S = 2.0
_FOLLOW_S = 5.0


@dataclass(frozen=True, slots=True)
class SiteView:
    """All settings and who says them.

    Attributes
    ----------
    kinds : mapping of str to str
        The source of each key that is not a default.
    """

    settings: Settings
    kinds: Mapping[str, str]


class SiteSettings:
    """The site's settings of one data folder.

    Parameters
    ----------
    file
        The settings file that a server would be started with; what a running server has goes before.

    Raises
    ------
    SettingsError, ConfigError
        From all methods, with what to do about it.
    """

    def __init__(self, data: Path, file: Path | None, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._data = data
        self._file = file
        self._lock_wait_s = lock_wait_s

    def serving(self) -> Serving | None:
        """Return what a server that runs on this machine says of itself."""
        return ServingNote(self._data).read()

    def view(self) -> SiteView:
        """Return what holds, or would hold if a server were started here."""
        layers = self._layers(read_site(self._data))
        return SiteView(settled(layers), layers.kinds())

    def change(self, values: Mapping[str, str], unset: tuple[str, ...] = ()) -> None:
        """Set some keys and unset others; a bad value changes nothing."""
        for key in (*values, *unset):
            check_site_key(key, "system")
            if not values.get(key, "").isascii():
                why = f"{values[key]!r} is not accepted: expected ASCII; swath.toml takes other letters"
                raise SettingsError("system", key, why)
        if not self._data.is_dir():
            raise ConfigError(self._data, "", "is no data folder; `swath publish` makes one")
        with change_of(self._data, self._lock_wait_s):
            now = read_site(self._data)
            for key in unset:
                if not _says(now, key):
                    raise SettingsError("system", key, "is not set by the site")
            wanted = changed_site(now, values, unset)
            merged = settled(self._layers(wanted))
            _check_start(merged)
            write_line(site_file(self._data), site_text(wanted, merged))

    def followed(self) -> bool:
        """Wait a moment for a running server to take up the last change; False = none did."""
        revision = revision_of(self._data)
        give_up = time.monotonic() + _FOLLOW_S
        while (serving := self.serving()) is not None and time.monotonic() < give_up:
            if serving.revision == revision:
                return True
            time.sleep(0.05)
        return False

    def check_room(self, entry: Entry, maximum: int) -> None:
        """Refuse so many instances of a service's own where the memory does not suffice."""
        settings = counted(self._layers(read_site(self._data)).merged())
        others = dedicated_maximum(self._data, without=entry.home)
        wanted = msgspec.structs.replace(settings, dedicated_instances=others + maximum)
        check_memory(wanted, entry.name)

    def _layers(self, site: Mapping[str, object]) -> Layers:
        serving = self.serving()
        base = load_layers(self._file) if serving is None else serving.base()
        # Whatever folder the sources name, it is this one that is looked at.
        base = base.over(Layer("command line", "--data", {"data": str(self._data)}))
        return base.over(Layer("site", "system", site)) if site else base


def _check_start(settings: Settings) -> None:
    """Refuse what no server starts with: told now, and not at a start some day."""
    # Not at the top: most sites have neither, and both load much.
    if settings.oidc.issuer:
        from server.oidc.configured import provider_of  # noqa: PLC0415 -- see above

        provider_of(settings.oidc)
    if settings.tracing.endpoint:
        import server.telemetry.tracing  # noqa: F401, PLC0415 -- see above


def _says(values: Mapping[str, object], key: str) -> bool:
    table, _, rest = key.rpartition(".")
    inner = values.get(table) if table else values
    return isinstance(inner, dict) and rest in inner
