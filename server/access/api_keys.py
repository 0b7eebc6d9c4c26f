"""API keys: what machines show instead of a name and a password.

A key is `swath_` and 43 random letters and digits (some 256 bits), so scanners for secrets find it, and a plain digest
is enough to keep: nobody guesses it, and it is looked up by its digest in one step.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import string
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from server.access.names import Role, checked, checked_all, checked_role, checked_shared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from server.access.site import Site

PREFIX = "swath_"
_LENGTH = 43
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, without the key.

    Attributes
    ----------
    services : tuple of str
        Services and folders ("folder/") that it is limited to, beside what is public; () = not limited.
    ends_at : int or None
        Seconds since 1970; None = never.
    """

    name: str
    role: Role
    groups: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    made_at: int = 0
    ends_at: int | None = None


def digest_of(key: str) -> bytes:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


class ApiKeys:
    """Look at and change the API keys of a site.

    Raises
    ------
    InvalidParameter, ConfigError
        From all methods.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def all(self) -> list[ApiKey]:
        """Return all keys by name, those that have ended too."""
        with self._site.reading() as handle:
            rows = handle.execute("SELECT * FROM api_keys ORDER BY name").fetchall()
        return [
            ApiKey(
                row["name"],
                row["role"],
                tuple(json.loads(row["groups"])),
                tuple(json.loads(row["services"])),
                row["made_at"],
                row["ends_at"],
            )
            for row in rows
        ]

    def create(
        self,
        name: str,
        role: str = "user",
        groups: Iterable[str] = (),
        services: Iterable[str] = (),
        days: float | None = None,
    ) -> str:
        """Make a key and return it; it is told this once.

        Parameters
        ----------
        days
            It ends after so long; None = never.
        """
        known = checked("key", name)
        now = int(time.time())
        record = (
            checked_role(role),
            json.dumps(checked_all("group", groups)),
            json.dumps(sorted({checked_shared(service) for service in services})),
            now,
            None if days is None else now + round(days * 86_400),
        )
        key = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        with self._site.changing() as handle:
            if handle.execute("SELECT 1 FROM api_keys WHERE name = ?", (known,)).fetchone():
                raise InvalidParameter("key", name, "a name that no key has yet")
            handle.execute(
                "INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?)",
                (known, digest_of(key), *record),
            )
        return key

    def revoke(self, name: str) -> None:
        """End a key."""
        known = checked("key", name)
        with self._site.changing() as handle:
            if not handle.execute("DELETE FROM api_keys WHERE name = ?", (known,)).rowcount:
                accepted = "the name of a key; 'swath key list' shows them"
                raise InvalidParameter("key", name, accepted)
