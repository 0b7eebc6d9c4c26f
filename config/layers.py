"""Settings as several sources say them, one over the other: defaults, file, environment, command line, site."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from config.accepted import accepted, no_setting
from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLES = tuple(
    field.name
    for field in msgspec.structs.fields(Settings)
    if isinstance(field.default, msgspec.Struct)
)
_PREFIX_FORM = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_USER_FORM = re.compile(r"://[^/\s]*@")
_HOST_FORM = re.compile(r"[A-Za-z0-9.:\[\]-]+")
# Browsers send such, or "null" for pages without an origin of their own.
_ORIGIN_FORM = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[A-Za-z0-9_.:\[\]-]+")


class SettingsError(ValueError):
    """A setting is wrong; names where it was written, the key, and what would be accepted."""

    def __init__(self, where: str, key: str, why: str) -> None:
        super().__init__(where, key, why)
        self.where, self.key, self.why = where, key, why

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.why}" if self.key else f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says.

    Attributes
    ----------
    kind : str
        "file", "environment", "command line" or "site".
    where : str
        The source by its own name, for messages.
    values : mapping
        Keys of `Settings`; a table is a mapping.
    """

    kind: str
    where: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layers:
    """Sources in order: later ones win, key by key."""

    layers: tuple[Layer, ...] = ()

    def over(self, layer: Layer) -> Layers:
        """Return these with one more above them."""
        return Layers((*self.layers, layer))

    def merged(self) -> Settings:
        """Return what all say together.

        Raises
        ------
        SettingsError
            Something is unknown, of the wrong type or out of range.
        """
        settings = Settings()
        for layer in self.layers:
            settings = _overlay(settings, layer.values, layer.where)
        return settings

    def kinds(self) -> dict[str, str]:
        """Return which source says each key that is said, by its dotted name."""
        return {key: layer.kind for layer in self.layers for key in dotted(layer.values)}


def dotted(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of nested values: "port", "memory.scratch_mb"."""
    for key, value in values.items():
        if key in TABLES and isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as a source writes them, with tables."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        table, _, rest = key.rpartition(".")
        (found.setdefault(table, {}) if table else found)[rest] = value
    return found


def is_secret(key: str) -> bool:
    """Tell whether a setting is shown to nobody; the path of a file with a secret is none."""
    return any(word in key for word in ("secret", "password")) and not key.endswith("_file")


def _overlay(settings: Settings, values: Mapping[str, Any], where: str) -> Settings:
    merged: dict[str, Any] = msgspec.to_builtins(settings)
    known = tuple(dotted(merged))
    for key in dotted(values):
        if key not in known and key not in TABLES:
            raise SettingsError(where, key, no_setting(key, known))
    for key, value in values.items():
        if key in TABLES and isinstance(value, dict):
            merged[key] = {**merged[key], **value}
        else:
            merged[key] = value
    try:
        result = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as err:
        place = str(err).partition(" - at ")[2].strip("`").removeprefix("$.")
        raise SettingsError(where, place, _refused(merged, place.partition("[")[0])) from err
    _check_texts(result, where)
    return result


def _refused(values: Mapping[str, Any], key: str) -> str:
    """Return why the value of a key is refused; a secret is not repeated."""
    found: Any = values
    for part in key.split("."):
        found = found[part]
    shown = "***" if is_secret(key) else _without_user(repr(found))
    return f"{shown} is not accepted: expected {accepted(key)}"


def _without_user(text: str) -> str:
    """Return what is shown of an address: not the name and password in it."""
    return _USER_FORM.sub("://***@", text)


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
    for text in settings.cors_origins:
        if not _ORIGIN_FORM.fullmatch(text):
            why = (
                f"{text!r} is no origin such as 'https://maps.example.org', without a path, nor '*'"
            )
            raise SettingsError(where, "cors_origins", why)
    for text in settings.roots:
        if not PurePath(text).is_absolute():
            why = f"{text!r} is not a folder such as '/data/scenes', from the root on"
            raise SettingsError(where, "roots", why)
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
        why = f"{_without_user(url)!r} is not a URL such as 'https://maps.example.org/imagery'"
        raise SettingsError(where, "public_url", why)
