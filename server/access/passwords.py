"""Passwords: what is strong enough, and how they are kept.

Kept as Argon2id with 19 MiB, two passes and one lane: some 40 ms of one core a password. More lanes would
take more cores from rendering at once; several servers of Swath never hash two passwords at a time.

References
----------
RFC 9106 (Argon2). OWASP Password Storage Cheat Sheet: the least Argon2id. NIST SP 800-63B, section 5.1.1:
length and common passwords count, mixtures of characters do not.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import ImageServerError

MIN_LENGTH = 10
MAX_LENGTH = 256

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

# The commonest of ten characters and more in lists of passwords that leaked, and our own.
_COMMON_TEXT = """
    1234567890 12345678910 0123456789 9876543210 0987654321 1234567891 123456789a 1q2w3e4r5t
    1qaz2wsx3edc qwertyuiop qwerty1234 qwerty12345 qwerty123456 qwertyuiop123 1qazxsw23edc
    asdfghjkl; zxcvbnm123 q1w2e3r4t5 q1w2e3r4t5y6 password12 password123 password1234 password12345
    passw0rd123 passwordpassword mypassword adminadmin admin12345 admin123456 administrator
    letmein123 letmeinnow iloveyou12 iloveyou123 welcome123 welcome1234 changeme123 changemenow
    sunshine12 princess12 football12 football123 baseball12 superman12 trustno1trustno1
    abcdefghij abcdefghijk abcd123456 abc1234567 a123456789 aa12345678 123456789q 123qwe123qwe
    1q2w3e4r5t6y qazwsxedcrfv correcthorsebatterystaple swathswath swathserver imageserver
"""
_COMMON = frozenset(_COMMON_TEXT.split())


class WeakPassword(ImageServerError):
    """A password that others would guess; it is not repeated."""

    def __str__(self) -> str:
        return f"This password is not accepted: {self.fields[0]}."


def check_strength(user: str, password: str) -> None:
    """Accept a password for a user.

    Raises
    ------
    WeakPassword
    """
    if len(password) < MIN_LENGTH:
        raise WeakPassword(f"it has fewer than {MIN_LENGTH} characters")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"it has more than {MAX_LENGTH} characters")
    if any(unicodedata.category(character) == "Cc" for character in password):
        raise WeakPassword("it has control characters")
    folded = password.casefold()
    if folded in _COMMON:
        raise WeakPassword("it is one of the commonest")
    if len(set(folded)) < 4:
        raise WeakPassword("it has fewer than 4 different characters")
    rest = folded.replace(user.casefold(), "")
    if user and len(rest) < MIN_LENGTH // 2:
        raise WeakPassword("it is little more than the name of the user")


def hashed(password: str) -> str:
    """Return what is kept of a password; takes its time, not for the event loop."""
    return _HASHER.hash(_normal(password))


def is_right(kept: str | None, password: str) -> bool:
    """Compare a password with what is kept; None = there is no such user.

    Takes equally long whether or not there is one, so nobody learns which users there are.
    """
    is_known = kept is not None
    try:
        _HASHER.verify(kept if kept is not None else _nobody(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return is_known


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def _normal(password: str) -> bytes:
    # Keyboards differ in how they write one letter. What a form sent that is no Unicode is no password.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
