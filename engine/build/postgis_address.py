"""Where a catalog in PostgreSQL lies, as an author writes it and definition.toml keeps it.

`postgresql://[user@]host[:port]/database[?schema=NAME&…]` or `service=NAME [schema=NAME]`, or any other
text of libpq (`host=/run/postgresql dbname=imagery schema=roads`). Never with a password.

References
----------
PostgreSQL 15, 34.1.1 (connection strings), 34.16 (password file), 34.17 (connection service file).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from engine.errors import ConfigError

_URL = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_SCHEMA_OF_TEXT = re.compile(r"(?:^|\s)schema\s*=\s*(?:'([^']*)'|(\S+))")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_TAKEN = ("public", "information_schema", "topology", "tiger")
_SECRETS = ("password", "sslpassword")
_HOW = (
    "must not hold a password: it is kept as plain text in definition.toml. Give it by the environment"
    " (PGPASSWORD), in ~/.pgpass (host:port:database:user:password, chmod 600) or in a service of"
    " ~/.pg_service.conf (service=NAME instead of the host)"
)


@dataclass(frozen=True, slots=True)
class PostgisAddress:
    """A schema of a database.

    Attributes
    ----------
    connection : str
        What libpq connects with.
    schema : str
    text : str
        Both, as definition.toml keeps them.
    """

    connection: str
    schema: str
    text: str


def parse_address(text: str, definition: str, where: object = "--catalog") -> PostgisAddress:
    """Return the parts of an address.

    Parameters
    ----------
    definition
        Its name names the schema where the address does not.
    where
        The option or file that holds the address, for messages.

    Raises
    ------
    ConfigError
        It is none, or holds a password; the message does not repeat it.
    """
    connection, schema = _split(text.strip())
    try:
        known = conninfo_to_dict(connection)
    except psycopg.ProgrammingError as err:
        why = (
            "is no address of a PostgreSQL database; accepted: postgresql://host/database,"
            " service=NAME, each with schema=NAME if you like"
        )
        raise ConfigError(where, "", why) from err
    if any(known.get(secret) for secret in _SECRETS):
        raise ConfigError(where, "", _HOW)
    schema = schema or default_schema(definition)
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_") or schema in _TAKEN:
        why = f"{schema!r} cannot be the schema of a catalog: small letters, digits and _, a letter first"
        raise ConfigError(where, "schema", why)
    return PostgisAddress(connection, schema, _joined(connection, schema))


def default_schema(definition: str) -> str:
    """Return the schema that a definition has where its author names none."""
    plain = re.sub(r"[^a-z0-9_]+", "_", definition.casefold()).strip("_")[:50] or "catalog"
    is_free = plain[0].isalpha() and plain not in _TAKEN and not plain.startswith("pg_")
    return plain if is_free else f"swath_{plain}"


def _split(text: str) -> tuple[str, str]:
    """Return what libpq knows of an address, and the schema."""
    if _URL.match(text):
        base, _, query = text.partition("?")
        options = [option for option in query.split("&") if option]
        schemas = [option for option in options if option.startswith("schema=")]
        rest = "&".join(option for option in options if option not in schemas)
        schema = unquote(schemas[-1].partition("=")[2]) if schemas else ""
        return f"{base}?{rest}" if rest else base, schema
    found = _SCHEMA_OF_TEXT.search(text)
    if not found:
        return text, ""
    return _SCHEMA_OF_TEXT.sub("", text).strip(), found.group(1) or found.group(2)


def _joined(connection: str, schema: str) -> str:
    if not _URL.match(connection):
        return f"{connection} schema={schema}"
    return f"{connection}{'&' if '?' in connection else '?'}schema={schema}"
