"""What a permission says, and which one a service has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from server.access.names import folder_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.access.caller import Caller

Level: TypeAlias = Literal["public", "signed-in", "named"]

# Names that are asked for are remembered, and anybody may ask for any name.
_MAX_REMEMBERED = 20_000
_MAX_NAME = 260


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may see a service.

    Attributes
    ----------
    level : str
        "public": everybody; "signed-in": every user and key; "named": the users and groups named here.
        Administrators and publishers see everything: they can change it anyway.
    """

    level: Level
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it."""
        return self.level == "public"

    def admits(self, caller: Caller, service_name: str) -> bool:
        """Tell whether a caller may see a service with this permission."""
        if self.level == "public":
            return True
        if caller.is_anonymous:
            return False
        if caller.services:
            return service_name in caller.services or folder_of(service_name) in caller.services
        if caller.is_administrator or caller.is_publisher or self.level == "signed-in":
            return True
        return caller.name in self.users or not self.groups.isdisjoint(caller.groups)

    def __str__(self) -> str:
        if self.level == "public":
            return "public: everybody"
        if self.level == "signed-in":
            return "signed-in: every user and every key"
        named = [f"users {', '.join(sorted(self.users))}"] if self.users else []
        named += [f"groups {', '.join(sorted(self.groups))}"] if self.groups else []
        return " and ".join(named) or "private: administrators and publishers"


PUBLIC = Permission("public")
SIGNED_IN = Permission("signed-in")
PRIVATE = Permission("named")


class Permissions(dict[str, Permission]):
    """The permission of each service; one look-up in a dict for every name that was asked for before.

    A service's own, else that of its folder, else the default.

    Parameters
    ----------
    given
        By the names of services and folders ("folder/", "/").
    default
        Of services without any.

    Attributes
    ----------
    hides_folders : bool
        Whether there are folders, closed themselves or with closed services in them.
    """

    def __init__(self, given: Mapping[str, Permission], default: Permission) -> None:
        super().__init__(given)
        self._default = default
        self._hiding = {
            folder_of(name)
            for name, permission in given.items()
            if not permission.is_public and not name.endswith("/")
        }

        closed = (n for n, each in given.items() if n.endswith("/") and not each.is_public)
        self.hides_folders = bool({*self._hiding, *closed} - {"/"})

    def __missing__(self, service_name: str) -> Permission:
        # `get`, which does not come here again.
        found = self.get(folder_of(service_name), self._default)
        if len(self) < _MAX_REMEMBERED and len(service_name) <= _MAX_NAME:
            self[service_name] = found
        return found

    def hides_some(self, folder: str) -> bool:
        """Tell whether a folder ("folder/", "/") holds services with a permission that hides them."""
        return folder in self._hiding
