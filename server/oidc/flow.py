"""One sign-in on its way through the provider: what the browser keeps of it until it comes back.

Kept in a signed cookie: the server remembers nothing of who may never come back, and who comes back with
an answer to somebody else's sign-in has another cookie.

References
----------
RFC 7636, section 4 (PKCE, S256); OpenID Connect Core 1.0, sections 3.1.2.1 (state, nonce).
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from server.access.form_tokens import FormTokens

LIFE_S = 600.0
_FORM = "oidc"
_BYTES = 32
_LONGEST_NEXT = 1000


class Flow(msgspec.Struct, frozen=True, array_like=True):
    """What ties the answer of the provider to the browser that was sent there."""

    state: str
    nonce: str
    verifier: str
    following: str
    ends: float

    @property
    def challenge(self) -> str:
        """Return what the provider is shown of the verifier."""
        digest = sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def begun(following: str) -> Flow:
    """Return a new sign-in.

    Parameters
    ----------
    following
        Local path to go to afterwards.
    """
    state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
    kept = following if len(following) <= _LONGEST_NEXT else ""
    return Flow(state, nonce, verifier, kept, time.time() + LIFE_S)


def to_cookie(flow: Flow, tokens: FormTokens) -> str:
    """Return a sign-in as its browser keeps it."""
    text = urlsafe_b64encode(msgspec.json.encode(flow)).rstrip(b"=").decode()
    return f"{text}.{tokens.token(_FORM, text)}"


def from_cookie(cookie: str, state: str, tokens: FormTokens) -> Flow | None:
    """Return the sign-in that a browser comes back from; None = it was not sent by us, or long ago.

    Parameters
    ----------
    state
        As the provider gave it back.
    """
    text, _, proof = cookie.rpartition(".")
    if not tokens.is_valid(_FORM, text, proof):
        return None
    padded = text + "=" * (-len(text) % 4)
    flow = msgspec.json.decode(urlsafe_b64decode(padded), type=Flow)
    is_answer = hmac.compare_digest(flow.state.encode(), state.encode())
    return flow if is_answer and flow.ends > time.time() else None
