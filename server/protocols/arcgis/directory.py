"""The tree above the services: server info, the list of services and folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.errors import NotFound, RequestError, ServiceNotFound, shorten
from server.protocols.arcgis.service_json import CURRENT_VERSION, FULL_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class FolderNotFound(NotFound):
    """No folder of this name holds a service."""

    def __init__(self, name: object) -> None:
        super().__init__(shorten(name))

    def __str__(self) -> str:
        return f"Folder {self.fields[0]!r} not found."


class NoPortal(NotFound):
    """A portal was looked for where there is none; clients then take the server for a stand-alone one."""

    def __init__(self) -> None:
        super().__init__("portal")

    def __str__(self) -> str:
        return "There is no portal here: this server stands alone."


class InvalidUrl(RequestError):
    """No resource has this address; the address is not repeated, it may hold anything."""

    def __init__(self, accepted: str) -> None:
        super().__init__(accepted)

    def __str__(self) -> str:
        return f"Invalid URL: expected {self.fields[0]}."


def checked_name(segments: list[str]) -> str:
    """Return "folder/name" of one or two path segments.

    Raises
    ------
    ServiceNotFound
        More segments, or one that no service can have; such a name is not repeated to the client.
    """
    if not 1 <= len(segments) <= 2 or not all(map(_NAME.fullmatch, segments)):
        raise ServiceNotFound("(not the name of a service)")
    return "/".join(segments)


def server_info(base: str, *, has_users: bool, token_minutes: int) -> dict[str, Any]:
    """Return `/arcgis/rest/info`; no portal stands beside this server.

    Parameters
    ----------
    has_users
        Without any, no service needs a token and clients should not ask for one.
    token_minutes
        How long a token lasts when its client does not say.
    """
    return {
        "currentVersion": CURRENT_VERSION,
        "fullVersion": FULL_VERSION,
        "soapUrl": f"{base}/arcgis/services",
        "secureSoapUrl": None,
        "authInfo": {
            "isTokenBasedSecurity": has_users,
            # Where clients that were told to log in anyway hear that they need not.
            "tokenServicesUrl": f"{base}/arcgis/tokens/",
            "shortLivedTokenValidity": token_minutes,
        },
    }


def root_catalog(names: Iterable[str]) -> dict[str, Any]:
    """Return the folders, and the services that are in none."""
    ordered = sorted(names, key=str.casefold)
    folders = sorted({name.partition("/")[0] for name in ordered if "/" in name}, key=str.casefold)
    return _catalog(folders, [name for name in ordered if "/" not in name])


def folder_catalog(folder: str, names: Iterable[str]) -> dict[str, Any]:
    """Return the services of one folder, by their full names.

    Raises
    ------
    NotFound
        No service is in a folder of this name.
    """
    if not _NAME.fullmatch(folder):
        raise FolderNotFound("(not the name of a folder)")
    inside = sorted((name for name in names if name.startswith(folder + "/")), key=str.casefold)
    if not inside:
        raise FolderNotFound(folder)
    return _catalog([], inside)


def _catalog(folders: list[str], names: list[str]) -> dict[str, Any]:
    return {
        "currentVersion": CURRENT_VERSION,
        "folders": folders,
        "services": [{"name": name, "type": "ImageServer"} for name in names],
    }
