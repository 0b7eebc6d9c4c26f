"""Who services are shared with, as the site keeps it: by name, so it may be said before publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from server.access.names import checked_all, checked_shared, folder_of
from server.access.permission import Level, Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from server.access.site import Site


class Sharing:
    """Look at and change the permissions of services and folders.

    Raises
    ------
    InvalidParameter, ConfigError
        From all methods.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def all(self) -> dict[str, Permission]:
        """Return what was said, by the names of services and folders ("folder/")."""
        with self._site.reading() as handle:
            return read_permissions(handle)

    def of(self, name: str) -> tuple[Permission | None, str]:
        """Return the permission of a service or folder and the name that it was said for; None = the default."""
        shared = checked_shared(name)
        said = self.all()
        for place in (shared, folder_of(shared)):
            if place in said and (place == shared or not shared.endswith("/")):
                return said[place], place
        return None, ""

    def share(
        self, name: str, level: Level, users: Iterable[str] = (), groups: Iterable[str] = ()
    ) -> Permission:
        """Say who may see a service, or what in a folder has no permission of its own."""
        shared = checked_shared(name)
        permission = Permission(
            level, frozenset(checked_all("user", users)), frozenset(checked_all("group", groups))
        )
        with self._site.changing() as handle:
            for user in sorted(permission.users):
                if not handle.execute("SELECT 1 FROM users WHERE name = ?", (user,)).fetchone():
                    raise InvalidParameter("users", user, "names of users; see 'swath user list'")
            _write(handle, shared, permission)
        return permission

    def inherit(self, name: str) -> None:
        """Forget what was said for a service or folder."""
        shared = checked_shared(name)
        with self._site.changing() as handle:
            handle.execute("DELETE FROM permissions WHERE name = ?", (shared,))

    def carry(self, name: str, new_name: str) -> None:
        """Let a service that gets a new name keep what was said of it, for itself or for its folder.

        Called before the new name appears. What was said for the old name stays: requests may still be
        under way, and a service published under it later is not open to more than the old one was.
        """
        said = self.of(name)[0]
        if said is not None and said != self.of(new_name)[0]:
            with self._site.changing() as handle:
                _write(handle, checked_shared(new_name), said)


def read_permissions(handle: sqlite3.Connection) -> dict[str, Permission]:
    """Return all permissions of a site file."""
    users = _named(handle, "SELECT name, user_name FROM permitted_users")
    groups = _named(handle, "SELECT name, group_name FROM permitted_groups")
    return {
        name: Permission(level, frozenset(users.get(name, ())), frozenset(groups.get(name, ())))
        for name, level in handle.execute("SELECT name, level FROM permissions ORDER BY name")
    }


def _named(handle: sqlite3.Connection, query: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, who in handle.execute(query):
        found.setdefault(name, []).append(who)
    return found


def _write(handle: sqlite3.Connection, name: str, permission: Permission) -> None:
    handle.execute("DELETE FROM permissions WHERE name = ?", (name,))
    handle.execute("INSERT INTO permissions VALUES (?, ?)", (name, permission.level))
    handle.executemany(
        "INSERT INTO permitted_users VALUES (?, ?)", [(name, user) for user in permission.users]
    )
    handle.executemany(
        "INSERT INTO permitted_groups VALUES (?, ?)", [(name, group) for group in permission.groups]
    )
