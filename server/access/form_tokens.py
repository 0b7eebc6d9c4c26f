"""Proof that a form was sent from a page of ours: what stands in the form belongs to the browser's cookie.

Another site can make a browser send a form, but cannot read the page that holds the token, and the
token of one session is of no use in another.

References
----------
OWASP Cross-Site Request Forgery Prevention: signed double submit cookie, bound to the session.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

_KEY_BYTES = 32


class FormTokens:
    """Makes and checks tokens; those of another run of the server are not ours."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_KEY_BYTES)

    def token(self, form: str, session: str) -> str:
        """Return the token of a form for the holder of a cookie.

        Parameters
        ----------
        form
            What the form is for: its token is of no use elsewhere.
        session
            Value of the cookie.
        """
        text = f"{form}\0{session}".encode()
        return hmac.new(self._key, text, sha256).hexdigest()

    def is_valid(self, form: str, session: str, token: str) -> bool:
        """Tell whether a form was made for the holder of a cookie; without a cookie none was."""
        if not session:
            return False
        return hmac.compare_digest(self.token(form, session).encode(), token.encode())
