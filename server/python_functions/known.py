"""What the front knows of registered functions: their manifests, kept current by polling one file.

Rule: no code of a function is read here, let alone run. As plug-ins are, functions are those of the process.
"""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from server.python_functions.folder import current_versions, functions_folder
from server.python_functions.manifest import FunctionManifest, key_of, read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_log = logging.getLogger("swath.functions")


class _Known:
    functions: Mapping[str, FunctionManifest] = MappingProxyType({})


def known_functions() -> Mapping[str, FunctionManifest]:
    """Return the registered functions by `key_of` their names."""
    return _Known.functions


def forget_functions() -> None:
    """Know none any more."""
    _Known.functions = MappingProxyType({})


class FunctionRegistry:
    """Follows the registered functions of a data folder.

    Parameters
    ----------
    data
        The data folder; it may appear later.
    """

    def __init__(self, data: Path) -> None:
        self._folder = functions_folder(data)
        self._revision: tuple[int, int] | None = None

    def poll(self) -> bool:
        """Take up what has changed since the last call, and tell whether anything has."""
        revision = self._stamp()
        if revision == self._revision:
            return False
        found: dict[str, FunctionManifest] = {}
        for name, folder in current_versions(self._folder):
            try:
                found[key_of(name)] = read_manifest(folder)
            except ConfigError as err:
                _log.error("function %s: %s", name, err)
                if (before := _Known.functions.get(key_of(name))) is not None:
                    found[key_of(name)] = before
        changed = found != dict(_Known.functions)
        _Known.functions = MappingProxyType(found)
        self._revision = revision
        if changed:
            names = ", ".join(each.name for each in found.values())
            _log.info("functions in Python: %s", names or "none")
        return changed

    def _stamp(self) -> tuple[int, int]:
        try:
            status = (self._folder / ".revision").stat()
        except FileNotFoundError:
            return (0, 0)
        return status.st_ino, status.st_mtime_ns
