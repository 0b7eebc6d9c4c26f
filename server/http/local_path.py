"""Where a browser is sent after it has signed in: below the server's own address, nowhere else."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode

# No scheme, no host, no step upwards, nothing that some browser takes for a slash or swallows.
_SAFE = re.compile(r"[A-Za-z0-9_.~/%-]+(\?[A-Za-z0-9_.~!$&'()*+,;=:@/?%-]*)?")
_LONGEST = 2000
_SECRET = "token"


def local_path(text: str) -> str:
    """Return a path below the server's public URL, without a slash at its start; "" where it is no such path.

    Examples
    --------
    >>> local_path("/map/folder/name?x=1"), local_path("https://elsewhere/"), local_path("//elsewhere")
    ('map/folder/name?x=1', '', '')
    """
    if len(text) > _LONGEST or text.startswith(("//", "/\\")):
        return ""
    path = text.removeprefix("/")
    if not _SAFE.fullmatch(path):
        return ""
    steps = unquote(path.partition("?")[0]).replace("\\", "/").split("/")
    if any(step in ("", ".", "..") or not step.isprintable() for step in steps[:-1]):
        return ""
    return "" if steps[-1] in (".", "..") or not steps[-1].isprintable() else path


def path_of(path: str, query: bytes) -> str:
    """Return the local path of a request, without the token that it may have been sent with."""
    here = quote(path.lstrip("/"), safe="/~")
    pairs = parse_qsl(query.decode("latin-1"))
    kept = [(name, value) for name, value in pairs if name.casefold() != _SECRET]
    return local_path(f"{here}?{urlencode(kept)}" if kept else here)
