"""Checks of files that a command is to make, before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_COMPILED = ".zmd"


def check_parent(path: Path, option: str) -> None:
    """Refuse a file or folder to be made in a folder that is not there: a slip of the pen, mostly.

    Raises
    ------
    ConfigError
    """
    parent = path.absolute().parent
    if not parent.is_dir():
        raise ConfigError(option, str(path), f"there is no folder {parent}")


def check_compiled_name(path: Path, option: str) -> None:
    """Refuse a compiled file that `swath publish` would not know as one.

    Raises
    ------
    ConfigError
    """
    if path.suffix != _COMPILED:
        raise ConfigError(
            option, str(path), f"the name of a compiled service ends with {_COMPILED}"
        )
