"""All that decides on access, read from the site file at one moment, and who shows what by it.

A change of the site makes new records, which replace these as a whole: what was remembered of tokens
goes with them.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from cachetools import LRUCache

from engine.errors import InvalidToken
from server.access.api_keys import PREFIX, digest_of
from server.access.caller import Caller
from server.access.permission import PRIVATE, Permission, Permissions
from server.access.sharing import read_permissions
from server.access.signing_keys import SigningKey, read_signing_keys
from server.access.tokens import MAX_LENGTH, Claims, read_token, signed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from server.access.binding import Binding

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Account:
    """A user who may sign in."""

    caller: Caller
    password: str
    epoch: str

    def __repr__(self) -> str:
        return f"Account({self.caller.name!r})"


class _Key(NamedTuple):
    caller: Caller
    ends_at: int | None


class _Checked(NamedTuple):
    caller: Caller
    ends_at: int
    binding: Binding


class AccessRecords:
    """Accounts, keys and permissions of one moment.

    Parameters
    ----------
    accounts, keys
        By name; by digest.
    signing
        The key that signs first.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        keys: Mapping[bytes, _Key],
        signing: list[SigningKey],
        permissions: Permissions,
    ) -> None:
        self.accounts = accounts
        self.permissions = permissions
        self._keys = keys
        self._signing = signing
        self._checked: LRUCache[str, _Checked] = LRUCache(_REMEMBERED)

    def caller(self, credential: str, referer: str, address: str) -> Caller:
        """Return who shows a token or key; a token seen before costs a look-up.

        Raises
        ------
        InvalidToken
        """
        now = time.time()
        checked = self._checked.get(credential)
        if checked is None:
            if credential.startswith(PREFIX):
                return self._key_holder(credential, now)
            checked = self._check(credential, now)
            self._checked[credential] = checked
        if checked.ends_at <= now or not checked.binding.admits(referer, address):
            raise InvalidToken
        return checked.caller

    def token(self, account: Account, binding: Binding, ends_at: int) -> str:
        """Return a token for a user who has signed in."""
        claims = Claims(account.caller.name, account.epoch, ends_at, binding)
        return signed(claims, self._signing[0], time.time())

    def _check(self, token: str, now: float) -> _Checked:
        claims = read_token(token, self._signing, now)
        account = self.accounts.get(claims.user)
        if account is None or account.epoch != claims.epoch:
            raise InvalidToken
        return _Checked(account.caller, claims.ends_at, claims.binding)

    def _key_holder(self, key: str, now: float) -> Caller:
        found = self._keys.get(digest_of(key)) if len(key) <= MAX_LENGTH else None
        if found is None or (found.ends_at is not None and found.ends_at <= now):
            raise InvalidToken
        return found.caller


def closed_records() -> AccessRecords:
    """Return records that know nobody and show nothing: what counts until the site file is read."""
    return AccessRecords({}, {}, [], Permissions({}, PRIVATE))


def read_records(handle: sqlite3.Connection, default: Permission) -> AccessRecords:
    """Read everything in one transaction.

    Parameters
    ----------
    default
        The permission of services without one.
    """
    groups: dict[str, list[str]] = {}
    for user, group in handle.execute("SELECT user_name, group_name FROM members"):
        groups.setdefault(user, []).append(group)
    accounts = {
        name: Account(_caller(name, "user", role, groups.get(name, ())), password, epoch)
        for name, role, password, epoch in handle.execute(
            "SELECT name, role, password, epoch FROM users"
        )
    }
    keys = {
        row["digest"]: _Key(
            _caller(
                # No user has such a name.
                f"key:{row['name']}",
                "key",
                row["role"],
                json.loads(row["groups"]),
                json.loads(row["services"]),
            ),
            row["ends_at"],
        )
        for row in handle.execute("SELECT * FROM api_keys")
    }
    permissions = Permissions(read_permissions(handle), default)
    return AccessRecords(accounts, keys, read_signing_keys(handle), permissions)


def _caller(
    name: str,
    kind: Literal["user", "key"],
    role: str,
    groups: Iterable[str],
    services: Iterable[str] = (),
) -> Caller:
    return Caller(
        name,
        kind,
        is_administrator=role == "administrator",
        is_publisher=role in ("administrator", "publisher"),
        groups=frozenset(groups),
        services=frozenset(services),
    )
