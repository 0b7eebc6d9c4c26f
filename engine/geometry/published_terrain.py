"""A published service as terrain: its folder, whose file `current` names the version that serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

CURRENT = "current"


def is_published(path: Path) -> bool:
    """Tell whether a path is the folder of a published service."""
    return (path / CURRENT).is_file()


def published_file(home: Path) -> Path:
    """Return the compiled definition that serves now.

    Raises
    ------
    ConfigError
        There is none.
    """
    try:
        version = (home / CURRENT).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as err:
        why = "is no published service any more, so there is no terrain"
        raise ConfigError(home, "", why) from err
    file = home / f"{version}.zmd"
    if not version or not file.is_file():
        raise ConfigError(home, CURRENT, f"names version {version!r}, which is not there")
    return file
