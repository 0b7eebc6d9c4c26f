"""Where registered functions lie in the data folder; light, the front reads this.

    functions/<name>/<version>/<file>.py, manifest.json     immutable versions
    functions/<name>/current                                one line: the version that serves
    functions/<name>/history                                one version a line, oldest first
    functions/.revision                                     replaced at every change; a running server polls it

Reading takes no lock: every change is one rename.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from server.site.atomic_files import read_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER = "functions"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def functions_folder(data: Path) -> Path:
    """Return where the functions of a data folder lie."""
    return data / _FOLDER


def check_function_name(name: str) -> str:
    """Return a name when it is one that a function may have.

    Raises
    ------
    InvalidParameter
    """
    if not _NAME.fullmatch(name):
        accepted = "a letter, then letters, digits and '_', at most 64 in all"
        raise InvalidParameter("name", name, accepted)
    return name


def current_versions(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the names of functions and the folders of the versions that serve, by name."""
    try:
        homes = sorted(home for home in folder.iterdir() if _NAME.fullmatch(home.name))
    except FileNotFoundError:
        return
    for home in homes:
        version = read_line(home / "current")
        if version:
            yield home.name, home / version


def history_of(home: Path) -> list[str]:
    """Return the versions that were registered under a name, oldest first."""
    return read_line(home / "history").split()
