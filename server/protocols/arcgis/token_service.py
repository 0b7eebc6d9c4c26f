"""The token service: reads what clients send, and gives a token for a name and a password.

Rule: nothing that was sent is repeated, be it a name, a password or an address.

References
----------
ArcGIS REST API, Generate Token: parameters, and the form of answers.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter, SignInFailed, TooManyAttempts
from server.access.binding import MAX_REFERER, Binding
from server.protocols.arcgis.errors import Failure
from server.protocols.input_limits import MAX_TOKEN_MINUTES

if TYPE_CHECKING:
    from server.access.access import Access
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.arcgis.request_reader import Pairs

MESSAGE = "Unable to generate token."
NO_USERS = "This server has no users: its services need no token."
NO_HTTPS = "SSL Required: passwords are taken over https only."

_CREDENTIALS = ("username", "password")
_CLIENTS = ("referer", "ip", "requestip")


@dataclass(frozen=True, slots=True)
class Line:
    """How a request came here.

    Attributes
    ----------
    query : Parameters
        Those of the query string, which proxies log: credentials do not belong there.
    address : str
        Of the client.
    is_private : bool
        Nobody on the way can read it.
    """

    query: Parameters
    address: str
    is_private: bool


class TokenRefused(Exception):
    """A token cannot be given.

    Attributes
    ----------
    failure : Failure
        What to tell.
    headers : dict
        When to try again.
    """

    def __init__(self, failure: Failure, headers: dict[str, str] | None = None) -> None:
        super().__init__(failure.details)
        self.failure = failure
        self.headers = headers or {}


class TokenService:
    """Gives tokens to who signs in."""

    def __init__(self, access: Access, *, needs_https: bool) -> None:
        self._access = access
        self._needs_https = needs_https

    async def token(self, pairs: Pairs, sent: Parameters, line: Line) -> dict[str, Any]:
        """Return the answer to a request for a token.

        Parameters
        ----------
        pairs, sent
            All parameters, as they came and for look-up: a password may begin with a blank.

        Raises
        ------
        TokenRefused
        """
        mistakes = _mistakes(sent, line)
        if not self._access.has_accounts:
            mistakes.append(NO_USERS)
        if mistakes:
            raise TokenRefused(Failure(200, 400, MESSAGE, tuple(mistakes)))
        self._look_at(line)
        password = next(v for k, v in pairs if k.strip().casefold() == "password" and v)
        try:
            account = await self._access.sign_in(sent.text("username"), password, line.address)
        except SignInFailed as err:
            raise TokenRefused(Failure(200, 400, MESSAGE, (str(err),))) from err
        except TooManyAttempts as err:
            again = {"Retry-After": f"{err.fields[0]:.0f}"}
            raise TokenRefused(Failure(429, 429, MESSAGE, (str(err),)), again) from err
        minutes = sent.integer("expiration", 1, MAX_TOKEN_MINUTES)
        issued = self._access.token(account, _binding(sent, line), minutes)
        return {
            "token": issued.token,
            "expires": issued.ends_at * 1000,
            "ssl": self._needs_https,
        }

    def _look_at(self, line: Line) -> None:
        """Refuse or lament a password that others can read."""
        if line.is_private:
            return
        if self._needs_https:
            raise TokenRefused(Failure(200, 403, MESSAGE, (NO_HTTPS,)))
        self._access.lament_plain_http(line.address)


def asks_nothing(sent: Parameters) -> bool:
    """Tell whether a request has no credentials at all: then a browser gets the form."""
    return not any(name in sent for name in _CREDENTIALS)


def _mistakes(sent: Parameters, line: Line) -> list[str]:
    found = []
    if any(name in line.query for name in _CREDENTIALS):
        found.append("Send username and password in the body of a POST, not in the address.")
    found += [f"'{name}' is missing." for name in _CREDENTIALS if not sent.text(name)]
    client = sent.keyword("client").casefold()
    if client and client not in _CLIENTS:
        found.append("'client': expected referer, ip or requestip.")
    if client == "referer" and not sent.text("referer"):
        found.append("'referer' is missing: client=referer needs it.")
    if len(sent.text("referer")) > MAX_REFERER:
        found.append(f"'referer': expected at most {MAX_REFERER} characters.")
    if client == "ip" and not _is_address(sent.text("ip")):
        found.append("'ip': client=ip needs an IP address.")
    if client == "requestip" and not _is_address(line.address):
        found.append("'client': the address of this request is not known.")
    try:
        sent.integer("expiration", 1, MAX_TOKEN_MINUTES)
    except InvalidParameter:
        found.append(f"'expiration': expected minutes from 1 to {MAX_TOKEN_MINUTES}.")
    return found


def _binding(sent: Parameters, line: Line) -> Binding:
    client = sent.keyword("client").casefold()
    if client == "requestip":
        return Binding(ip=line.address)
    if client == "ip":
        return Binding(ip=sent.text("ip"))
    # Clients that name their page and not the kind mean it.
    return Binding(referer=sent.text("referer"))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
