"""What this process may read: local files under some folders, and objects behind registered connections.

Set once where a process begins (an instance, a command, a worker of a build); nothing a client says
changes it.
"""

from __future__ import annotations

import os

import msgspec


class SourceAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What may be read.

    Attributes
    ----------
    connections : str
        Folder of the registered connections; "" = there are none.
    roots : tuple of str
        Folders below which local sources must lie, links resolved; () = anywhere.
    """

    connections: str = ""
    roots: tuple[str, ...] = ()


class _Process:
    access = SourceAccess()
    roots: tuple[str, ...] = ()


def use_source_access(access: SourceAccess) -> None:
    """Let this process read what `access` says, and nothing else from now on."""
    _Process.access = access
    _Process.roots = tuple(os.path.realpath(root).rstrip("/") + "/" for root in access.roots)


def source_access() -> SourceAccess:
    """Return what this process may read, to tell another one."""
    return _Process.access


def is_under_roots(path: str) -> bool:
    """Tell whether a local file lies under the roots, once links and ".." are resolved."""
    return not _Process.roots or os.path.realpath(path).startswith(_Process.roots)
