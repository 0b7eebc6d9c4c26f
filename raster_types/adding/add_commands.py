"""The commands that take in what was found: as few as work, one where one takes in all of a tree."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What is to be stated of a product: () = `add` finds out by itself; None = it cannot be used.
Stated: TypeAlias = tuple[str, ...] | None

_Folders: TypeAlias = "dict[Path, dict[Stated, list[str]]]"


def command_of(words: Sequence[str]) -> str:
    """Return the command that adds paths, with what is stated of them, as a shell takes it."""
    return shlex.join(["swath", "definition", "add", "NAME.isdef", *words])


def commands_of_files(files: Sequence[tuple[Path, Stated]]) -> Iterator[str]:
    """Yield the commands for files that an author names, one for all of which the same is stated."""
    by_stated: dict[Stated, list[str]] = {}
    for path, stated in files:
        by_stated.setdefault(stated, []).append(str(path))
    for stated, paths in by_stated.items():
        if stated is not None:
            yield command_of([*paths, *stated])


def commands_of_tree(top: Path, found: Sequence[tuple[str, Stated]]) -> Iterator[str]:
    """Yield the commands for products below a folder.

    A folder in which the same is to be stated of all is added as a whole, with those inside it; of a
    folder of several kinds the files are named.

    Parameters
    ----------
    top
        As the author named it.
    found
        Absolute path of the file that names each product, and what is to be stated.
    """
    absolute = top.absolute()
    folders: _Folders = {}
    for path, stated in found:
        here = folders.setdefault(Path(path).parent, {})
        here.setdefault(stated, []).append(path)
    for words in _commands(absolute, folders):
        yield command_of([_as_named(word, absolute, top) for word in words])


def _commands(folder: Path, folders: _Folders) -> Iterator[list[str]]:
    """Yield paths and options for folders that all are one, or inside it."""
    all_stated = {stated for kinds in folders.values() for stated in kinds}
    if all_stated <= {None}:
        return
    if len(all_stated) == 1:
        (stated,) = all_stated
        yield [str(folder), *(stated or ()), *([] if {*folders} == {folder} else ["--recursive"])]
        return
    own = folders.get(folder, {})
    for stated, paths in own.items():
        if stated is not None:
            yield [*([str(folder)] if len(own) == 1 else paths), *stated]
    inside: dict[str, _Folders] = {}
    for each, kinds in folders.items():
        if each != folder:
            inside.setdefault(each.relative_to(folder).parts[0], {})[each] = kinds
    for name in sorted(inside):
        yield from _commands(folder / name, inside[name])


def _as_named(word: str, absolute: Path, top: Path) -> str:
    """Return an absolute path below a folder as the author wrote the folder."""
    path = Path(word)
    return str(top / path.relative_to(absolute)) if path.is_relative_to(absolute) else word
