"""Links of tables as local files: relative ones, rewritten ones, and those that are refused."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FOREIGN = re.compile(r"^\s*<|^/vsi|^[A-Za-z][A-Za-z0-9+._-]*:|^\\\\", re.IGNORECASE)


class ResolvedLink(NamedTuple):
    """A local path, or what is wrong with the link (the path is then the link)."""

    path: str
    problem: str = ""


class LinkResolver:
    """Find the files that a table names.

    Parameters
    ----------
    file : Path
        The table; relative links count from its folder.
    rewrite : sequence of (from, to)
        What links begin with, and what local path stands for it.
    is_bound : bool
        Files must lie in the table's folder, or where a link is rewritten to.
    """

    def __init__(self, file: Path, rewrite: Sequence[tuple[str, str]], *, is_bound: bool) -> None:
        self._file = file
        self._folder = str(file.parent.absolute())
        self._rewrite = [(begin, posixpath.abspath(to)) for begin, to in rewrite]
        roots = (self._folder, *(to for _, to in self._rewrite)) if is_bound else ()
        self._roots = tuple(f"{root.rstrip('/')}/" for root in roots)

    def resolve(self, link: str) -> ResolvedLink:
        """Return the local path of a link."""
        if not link:
            return ResolvedLink("", "Names no file.")
        path = self._rewritten(link)
        if path[:7].lower() == "file://":
            path = unquote(path[7:].removeprefix("localhost"))
        if "\0" in path or "\n" in path or _FOREIGN.match(path):
            why = "Is not a local file; map it to a folder with --rewrite FROM=TO."
            return ResolvedLink(link, why)
        if "\\" in path and "/" not in path:
            path = path.replace("\\", "/")
        path = posixpath.normpath(posixpath.join(self._folder, path))
        path = self._rewritten(path)
        if self._roots and not path.startswith(self._roots):
            why = (
                f"Lies outside the folder of {self._file.name}; allow its folder with "
                "--rewrite FOLDER=FOLDER, or add the file itself."
            )
            return ResolvedLink(path, why)
        return ResolvedLink(path)

    def _rewritten(self, link: str) -> str:
        for begin, to in self._rewrite:
            rest = link[len(begin) :].replace("\\", "/")
            # A beginning without a slash at its end must end where a name of the link does.
            if link.startswith(begin) and (begin.endswith("/") or rest[:1] in ("/", "")):
                found = posixpath.normpath(posixpath.join(to, rest.lstrip("/")))
                # No link climbs out of the folder that it is mapped to.
                return found if found.startswith(to) else link
        return link
