"""How sources are named: a path, or `connection://NAME/path` for an object behind a registered connection.

Text alone: nothing is opened and nothing is looked up. A name can only go down from its connection's
root; whatever a server could take for a way out of it is refused.
"""

from __future__ import annotations

import re

from engine.errors import UnknownProduct

PREFIX = "connection://"
_MAX_KEY_CHARS = 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# Percent signs: no two servers decode them alike, and "%2e%2e" is a way up for some.
_BAD_CHARACTERS = re.compile(r"[\x00-\x1f\x7f%?#\\]")
ACCEPTED_NAME = "letters, digits, '_' and '-', at most 64, beginning with a letter or digit"


def is_remote(path: str) -> bool:
    """Tell whether a source is named by a connection; also where a path has swallowed a slash."""
    return path.startswith("connection:/")


def canonical_name(path: str) -> str:
    """Return a remote name with both slashes, which handling it as a path takes away; others as they are."""
    return PREFIX + path.removeprefix("connection:/").lstrip("/") if is_remote(path) else path


def is_connection_name(name: str) -> bool:
    """Tell whether a connection may have this name."""
    return _NAME.fullmatch(name) is not None


def split_name(path: str) -> tuple[str, str]:
    """Return connection and object of a remote name.

    Raises
    ------
    UnknownProduct
        It names none, or something that could lie outside the connection's root.
    """
    name, _, key = canonical_name(path).removeprefix(PREFIX).partition("/")
    if not is_connection_name(name):
        raise UnknownProduct(path, f"expected {PREFIX}NAME/path with a NAME of {ACCEPTED_NAME}")
    if not key or len(key) > _MAX_KEY_CHARS:
        raise UnknownProduct(
            path, f"expected a path of at most {_MAX_KEY_CHARS} characters after the connection"
        )
    if _BAD_CHARACTERS.search(key) or any(part in ("", ".", "..") for part in key.split("/")):
        why = "its path has '.', '..', '%', '?', '#', a backslash or an empty part: name the object itself"
        raise UnknownProduct(path, why)
    return name, key
