"""Tokens: signed statements of who signed in, until when, and where they are good.

The algorithm is HS256 and no other: the head of a token must be ours to the letter, before anything in
it is read.

Ends are times of the wall clock, because clients are told them and they outlive the server. When the clock
jumps forward, tokens end early by the jump; when it jumps back by more than `_EARLY_S`, those made shortly
before are not yet good until it has caught up, and older ones live longer by the jump. Nothing is
let in that was not signed here.

References
----------
RFC 7519 (JWT); RFC 8725 (JWT best current practices), sections 3.1 and 3.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jwt
from jwt.utils import base64url_decode, base64url_encode

from engine.errors import InvalidToken
from server.access.binding import Binding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from server.access.signing_keys import SigningKey

MAX_LENGTH = 4096
_ALGORITHM = "HS256"
_ISSUER = "swath"
_HEAD = jwt.encode({}, b"-" * 32, _ALGORITHM).partition(".")[0] + "."
# Clocks are set back by moments: a new token is good from a minute before.
_EARLY_S = 60


class Claims(NamedTuple):
    """What a token says.

    Attributes
    ----------
    epoch : str
        Of the user when it was made; another one since then ends it.
    ends_at : int
        Seconds since 1970.
    """

    user: str
    epoch: str
    ends_at: int
    binding: Binding


def signed(claims: Claims, key: SigningKey, now: float) -> str:
    """Return a token.

    Parameters
    ----------
    now
        Seconds since 1970.
    """
    payload: dict[str, Any] = {
        "iss": _ISSUER,
        "sub": claims.user,
        "epoch": claims.epoch,
        "nbf": int(now) - _EARLY_S,
        "exp": claims.ends_at,
    }
    if claims.binding.referer:
        payload["referer"] = claims.binding.referer
    if claims.binding.ip:
        payload["ip"] = claims.binding.ip
    return jwt.encode(payload, key.secret, _ALGORITHM)


def read_token(token: str, keys: Iterable[SigningKey], now: float) -> Claims:
    """Return what a token says, once its signature and times are found good.

    Raises
    ------
    InvalidToken
        For whatever reason.
    """
    if not token.startswith(_HEAD) or len(token) > MAX_LENGTH or not _is_plain(token):
        raise InvalidToken
    for key in keys:
        if key.ends_at is not None and key.ends_at <= now:
            continue
        try:
            payload = jwt.decode(
                token,
                key.secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={"require": ["iss", "sub", "nbf", "exp"]},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as err:
            raise InvalidToken from err
        binding = Binding(payload.get("referer", ""), payload.get("ip", ""))
        return Claims(payload["sub"], payload.get("epoch", ""), int(payload["exp"]), binding)
    raise InvalidToken


def _is_plain(token: str) -> bool:
    """Tell whether the signature is written as we write it: base64 has spare bits and takes padding."""
    if not token.isascii():
        return False
    text = token.rpartition(".")[2].encode()
    try:
        return base64url_encode(base64url_decode(text)) == text
    except ValueError:  # no base64 at all
        return False
