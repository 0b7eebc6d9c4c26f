"""A registered connection: the root below which objects may be fetched, and how.

An operator writes it (`swath connection add`); nothing that a client or a definition says adds to it.
Kinds are told apart by the field `kind`; today there is "http", a folder of a web server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec

from engine.errors import ConfigError
from engine.source_name import ACCEPTED_NAME, is_connection_name

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".json"
_MAX_FILE_BYTES = 64_000
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]{0,8000}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
# What we say ourselves, or what would change where an answer ends.
_OWN_HEADERS = frozenset(
    ("host", "range", "accept-encoding", "connection", "content-length", "transfer-encoding")
)
_ROOT_ACCEPTED = "https://host/prefix/ or http://host/prefix/, without user, query and fragment"
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 0.5, 120.0


class HttpConnection(
    msgspec.Struct, frozen=True, kw_only=True, tag="http", tag_field="kind", omit_defaults=True
):
    """A folder of a web server that answers requests for ranges.

    Attributes
    ----------
    name : str
        As sources name it.
    root : str
        Ends with "/".
    headers : dict of str to str
        Sent with each request; secrets, as a rule.
    private : bool
        Whether the host may have an address of a private network or of this machine.
    timeout_s : float
        Of one read, attempts and pauses included.
    """

    name: str
    root: str
    headers: dict[str, str] = {}
    private: bool = False
    timeout_s: float = 20.0

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.root.startswith("https:")

    @property
    def host(self) -> str:
        """Name or address of the host."""
        return urlsplit(self.root).hostname or ""

    @property
    def port(self) -> int:
        """Port of the host."""
        return urlsplit(self.root).port or (443 if self.is_tls else 80)

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return urlsplit(self.root).netloc

    def target(self, key: str) -> str:
        """Return what to ask the host for; `key` as `engine.source_name.split_name` checked it."""
        return urlsplit(self.root).path + quote(key, safe="/!$&'()*+,;=:@~-._")


def checked_connection(connection: HttpConnection) -> HttpConnection:
    """Return a connection when all that it says can be used.

    Raises
    ------
    ConfigError
        With what would be accepted.
    """
    where = f"connection {connection.name}"
    if not is_connection_name(connection.name):
        raise ConfigError("connection", connection.name, f"expected a name of {ACCEPTED_NAME}")
    try:
        parts = urlsplit(connection.root)
        host, _ = parts.hostname or "", parts.port
    except ValueError as err:
        why = f"{err}; expected {_ROOT_ACCEPTED}"
        raise ConfigError(where, _shown(connection.root), why) from err
    is_plain = connection.root.isascii() and connection.root.isprintable()
    is_plain = is_plain and not (
        parts.query or parts.fragment or "@" in parts.netloc or "?" in connection.root
    )
    is_path = re.fullmatch(r"/(?:[A-Za-z0-9!$&'()*+,;=:@~._-]+/)*", parts.path) is not None
    has_dots = any(part in (".", "..") for part in parts.path.split("/"))
    is_known = parts.scheme in ("http", "https") and _HOST.fullmatch(host) is not None
    if not (is_known and is_plain and is_path) or has_dots:
        raise ConfigError(where, _shown(connection.root), f"expected {_ROOT_ACCEPTED}")
    for name, value in connection.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ConfigError(where, f"header {name!r}", "expected a header that may be added")
        if not _HEADER_VALUE.fullmatch(value) or value != value.strip():
            raise ConfigError(where, f"header {name!r}", "its value is no text of printable ASCII")
    if not MIN_TIMEOUT_S <= connection.timeout_s <= MAX_TIMEOUT_S:
        why = f"expected {MIN_TIMEOUT_S:g} to {MAX_TIMEOUT_S:g} seconds"
        raise ConfigError(where, f"timeout {connection.timeout_s:g}", why)
    return connection


def _shown(root: str) -> str:
    """Return an address without what may be a secret: user, password, signature."""
    before, mark, _ = re.sub(r"//[^/]*@", "//***@", root).partition("?")
    return f"{before}?***" if mark else before


def read_connection(folder: Path, name: str) -> HttpConnection | None:
    """Return a connection of a folder, None where there is none of this name.

    Raises
    ------
    ConfigError
        Its file cannot be read.
    """
    if not is_connection_name(name):
        return None
    file = folder / f"{name}{SUFFIX}"
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_FILE_BYTES)
        found = msgspec.json.decode(data, type=HttpConnection)
    except FileNotFoundError:
        return None
    except OSError as err:
        raise ConfigError(file, "", f"cannot be read: {err.strerror}") from err
    except msgspec.MsgspecError as err:
        raise ConfigError(file, "", f"is no connection: {err}") from err
    if found.name != name:
        raise ConfigError(file, "name", f"says {found.name!r}; expected {name!r}")
    return checked_connection(found)
