"""Who a request comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request comes from, as far as the server knows.

    Attributes
    ----------
    name : str
        "anna", "key:harvester"; "" = anonymous.
    is_publisher : bool
        May publish; administrators may, too.
    groups : frozenset of str
        Groups it is in.
    services : frozenset of str
        Of a key: the services ("folder/name") and folders ("folder/") that it is limited to, beside
        what is public; empty = not limited.
    """

    name: str
    kind: Literal["anonymous", "user", "key"]
    is_administrator: bool = False
    is_publisher: bool = False
    groups: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing is known of it."""
        return self.kind == "anonymous"

    @property
    def sees_all(self) -> bool:
        """Whether it sees each service, whatever its permission."""
        return (self.is_administrator or self.is_publisher) and not self.services


ANONYMOUS = Caller("", "anonymous")
