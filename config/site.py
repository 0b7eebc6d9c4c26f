"""The site's settings: what `swath system set` writes to `system.toml` in the data folder.

They win over all other sources, also over the command line: what is set on a running server holds, and
goes on holding after a restart, until it is unset.
"""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import msgspec

from config.accepted import no_setting
from config.layers import TABLES, SettingsError, dotted, is_secret, nested
from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LISTS = (
    "trusted_proxies",
    "cors_origins",
    "roots",
    "oidc.scopes",
    "oidc.administrators",
    "oidc.publishers",
)
# What belongs to a process and not to the site it serves, and what the data folder itself says.
_OF_A_PROCESS = ("data", "host", "port")
_COUNTED = ("dedicated_instances", "functions.reserve")
# What a running server follows. All else takes effect when it starts.
LIVE = frozenset(
    {
        "instances",
        "cors_origins",
        "spool",
        "roots",
        "access_log",
        "open_metrics",
        "slow_request_s",
        "memory.total_mb",
        "memory.response_cache_mb",
        "memory.block_cache_mb",
        "memory.scratch_mb",
        "memory.gdal_mb",
        "memory.terrain_mb",
        "memory.remote_mb",
        "memory.front_mb",
        "memory.instance_mb",
        "timeouts.request_s",
        "timeouts.wait_s",
        "timeouts.hang_s",
        "timeouts.heartbeat_s",
        "timeouts.quarantine_s",
        "recycling.requests",
        "recycling.age_s",
        "recycling.memory_percent",
        "limits.max_queue",
        "limits.large_export_mb",
        "limits.open_services",
        "functions.time_s",
        "functions.start_s",
        "functions.memory_mb",
        "functions.workers",
        "access.new_services",
        "access.require_https",
        "access.token_minutes",
        "access.longest_token_minutes",
        "cache.fresh_s",
    }
)


def site_file(data: Path) -> Path:
    """Return the file of a data folder's site settings."""
    return data / "system.toml"


def setting_keys() -> tuple[str, ...]:
    """Return all settings by their dotted names."""
    return tuple(dotted(msgspec.to_builtins(Settings())))


def site_keys() -> tuple[str, ...]:
    """Return the settings that a site may have."""
    return tuple(key for key in setting_keys() if key not in (*_OF_A_PROCESS, *_COUNTED))


def read_site(data: Path) -> dict[str, Any]:
    """Return what the site says; empty where nothing was ever set.

    Raises
    ------
    SettingsError
        The file is not TOML, or says what a site cannot.
    """
    file = site_file(data)
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as err:
        raise SettingsError(str(file), "", f"cannot be read: {err.strerror}") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise SettingsError(str(file), "", f"is not TOML: {err}") from err
    for key in dotted(values):
        check_site_key(key, str(file))
    return values


def check_site_key(key: str, where: str) -> None:
    """Refuse what a site cannot say.

    Raises
    ------
    SettingsError
        With what it could.
    """
    known = site_keys()
    if key in known:
        return
    if key in _OF_A_PROCESS:
        why = "belongs to the process: say it in swath.toml, the environment or on the command line"
    elif key in _COUNTED:
        why = "is counted from the data folder"
    else:
        why = no_setting(key, known)
    raise SettingsError(where, key, why)


def changed_site(
    values: Mapping[str, Any], settings: Mapping[str, str], unset: tuple[str, ...]
) -> dict[str, Any]:
    """Return what the site says after a change; values are still texts, as typed.

    Parameters
    ----------
    values
        What it says now.
    settings
        Dotted keys and their new values.
    unset
        Dotted keys that it shall no longer say.
    """
    flat = {key: _at(values, key) for key in dotted(values) if key not in unset}
    for key, text in settings.items():
        flat[key] = (
            [part.strip() for part in text.split(",") if part.strip()] if key in LISTS else text
        )
    return nested(flat)


def site_text(values: Mapping[str, Any], merged: Settings) -> str:
    """Return the file that says the keys of `values`, as `merged` understood them.

    Raises
    ------
    SettingsError
        A number has no end.
    """
    typed = msgspec.to_builtins(merged)
    keys = list(dotted(values))
    lines = [
        "# Written by `swath system set`; it wins over swath.toml, the environment and the command line."
    ]
    lines += [f"{key} = {_literal(key, typed)}" for key in keys if "." not in key]
    for table in TABLES:
        inner = [key for key in keys if key.startswith(f"{table}.")]
        if inner:
            lines += ["", f"[{table}]"]
            lines += [f"{key.partition('.')[2]} = {_literal(key, typed)}" for key in inner]
    return "\n".join(lines)


def _literal(key: str, values: Mapping[str, Any]) -> str:
    """Return a value as TOML writes it, which is as JSON does, but for numbers without end."""
    try:
        return json.dumps(_at(values, key), allow_nan=False)
    except ValueError as err:
        raise SettingsError("system", key, "is no finite number") from err


def value_of(settings: Settings, key: str) -> Any:
    """Return a setting by its dotted name."""
    return _at(msgspec.to_builtins(settings), key)


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with stars for what is shown to nobody."""
    return nested({key: "***" if is_secret(key) else _at(values, key) for key in dotted(values)})


def _at(values: Mapping[str, Any], key: str) -> Any:
    found: Any = values
    for part in key.split("."):
        found = found[part]
    return found
