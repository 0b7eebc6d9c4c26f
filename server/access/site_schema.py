"""The tables of the site file, as the steps that made them.

A step is never edited once released: a change of the tables is a further step.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_SIGNING_KEY_BYTES = 32

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
        "INSERT INTO counters VALUES ('access_revision', 1)",
        # epoch: a random number that every token carries; another one ends them all.
        """
        CREATE TABLE users (
            name TEXT PRIMARY KEY,
            role TEXT NOT NULL CHECK (role IN ('administrator', 'publisher', 'user')),
            password TEXT NOT NULL,
            epoch TEXT NOT NULL,
            made_at INTEGER NOT NULL
        ) STRICT
        """,
        # A group is there as long as it has members or may see something.
        """
        CREATE TABLE members (
            user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
            group_name TEXT NOT NULL,
            PRIMARY KEY (user_name, group_name)
        ) STRICT, WITHOUT ROWID
        """,
        # digest: SHA-256 of the key, which has 256 random bits; groups and services are JSON lists.
        """
        CREATE TABLE api_keys (
            name TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            role TEXT NOT NULL CHECK (role IN ('administrator', 'publisher', 'user')),
            groups TEXT NOT NULL,
            services TEXT NOT NULL,
            made_at INTEGER NOT NULL,
            ends_at INTEGER
        ) STRICT
        """,
        # name: "folder/service", "service", or "folder/" for what in a folder has no permission of its own.
        """
        CREATE TABLE permissions (
            name TEXT PRIMARY KEY,
            level TEXT NOT NULL CHECK (level IN ('public', 'signed-in', 'named'))
        ) STRICT
        """,
        """
        CREATE TABLE permitted_users (
            name TEXT NOT NULL REFERENCES permissions (name) ON DELETE CASCADE,
            user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
            PRIMARY KEY (name, user_name)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE permitted_groups (
            name TEXT NOT NULL REFERENCES permissions (name) ON DELETE CASCADE,
            group_name TEXT NOT NULL,
            PRIMARY KEY (name, group_name)
        ) STRICT, WITHOUT ROWID
        """,
        # ends_at: when the last token that it signed has ended; NULL = it signs.
        """
        CREATE TABLE signing_keys (
            id INTEGER PRIMARY KEY,
            secret BLOB NOT NULL,
            made_at INTEGER NOT NULL,
            ends_at INTEGER
        ) STRICT
        """,
    ),
)


def add_signing_key(handle: sqlite3.Connection) -> None:
    """Add a random key that signs tokens from now on."""
    handle.execute(
        "INSERT INTO signing_keys (secret, made_at, ends_at) VALUES (?, ?, NULL)",
        (secrets.token_bytes(_SIGNING_KEY_BYTES), int(time.time())),
    )
