"""Who may look inside: at metrics and the details of health, which tell of all services."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.errors import Forbidden, InvalidToken, TokenRequired
from server.visitor import visitor_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

    from server.state import ServerState

# What proxies add: then the connection says nothing of who asks, unless the proxy is trusted and says it.
_OF_PROXIES = frozenset({b"forwarded", b"via", b"x-real-ip"})
_FORWARDED = b"x-forwarded-"
# What browsers add where a page of another site asks, which may read the answers that are everybody's.
_OF_OTHER_SITES = b"origin"
# Proxies pass on the name that they were asked by; and other sites can let a name of theirs lead here.
_OWN_NAMES = frozenset({"", "localhost"})


def is_insider(state: ServerState, scope: Scope) -> bool:
    """Tell whether a request may see what is inside: see `check_insider`.

    A token that is none makes it no insider.
    """
    try:
        check_insider(state, scope)
    except (InvalidToken, TokenRequired, Forbidden):
        return False
    return True


def check_insider(state: ServerState, scope: Scope) -> None:
    """Let pass this machine, administrators, and API keys that see all services; everybody where set so.

    Raises
    ------
    InvalidToken, TokenRequired, Forbidden
    """
    if state.settings.open_metrics or _is_this_machine(state, scope):
        return
    caller = visitor_of(state, scope).caller
    if caller.is_anonymous:
        raise TokenRequired
    if not (caller.is_administrator or (caller.kind == "key" and caller.sees_all)):
        raise Forbidden("look inside: it takes an administrator or an API key of a publisher")


def _is_this_machine(state: ServerState, scope: Scope) -> bool:
    headers = dict(scope["headers"])
    if _OF_OTHER_SITES in headers:
        return False
    if state.address.forwarded_client(scope) is None and _is_proxied(headers):
        return False
    # A Unix socket has no address: whoever reaches it was let in by the file's mode.
    return scope.get("client") is None or _is_loopback(state.address.client(scope))


def _is_proxied(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether something shows that a request was for another machine."""
    if any(name in _OF_PROXIES or name.startswith(_FORWARDED) for name in headers):
        return True
    host = headers.get(b"host", b"")
    try:
        called = urlsplit(f"//{host.decode('latin-1')}").hostname or ""
    except ValueError:
        return True
    return called not in _OWN_NAMES and not _is_loopback(called)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
