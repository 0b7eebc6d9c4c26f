"""The users of a site: who they are, their roles and groups."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from server.access.names import Role, checked, checked_all, checked_role
from server.access.passwords import check_strength, hashed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from server.access.site import Site


@dataclass(frozen=True, slots=True)
class User:
    """One user, without what is kept of the password."""

    name: str
    role: Role
    groups: tuple[str, ...]
    made_at: int


class Users:
    """Look at and change the users of a site.

    Raises
    ------
    InvalidParameter, WeakPassword, ConfigError
        From all methods.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def all(self) -> list[User]:
        """Return all users by name."""
        with self._site.reading() as handle:
            rows = handle.execute("SELECT name, role, made_at FROM users ORDER BY name").fetchall()
            groups: dict[str, list[str]] = {}
            for user, group in handle.execute(
                "SELECT user_name, group_name FROM members ORDER BY group_name"
            ):
                groups.setdefault(user, []).append(group)
        return [
            User(row["name"], row["role"], tuple(groups.get(row["name"], ())), row["made_at"])
            for row in rows
        ]

    def check_free(self, name: str) -> None:
        """Refuse a name that a user has, before a password is asked for."""
        user = checked("user", name)
        with self._site.reading() as handle:
            if _has(handle, user):
                raise _taken(name)

    def check_known(self, name: str) -> None:
        """Refuse a name that no user has."""
        user = checked("user", name)
        with self._site.reading() as handle:
            _known(handle, user)

    def add(self, name: str, password: str, role: str = "user", groups: Iterable[str] = ()) -> None:
        """Add a user."""
        user, chosen = checked("user", name), checked_role(role)
        members = checked_all("group", groups)
        check_strength(user, password)
        kept = hashed(password)
        with self._site.changing() as handle:
            if _has(handle, user):
                raise _taken(name)
            handle.execute(
                "INSERT INTO users VALUES (?, ?, ?, ?, ?)",
                (user, chosen, kept, _epoch(), int(time.time())),
            )
            _join(handle, user, members)

    def remove(self, name: str) -> None:
        """Remove a user, with all memberships, permissions and tokens."""
        user = checked("user", name)
        with self._site.changing() as handle:
            _known(handle, user)
            handle.execute("DELETE FROM users WHERE name = ?", (user,))

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password; tokens that are out end."""
        user = checked("user", name)
        check_strength(user, password)
        kept = hashed(password)
        with self._site.changing() as handle:
            _known(handle, user)
            handle.execute(
                "UPDATE users SET password = ?, epoch = ? WHERE name = ?", (kept, _epoch(), user)
            )

    def set_role(self, name: str, role: str) -> None:
        """Give a user another role."""
        user, chosen = checked("user", name), checked_role(role)
        with self._site.changing() as handle:
            _known(handle, user)
            handle.execute("UPDATE users SET role = ? WHERE name = ?", (chosen, user))

    def set_groups(self, name: str, groups: Iterable[str]) -> None:
        """Let a user be in these groups and no other."""
        user, members = checked("user", name), checked_all("group", groups)
        with self._site.changing() as handle:
            _known(handle, user)
            handle.execute("DELETE FROM members WHERE user_name = ?", (user,))
            _join(handle, user, members)

    def sign_out(self, name: str) -> None:
        """End all tokens of a user."""
        user = checked("user", name)
        with self._site.changing() as handle:
            _known(handle, user)
            handle.execute("UPDATE users SET epoch = ? WHERE name = ?", (_epoch(), user))


def _has(handle: sqlite3.Connection, user: str) -> bool:
    return handle.execute("SELECT 1 FROM users WHERE name = ?", (user,)).fetchone() is not None


def _known(handle: sqlite3.Connection, user: str) -> None:
    if not _has(handle, user):
        raise InvalidParameter("user", user, "the name of a user; 'swath user list' shows them")


def _taken(name: str) -> InvalidParameter:
    return InvalidParameter("user", name, "a name that no user has yet")


def _join(handle: sqlite3.Connection, user: str, groups: list[str]) -> None:
    handle.executemany("INSERT INTO members VALUES (?, ?)", [(user, group) for group in groups])


def _epoch() -> str:
    # Random, not counted: who is removed and added again has other tokens.
    return secrets.token_hex(8)
