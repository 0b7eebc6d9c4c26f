"""The identity provider: its addresses and keys, and what it gives for a code.

Rule: the only address that is asked is the operator's, and what its discovery document names; nothing
that a client sends is ever one. Answers are bounded in time and size, and redirects not followed.

References
----------
OpenID Connect Discovery 1.0, section 4; OpenID Connect Core 1.0, section 3.1.3; RFC 7636 (PKCE).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import jwt
import msgspec

from engine.errors import SignInFailed

if TYPE_CHECKING:
    from config.settings import OidcSettings

_log = logging.getLogger("swath.access.oidc")

_TIMEOUT_S = 10.0
_MOST_BYTES = 1024 * 1024
_KEPT_S = 3600.0
# Keys change; but whoever invents names of keys does not make us ask for each.
_ASKED_AGAIN_S = 60.0
# A provider that does not answer is left alone for so long, however many want to sign in.
_LEFT_ALONE_S = 10.0
_WELL_KNOWN = "/.well-known/openid-configuration"


class Endpoints(msgspec.Struct, frozen=True):
    """What is used of a discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class ProviderFailed(SignInFailed):
    """The provider does not answer, or not as it should; the log says more."""

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "The identity provider cannot be asked now. Try again later."


class Provider:
    """One identity provider.

    Parameters
    ----------
    secret : str
        Of the client; "" = a public client, which PKCE alone protects.
    """

    def __init__(self, settings: OidcSettings, secret: str) -> None:
        self._settings = settings
        self._secret = secret
        self._endpoints: tuple[float, Endpoints] | None = None
        self._keys: tuple[float, dict[str, jwt.PyJWK]] | None = None
        self._discovery: asyncio.Task[Endpoints] | None = None
        self._failed = -math.inf

    async def endpoints(self) -> Endpoints:
        """Return the provider's addresses.

        Raises
        ------
        ProviderFailed
        """
        now = time.monotonic()
        if self._endpoints is not None and now - self._endpoints[0] <= _KEPT_S:
            return self._endpoints[1]
        if self._discovery is None:
            if now - self._failed < _LEFT_ALONE_S:
                raise ProviderFailed
            self._discovery = asyncio.create_task(self._discover())
            self._discovery.add_done_callback(self._discovered)
        # All who ask meanwhile wait for the same answer, and who leaves does not begin it anew.
        return await asyncio.shield(self._discovery)

    def _discovered(self, task: asyncio.Task[Endpoints]) -> None:
        self._discovery = None
        if task.cancelled() or task.exception() is not None:
            self._failed = time.monotonic()
        else:
            self._endpoints = (time.monotonic(), task.result())

    async def _discover(self) -> Endpoints:
        address = self._settings.issuer.rstrip("/") + _WELL_KNOWN
        found = await self._asked("GET", address)
        try:
            read = msgspec.convert(found, Endpoints)
        except msgspec.ValidationError as err:
            raise _failed(address, err) from err
        if read.issuer != self._settings.issuer:
            raise _failed(address, f"names another issuer, {read.issuer!r}")
        for named in (read.authorization_endpoint, read.token_endpoint, read.jwks_uri):
            if not is_safe_address(named):
                raise _failed(address, f"names {named!r}, which is not https")
        return read

    async def id_token(self, code: str, verifier: str, redirect: str) -> str:
        """Return the ID token for a code.

        Raises
        ------
        SignInFailed
        """
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self._settings.client_id,
            "code_verifier": verifier,
        }
        if self._secret:
            sent["client_secret"] = self._secret
        endpoints = await self.endpoints()
        found = await self._asked("POST", endpoints.token_endpoint, sent)
        token = found.get("id_token")
        if not isinstance(token, str):
            raise _failed(endpoints.token_endpoint, "gave no ID token")
        return token

    async def key(self, token: str) -> jwt.PyJWK:
        """Return the key that a token names.

        Raises
        ------
        SignInFailed
            The provider has none of this name.
        """
        try:
            name = str(jwt.get_unverified_header(token).get("kid", ""))
        except jwt.PyJWTError as err:
            raise SignInFailed from err
        now = time.monotonic()
        if self._keys is not None and now - self._keys[0] < _KEPT_S:
            found = _named(self._keys[1], name)
            if found is not None:
                return found
        if self._keys is None or now - self._keys[0] > _ASKED_AGAIN_S:
            self._keys = (now, await self._read_keys())
            found = _named(self._keys[1], name)
            if found is not None:
                return found
        raise SignInFailed

    async def _read_keys(self) -> dict[str, jwt.PyJWK]:
        address = (await self.endpoints()).jwks_uri
        told = (await self._asked("GET", address)).get("keys")
        found = {}
        for each in told if isinstance(told, list) else ():
            if not isinstance(each, dict) or each.get("use", "sig") != "sig":
                continue
            try:
                key = jwt.PyJWK(each)
            except (jwt.PyJWTError, ValueError, TypeError):
                # Of a kind that is not known here; others may be.
                continue
            found[str(each.get("kid", ""))] = key
        return found

    async def _asked(self, method: str, address: str, form: Any = None) -> dict[str, Any]:
        try:
            # A connection of its own: people sign in some times a day.
            async with (
                httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client,
                client.stream(
                    method, address, data=form, headers={"Accept": "application/json"}
                ) as answer,
            ):
                if answer.status_code != 200:
                    raise _failed(address, f"answered {answer.status_code}")
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _MOST_BYTES:
                        raise _failed(address, "answered more than a megabyte")
            return msgspec.json.decode(bytes(body), type=dict[str, Any])
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError) as err:
            raise _failed(address, err) from err


def is_safe_address(address: str) -> bool:
    """Tell whether nobody can read along: https, or this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.scheme == "http" and parts.hostname == "localhost"


def _named(keys: dict[str, jwt.PyJWK], name: str) -> jwt.PyJWK | None:
    if not name and len(keys) == 1:
        return next(iter(keys.values()))
    return keys.get(name)


def _failed(address: str, why: object) -> ProviderFailed:
    _log.error("identity provider: %s: %s", address, why)
    return ProviderFailed()
