"""ID tokens: whether one was made by the provider, for us, for this very sign-in, and whom it names.

References
----------
OpenID Connect Core 1.0, section 3.1.3.7 (validation); RFC 8725 (only algorithms that are expected).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import jwt

from engine.errors import InvalidParameter, SignInFailed
from server.access.caller import Caller
from server.access.names import checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from config.settings import OidcSettings

# Signed by a key pair: never "none", never a secret that the provider shares with others.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
# Stands before names, so that nobody gets the rights of a user of this server by being called so elsewhere.
PREFIX = "oidc:"
_NEEDED = ["iss", "aud", "exp", "iat", "sub", "nonce"]
_LEEWAY_S = 60
_MOST_GROUPS = 1000
_LONGEST_NAME = 128


def claims_of(token: str, key: jwt.PyJWK, settings: OidcSettings, nonce: str) -> dict[str, Any]:
    """Return what an ID token says, once all of it is found good.

    Parameters
    ----------
    key
        Of the provider, by the token's own `kid`.
    nonce
        That this sign-in was begun with.

    Raises
    ------
    SignInFailed
        For whatever reason.
    """
    if key.algorithm_name not in ALGORITHMS:
        raise SignInFailed
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=settings.client_id,
            issuer=settings.issuer,
            leeway=_LEEWAY_S,
            options={"require": _NEEDED},
        )
    except jwt.PyJWTError as err:
        raise SignInFailed from err
    is_ours = claims.get("azp", settings.client_id) == settings.client_id
    if not is_ours or (isinstance(claims["aud"], list) and len(claims["aud"]) > 1):
        raise SignInFailed
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise SignInFailed
    return claims


def caller_of(claims: Mapping[str, Any], settings: OidcSettings) -> Caller:
    """Return whom the claims of an ID token name."""
    name = str(claims.get(settings.name_claim) or claims["sub"]).strip()[:_LONGEST_NAME]
    groups = frozenset(_groups(claims.get(settings.groups_claim)))
    return Caller(
        PREFIX + "".join(mark for mark in name if mark.isprintable()),
        "user",
        is_administrator=not groups.isdisjoint(map(str.lower, settings.administrators)),
        is_publisher=not groups.isdisjoint(map(str.lower, settings.publishers)),
        groups=groups,
    )


def _groups(told: object) -> Iterator[str]:
    """Yield the groups that this server could have, too; some providers begin them with a slash."""
    found = [told] if isinstance(told, str) else told
    if not isinstance(found, list):
        return
    for group in found[:_MOST_GROUPS]:
        try:
            yield checked("group", str(group).removeprefix("/"))
        except InvalidParameter:
            continue
