"""Names of users, groups, keys and roles, and of what is shared, as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from engine.errors import InvalidParameter
from server.site.data_folder import check_service_name

if TYPE_CHECKING:
    from collections.abc import Iterable

Role: TypeAlias = Literal["administrator", "publisher", "user"]
ROLES: tuple[Role, ...] = get_args(Role)

_FORM = re.compile(r"[a-z0-9][a-z0-9_.@-]{0,127}")
_ACCEPTED = (
    "letters, digits, '_', '.', '-' and '@', beginning with a letter or digit, at most 128"
    " characters; case does not count"
)


def checked(kind: str, name: str) -> str:
    """Return a name of a user, group or key as it is kept: in lower case.

    Parameters
    ----------
    kind
        "user", "group" or "key".

    Raises
    ------
    InvalidParameter
    """
    folded = name.strip().lower()
    if not _FORM.fullmatch(folded):
        raise InvalidParameter(kind, name, _ACCEPTED)
    return folded


def checked_all(kind: str, names: Iterable[str]) -> list[str]:
    """Return several names, in order and each once.

    Raises
    ------
    InvalidParameter
    """
    return sorted({checked(kind, name) for name in names})


def checked_role(role: str) -> Role:
    """Return a role.

    Raises
    ------
    InvalidParameter
    """
    for known in ROLES:
        if role.strip().lower() == known:
            return known
    raise InvalidParameter("role", role, f"one of {', '.join(ROLES)}")


def checked_shared(name: str) -> str:
    """Return the name of a service, or of a folder with "/" at its end; "/" is the root.

    Raises
    ------
    InvalidParameter
    """
    if name == "/":
        return name
    if name.endswith("/"):
        folder = name[:-1]
        if "/" in folder:
            raise InvalidParameter("name", name, "SERVICE, FOLDER/SERVICE or FOLDER/")
        return check_service_name(folder) + "/"
    return check_service_name(name)


def folder_of(service_name: str) -> str:
    """Return the folder of a service as it is shared: "folder/", "/" for the root."""
    return service_name.rpartition("/")[0] + "/"
