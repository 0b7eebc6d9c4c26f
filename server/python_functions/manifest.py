"""What is kept beside the files of a registered function; the front reads this and no code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.python_functions.messages import ParameterInfo

if TYPE_CHECKING:
    from pathlib import Path

FORMAT_VERSION = 1
FILE = "manifest.json"


class FunctionManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a registered function.

    Attributes
    ----------
    version : str
        Hash of its files.
    file : str
        Name of the one that holds the class.
    """

    format_version: int
    name: str
    version: str
    file: str
    class_name: str
    description: str = ""
    parameters: tuple[ParameterInfo, ...] = ()


def read_manifest(folder: Path) -> FunctionManifest:
    """Return the manifest in the folder of a version.

    Raises
    ------
    ConfigError
    """
    path = folder / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=FunctionManifest)
    except OSError as err:
        raise ConfigError(path, "", f"cannot be read: {err.strerror}") from err
    except msgspec.MsgspecError as err:
        raise ConfigError(path, "", f"is no manifest of a raster function: {err}") from err
    if found.format_version != FORMAT_VERSION:
        why = f"has format {found.format_version}, this Swath reads {FORMAT_VERSION}"
        raise ConfigError(path, "format_version", why)
    return found


def key_of(name: str) -> str:
    """Return what two names have in common that mean the same function in a rendering rule."""
    return name.removesuffix("Function").casefold()
