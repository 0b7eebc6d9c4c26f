"""Where the server is seen from outside: scheme, host and path of every link that it emits.

X-Forwarded-* headers count only when the connection comes from a trusted proxy. Of a list the last
entry counts: it was written by the proxy that is trusted, those before may come from the client.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Scope

    from config.settings import Settings

_HOST_FORM = re.compile(
    r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?"
)
# Some proxies tell the port, too, and others put brackets around an address of IPv6.
_CLIENT_FORM = re.compile(r"\[([^\]]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")
_PREFIX_FORM = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_MAX_LENGTH = 255


class PublicAddress:
    """Derives links from requests and settings."""

    def __init__(self, settings: Settings) -> None:
        self._fixed = settings.public_url.rstrip("/")
        self._prefix = settings.prefix
        self._networks = [
            ipaddress.ip_network(text, strict=False) for text in settings.trusted_proxies
        ]
        self._is_trusted = lru_cache(maxsize=1024)(self._is_in_networks)

    def base(self, scope: Scope) -> str:
        """Return "https://host/prefix" without a slash at its end."""
        if self._fixed:
            return self._fixed
        scheme = scope.get("scheme", "http")
        host = _header(scope["headers"], b"host")
        prefix = self._prefix
        if self.is_from_proxy(scope):
            forwarded = _header(scope["headers"], b"x-forwarded-proto").lower()
            scheme = forwarded if forwarded in ("http", "https") else scheme
            host = _checked(_header(scope["headers"], b"x-forwarded-host"), _HOST_FORM) or host
            stripped = _header(scope["headers"], b"x-forwarded-prefix").rstrip("/")
            prefix = _checked(stripped, _PREFIX_FORM) + prefix
        return f"{scheme}://{_checked(host, _HOST_FORM) or _own_address(scope)}{prefix}"

    def is_https(self, scope: Scope) -> bool:
        """Tell whether nobody can read along on the way to the outside."""
        return self.base(scope).startswith("https:")

    def is_from_proxy(self, scope: Scope) -> bool:
        """Tell whether the connection comes from a trusted proxy."""
        client = scope.get("client")
        return bool(self._networks and client and self._is_trusted(client[0]))

    def is_private(self, scope: Scope) -> bool:
        """Tell whether nobody between the client and this server can read along.

        That is https, or a client on this machine. A trusted proxy says what it was asked by; when it says
        nothing, it is what links begin with.
        """
        if self.is_from_proxy(scope):
            told = _header(scope["headers"], b"x-forwarded-proto").lower()
            return told == "https" or (not told and self._fixed.startswith("https:"))
        return scope.get("scheme") == "https" or _is_loopback(scope.get("client"))

    def client(self, scope: Scope) -> str:
        """Return the address of the client, as far as it can be trusted."""
        peer = scope.get("client")
        if peer is None:
            return ""
        return self.forwarded_client(scope) or str(peer[0])

    def forwarded_client(self, scope: Scope) -> str | None:
        """Return the address that a trusted proxy was asked from; None = there is none, or it does not say."""
        if not self.is_from_proxy(scope):
            return None
        text = _header(scope["headers"], b"x-forwarded-for")
        found = _CLIENT_FORM.fullmatch(text)
        try:
            return str(ipaddress.ip_address((found[1] or found[2]) if found else text))
        except ValueError:
            return None

    def _is_in_networks(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:  # a Unix socket or a test client has no address
            return False
        return any(parsed in network for network in self._networks)


def _is_loopback(peer: tuple[str, int] | None) -> bool:
    try:
        return peer is None or ipaddress.ip_address(peer[0]).is_loopback
    except ValueError:  # a Unix socket
        return True


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    last = b""
    for key, value in headers:
        if key == name:
            last = value
    return last.decode("latin-1").rpartition(",")[2].strip()


def _checked(text: str, form: re.Pattern[str]) -> str:
    return text if len(text) <= _MAX_LENGTH and form.fullmatch(text) else ""


def _own_address(scope: Scope) -> str:
    host, port = scope.get("server") or ("localhost", None)
    if ":" in host:
        host = f"[{host}]"
    return f"{host}:{port}" if port else str(host)
