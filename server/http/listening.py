"""Whether the address that a server shall listen on can be had, told before anything is started."""

from __future__ import annotations

import errno
import socket

from engine.errors import ConfigError

_WHY = {
    errno.EADDRINUSE: "is in use by another program; take another, or end that one",
    errno.EACCES: "may not be used by this user; take one above 1023",
}


def check_address(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on; 0 = any free port.

    Raises
    ------
    ConfigError
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except OSError as err:
        raise ConfigError("serve", "host", f"{host!r} is no address of this machine") from err
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as tried:
            # As asyncio does: what an earlier server has just left may be taken.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                tried.bind(address)
            except OSError as err:
                if err.errno == errno.EADDRNOTAVAIL:
                    why = f"{host!r} is no address of this machine"
                    raise ConfigError("serve", "host", why) from err
                why = _WHY.get(err.errno or 0, f"cannot be listened on: {err.strerror}")
                raise ConfigError("serve", "port", f"{port} on {host} {why}") from err
