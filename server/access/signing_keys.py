"""The keys that sign tokens: random, made with the site file, changed by a command."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.settings import LONGEST_TOKEN_MIN
from server.access.site_schema import add_signing_key

if TYPE_CHECKING:
    import sqlite3

    from server.access.site import Site


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret that signs tokens, or once did.

    Attributes
    ----------
    ends_at : int or None
        Tokens that it signed count until then; None = it signs.
    """

    secret: bytes
    ends_at: int | None

    def __repr__(self) -> str:
        return f"SigningKey(ends_at={self.ends_at})"


class SigningKeys:
    """Change the signing key of a site.

    Raises
    ------
    ConfigError
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def rotate(self, *, at_once: bool = False) -> None:
        """Sign with a new key.

        Parameters
        ----------
        at_once
            End all tokens now; otherwise those of the old key count until they end.
        """
        now = int(time.time())
        with self._site.changing() as handle:
            if at_once:
                handle.execute("DELETE FROM signing_keys")
            else:
                handle.execute("DELETE FROM signing_keys WHERE ends_at <= ?", (now,))
                ends_at = now + LONGEST_TOKEN_MIN * 60
                handle.execute(
                    "UPDATE signing_keys SET ends_at = ? WHERE ends_at IS NULL", (ends_at,)
                )
            add_signing_key(handle)


def read_signing_keys(handle: sqlite3.Connection) -> list[SigningKey]:
    """Return the keys of a site file, the one that signs first."""
    rows = handle.execute("SELECT secret, ends_at FROM signing_keys ORDER BY id DESC")
    return [SigningKey(row["secret"], row["ends_at"]) for row in rows]
