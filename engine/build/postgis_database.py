"""A catalog kept in PostgreSQL with PostGIS: a schema a definition, its layers as tables.

OBJECTIDs come from identity columns and are never reused. Who first writes in a run is the author
until the run ends; others may read meanwhile, and wait a while before they are refused.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import errors

from engine.build.catalog_schema import LAYERS, TABLES
from engine.build.postgis_crs import ensure_srid
from engine.build.postgis_sql import copy_statement, field_type, statements, translate
from engine.build.postgis_values import register_values
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.build.catalog_database import Rows
    from engine.build.postgis_address import PostgisAddress
    from engine.extent import Extent

R = TypeVar("R")
_CONNECT_S = 15
WAIT_S = 20.0
_FEW = 20
_KEYS = {"footprints": "OBJECTID", "boundary": "fid", "seamlines": "fid"}
_NO_POSTGIS = "has no PostGIS; whoever owns the database runs: CREATE EXTENSION postgis"
_PASSWORD = " (give it as PGPASSWORD, in ~/.pgpass or by a service of ~/.pg_service.conf)"
_AUTHOR = """
SELECT a.usename, coalesce(host(a.client_addr), 'this machine'),
       to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(?, 0)
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class PostgisDatabase:
    """See `engine.build.catalog_database.CatalogDatabase`.

    Parameters
    ----------
    address : PostgisAddress
        Its database must have PostGIS.

    Raises
    ------
    ConfigError
        It cannot be reached.
    """

    def __init__(self, address: PostgisAddress) -> None:
        self._address = address
        self._is_author = False
        self._db = _connect(address)
        try:
            self._set_up()
        except BaseException:
            self._db.close()
            raise

    def _set_up(self) -> None:
        found = self.execute(
            "SELECT n.nspname, t.oid FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
            " JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = 'geometry'"
            " WHERE e.extname = 'postgis'"
        ).fetchone()
        if found is None:
            raise ConfigError(self.name, "", _NO_POSTGIS)
        home, geometry_oid = found
        self.execute(
            "SELECT set_config('search_path', ?, false), set_config('TimeZone', 'UTC', false),"
            " set_config('lock_timeout', ?, false)",
            (f'"{self._address.schema}", "{home}"', f"{int(WAIT_S * 1000)}"),
        )
        register_values(self._db, geometry_oid)

    @classmethod
    def create(cls, address: PostgisAddress) -> PostgisDatabase:
        """Make an empty catalog; its schema must not exist or be empty.

        Raises
        ------
        ConfigError
            There is something in it, or we may not make it.
        """
        _ensure_extension(address)
        made = cls(address)
        try:
            made.make_tables()
        except BaseException:
            made.close()
            raise
        return made

    def make_tables(self) -> None:
        """Make the schema and its tables."""
        schema = self._address.schema
        with self.batch():
            query = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(?)"
            if self.execute(query, (f'"{schema}"',)).fetchone()[0]:
                why = f"{schema!r} is not empty; name another one: schema=NAME"
                raise ConfigError(self.name, "schema", why)
            self.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            for statement in statements(TABLES):
                self.execute(statement)
            for layer in LAYERS:
                self.execute(f"CREATE INDEX ON {layer} USING gist (Shape)")

    @property
    def name(self) -> str:
        """The address."""
        return self._address.text

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> Rows:
        """Run a statement."""
        return self._run(lambda: self._db.execute(translate(sql), values, binary=True))

    def execute_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run a statement for each row of values."""
        coming = iter(rows)
        some = list(islice(coming, _FEW))
        copied = copy_statement(sql)
        if copied and len(some) == _FEW:
            self._run(lambda: self._copy(copied, chain(some, coming)))
        elif len(some) == 1:
            # One row alone needs no pipeline.
            self.execute(sql, some[0])
        elif some:
            query = translate(sql)
            self._run(lambda: self._db.cursor().executemany(query, chain(some, coming)))

    def _copy(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._db.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def _run(self, work: Callable[[], R]) -> R:
        try:
            return work()
        except errors.LockNotAvailable as err:
            raise ConfigError(self.name, "", self._who_locks()) from err
        except psycopg.Error as err:
            raise ConfigError(self.name, "", f"cannot be read or written: {_words(err)}") from err

    def _who_locks(self) -> str:
        return (
            "is being changed by another program (an editor with unsaved changes, perhaps);"
            " try again when it has ended"
        )

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Commit what is done inside together, or nothing of it."""
        self._become_author()
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            if not self._db.closed:
                self._run(self._db.rollback)
            raise
        self.execute("COMMIT")

    def _become_author(self) -> None:
        """Keep other authors out until this run ends.

        Raises
        ------
        ConfigError
            Another one is at work and does not end soon.
        """
        if self._is_author:
            return
        key = f"swath {self._address.schema}"
        try:
            self._db.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (key,))
        except errors.LockNotAvailable as err:
            found = self.execute(_AUTHOR, (key,)).fetchone()
            who = "by {} from {} since {} UTC".format(*found) if found else "by another author"
            why = f"is being changed {who}; try again when that has ended"
            raise ConfigError(self.name, "", why) from err
        except psycopg.Error as err:
            raise ConfigError(self.name, "", _words(err)) from err
        self._is_author = True
        if self.has_tables():
            # Rows that people put in with numbers of their own are not known to the identity.
            for layer, key in _KEYS.items():
                top = self.execute(f'SELECT coalesce(max("{key}"), 0) FROM {layer}').fetchone()[0]
                self.keep_ids_above(layer, top)

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table and their types."""
        rows = self.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (f'"{self._address.schema}"."{table}"',),
        )
        return {name: field_type(kind) for name, kind in rows}

    def tables(self) -> list[str]:
        """Return the layers and all tables of ours."""
        query = (
            "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(?)"
            " AND relkind = 'r' AND starts_with(relname, 'swath_') ORDER BY relname"
        )
        rows = self.execute(query, (f'"{self._address.schema}"',))
        return [*LAYERS, *(row[0] for row in rows)]

    def primary_key(self, table: str) -> list[str]:
        """Return the columns of a table's primary key."""
        query = (
            "SELECT attname FROM pg_index i JOIN pg_attribute a ON attrelid = indrelid"
            " AND attnum = ANY (indkey) WHERE indrelid = to_regclass(?) AND indisprimary"
            " ORDER BY array_position(indkey, attnum)"
        )
        return [row[0] for row in self.execute(query, (f'"{self._address.schema}".{table}',))]

    def has_tables(self) -> bool:
        """Tell whether this is the catalog of a definition."""
        query = (
            "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(?)"
            " AND relname IN ('footprints', 'swath_build')"
        )
        return bool(self.execute(query, (f'"{self._address.schema}"',)).fetchone()[0] == 2)

    def last_id(self, layer: str) -> int:
        """Return the highest number that a row of a layer ever had."""
        query = (
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {self._sequence(layer)}"
        )
        return int(self.execute(query).fetchone()[0])

    def keep_ids_above(self, layer: str, last: int) -> None:
        """Give rows that are added to a layer numbers above `last`."""
        if last > self.last_id(layer):
            self.execute("SELECT setval(?::regclass, ?)", (self._sequence(layer), last))

    def _sequence(self, layer: str) -> str:
        table = f'"{self._address.schema}".{layer}'
        query = "SELECT pg_get_serial_sequence(?, ?)"
        return str(self.execute(query, (table, _KEYS[layer])).fetchone()[0])

    def set_crs(self, crs: str) -> int:
        """State the CRS of all layers and return its SRID."""
        srid = ensure_srid(self, crs)
        query = (
            "SELECT postgis_typmod_srid(atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass(?) AND attname = 'Shape'"
        )
        for layer in LAYERS:
            table = f'"{self._address.schema}".{layer}'
            if self.execute(query, (table,)).fetchone()[0] != srid:
                self.execute(
                    f"ALTER TABLE {layer} ALTER COLUMN Shape TYPE geometry(MultiPolygon, {srid})"
                    f" USING st_setsrid(Shape, {srid})"
                )
        return srid

    def set_extents(self, extent: Extent | None) -> None:
        """Do nothing: programs ask PostGIS for the extent."""

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _connect(address: PostgisAddress) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(
            address.connection,
            autocommit=True,
            connect_timeout=_CONNECT_S,
            application_name="swath",
            client_encoding="utf8",
        )
    except psycopg.Error as err:
        why = " ".join(str(err).split())
        hint = _PASSWORD if "password" in why else ""
        raise ConfigError(address.text, "", f"{why}{hint}") from err


def _ensure_extension(address: PostgisAddress) -> None:
    with _connect(address) as connection:
        query = "SELECT count(*) FROM pg_extension WHERE extname = 'postgis'"
        try:
            found = connection.execute(query).fetchone()
            if not found or not found[0]:
                connection.execute("CREATE EXTENSION postgis")
        except psycopg.Error as err:
            raise ConfigError(address.text, "", f"{_NO_POSTGIS} ({_words(err)})") from err


def _words(err: psycopg.Error) -> str:
    return " ".join((err.diag.message_primary or str(err)).split())
