"""Read the process settings from defaults, `swath.toml`, the environment, the command line and the site.

Later sources win. Environment names are SWATH_ + key, with the table's name between for keys of a
table: SWATH_PORT, SWATH_MEMORY_BLOCK_CACHE_MB. Lists are written with commas there. The site is what
`swath system set` has written to the data folder (`config.site`).
"""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from config.layers import TABLES, Layer, Layers, SettingsError, nested
from config.placement import dedicated_maximum
from config.settings import Settings
from config.site import LISTS, read_site, setting_keys, site_file

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "SWATH_"
_LIKE = 0.9


def load_settings(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    command_line: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge all sources, check them and return the settings.

    Parameters
    ----------
    file
        A TOML file, or None for none.
    environment
        None = the process's own.
    command_line
        Keys as in the file, tables as "memory.response_cache_mb"; None values are left out.

    Raises
    ------
    SettingsError
        Something is unknown, of the wrong type or out of range, or the memory table does not fit.
    """
    return settled(with_site(load_layers(file, environment, command_line)))


def load_layers(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    command_line: Mapping[str, Any] | None = None,
) -> Layers:
    """Return what the sources of one process say, without the site; parameters as of `load_settings`.

    Raises
    ------
    SettingsError
        The file cannot be read.
    """
    found = []
    if file is not None:
        found.append(Layer("file", str(file), _read_file(file)))
    variables = _from_environment(os.environ if environment is None else environment)
    if variables:
        found.append(Layer("environment", "environment", variables))
    options = {key: value for key, value in (command_line or {}).items() if value is not None}
    if options:
        found.append(Layer("command line", "command line", nested(options)))
    return Layers(tuple(found))


def with_site(layers: Layers) -> Layers:
    """Return the layers with what the site of their data folder says above them.

    Raises
    ------
    SettingsError
    """
    data = Path(layers.merged().data)
    values = read_site(data)
    return layers.over(Layer("site", str(site_file(data)), values)) if values else layers


def settled(layers: Layers) -> Settings:
    """Return what layers say together, with what the data folder needs, once it all fits.

    Raises
    ------
    SettingsError
    """
    settings = counted(layers.merged())
    check_memory(settings, layers.layers[-1].where if layers.layers else "defaults")
    return settings


def counted(settings: Settings) -> Settings:
    """Return settings with what the data folder needs: registered functions, instances of single services."""
    data = Path(settings.data)
    functions = settings.functions
    if (data / "functions" / ".revision").is_file():
        functions = msgspec.structs.replace(functions, reserve=True)
    dedicated = dedicated_maximum(data)
    return msgspec.structs.replace(settings, functions=functions, dedicated_instances=dedicated)


def check_memory(settings: Settings, where: str) -> None:
    """Refuse a memory table whose sum exceeds the total.

    Raises
    ------
    SettingsError
        With every line of the table and the sum.
    """
    rows = settings.memory_table()
    total = sum(row.sum_mb for row in rows)
    if total <= settings.memory_total_mb:
        return
    lines = ", ".join(
        f"{row.what} {row.each_mb}" + (f" × {row.times}" if row.times > 1 else "") for row in rows
    )
    why = (
        f"the parts need {total} MB ({lines}) but the total is {settings.memory_total_mb} MB; "
        "raise total_mb or lower a part or the number of instances"
    )
    raise SettingsError(where, "memory.total_mb", why)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as err:
        raise SettingsError(str(path), "", f"cannot be read: {err.strerror}") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise SettingsError(str(path), "", f"is not TOML: {err}") from err


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower()
        table, _, rest = key.partition("_")
        if key in Settings.__struct_fields__ and key not in TABLES:
            values[key] = _split(text) if key in LISTS else text
        elif table in TABLES:
            # A typo in a table's key would otherwise be ignored in silence.
            is_list = f"{table}.{rest}" in LISTS
            values.setdefault(table, {})[rest] = _split(text) if is_list else text
    return values


def near_misses(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return variables that are no settings and look like slips, each with the one that is meant.

    Others are left alone: SWATH_… may be set for other programs, or by what runs containers.

    Parameters
    ----------
    environment
        None = the process's own.
    """
    known = [PREFIX + key.replace(".", "_").upper() for key in setting_keys()]
    found = {}
    for name in sorted(os.environ if environment is None else environment):
        if name.startswith(PREFIX) and name not in known:
            for meant in get_close_matches(name, known, 1, _LIKE):
                found[name] = meant
    return found


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
