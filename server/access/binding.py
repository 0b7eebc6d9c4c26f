"""What a token is bound to: the page that uses it, or an address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_REFERER = 512


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a token is good; "" = anywhere.

    Attributes
    ----------
    referer : str
        Beginning of the Referer header, up to the end of a part of the path.
    ip : str
        Address of the client.
    """

    referer: str = ""
    ip: str = ""

    def admits(self, referer: str, address: str) -> bool:
        """Tell whether a request comes from where the token is good."""
        return (not self.ip or _same_address(self.ip, address)) and (
            not self.referer or _begins(referer.strip(), self.referer.strip())
        )


ANYWHERE = Binding()


def _same_address(bound: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(bound) == ipaddress.ip_address(address)
    except ValueError:
        return False


def _begins(referer: str, bound: str) -> bool:
    """Compare whole parts: "https://a.example" is no beginning of "https://a.example.evil.example"."""
    found, wanted = _lower_host(referer), _lower_host(bound)
    if "://" not in wanted:
        # A host alone, as some clients bind to.
        found = found.partition("://")[2] or found
    wanted = wanted.rstrip("/")
    if found == wanted:
        return True
    if found.startswith(wanted):
        return found[len(wanted)] in "/?#"
    # Browsers tell other sites nothing of a page but its origin.
    return "://" in wanted and found.rstrip("/") == _origin(wanted)


def _lower_host(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark:
        host, slash, path = url.partition("/")
        return host.lower() + slash + path
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}"


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
