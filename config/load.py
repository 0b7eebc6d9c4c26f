"""Read the process settings from defaults, `swath.toml`, the environment and the command line.

Later sources win. Environment names are SWATH_ + key, with the table's name between for keys of a
table: SWATH_PORT, SWATH_MEMORY_BLOCK_CACHE_MB. Lists are written with commas there.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "SWATH_"
TABLES = ("memory", "timeouts", "limits", "functions")
_LISTS = ("trusted_proxies", "cors_origins")
_PREFIX_FORM = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST_FORM = re.compile(r"[A-Za-z0-9.:\[\]-]+")


class SettingsError(ValueError):
    """A setting is wrong; names where it was written, the key, and what would be accepted."""

    def __init__(self, where: str, key: str, why: str) -> None:
        super().__init__(where, key, why)
        self.where, self.key, self.why = where, key, why

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.why}" if self.key else f"{self.where}: {self.why}"


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
    settings = Settings()
    where = "defaults"
    if file is not None:
        where = str(file)
        settings = _overlay(settings, _read_file(file), where)
    for source, values in (
        ("environment", _from_environment(os.environ if environment is None else environment)),
        ("command line", _from_command_line(command_line or {})),
    ):
        if values:
            where = source
            settings = _overlay(settings, values, source)
    if (Path(settings.data) / "functions" / ".revision").is_file():
        functions = msgspec.structs.replace(settings.functions, reserve=True)
        settings = msgspec.structs.replace(settings, functions=functions)
    check_memory(settings, str(file) if file is not None else where)
    return settings


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
        if table in TABLES:
            # A typo in a table's key would otherwise be ignored in silence.
            values.setdefault(table, {})[rest] = text
        elif key in Settings.__struct_fields__ and key not in TABLES:
            values[key] = _split(text) if key in _LISTS else text
    return values


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _from_command_line(options: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in options.items():
        if value is None:
            continue
        table, _, rest = key.rpartition(".")
        (values.setdefault(table, {}) if table else values)[rest] = value
    return values


def _overlay(settings: Settings, values: Mapping[str, Any], where: str) -> Settings:
    merged: dict[str, Any] = msgspec.to_builtins(settings)
    for key, value in values.items():
        if key in TABLES and isinstance(value, dict):
            merged[key] = {**merged[key], **value}
        else:
            merged[key] = value
    try:
        result = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as err:
        what, _, place = str(err).partition(" - at ")
        raise SettingsError(where, place.strip("`").removeprefix("$.").strip("$"), what) from err
    _check_texts(result, where)
    return result


def _check_texts(settings: Settings, where: str) -> None:
    if not _PREFIX_FORM.fullmatch(settings.prefix):
        why = f"{settings.prefix!r} is not a path such as '/imagery', without a slash at its end"
        raise SettingsError(where, "prefix", why)
    if not _HOST_FORM.fullmatch(settings.host):
        raise SettingsError(where, "host", f"{settings.host!r} is not a host name or address")
    for text in settings.trusted_proxies:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as err:
            why = f"{text!r} is not an address or network such as '10.0.0.0/8'"
            raise SettingsError(where, "trusted_proxies", why) from err
    if settings.public_url:
        _check_public_url(settings.public_url, where)


def _check_public_url(url: str, where: str) -> None:
    parts = urlsplit(url)
    good = (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and _HOST_FORM.fullmatch(parts.netloc)
        and _PREFIX_FORM.fullmatch(parts.path.rstrip("/"))
        and not (parts.query or parts.fragment)
    )
    if not good:
        why = f"{url!r} is not a URL such as 'https://maps.example.org/imagery'"
        raise SettingsError(where, "public_url", why)
