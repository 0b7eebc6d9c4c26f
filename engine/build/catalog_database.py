"""What the service table asks of the database that keeps a catalog.

Two keep catalogs: a GeoPackage (`engine.build.geopackage_database`) and PostGIS. Statements are written
once, in SQL that both run:

- "?" marks values; names of fields stand as they are spelled ("MinPS", or MinPS without quotes);
- no functions and forms of one database alone (iif, INSERT OR REPLACE, json_*, rowid, WHERE 1);
- geometry goes in and comes out as the blobs of `engine.build.geopackage`;
- columns are made as TEXT, INTEGER, DOUBLE, DATETIME, BOOLEAN or BLOB; dates come back as ISO text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from engine.extent import Extent

_PAGE = 500


class Rows(Protocol):
    """The answer to a statement."""

    @property
    def rowcount(self) -> int:
        """Count of rows that a statement changed."""

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any:
        """Return the next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """Return all further rows."""


class CatalogDatabase(Protocol):
    """An open catalog.

    Raises
    ------
    ConfigError
        From any method: another program keeps the catalog locked, or it is damaged or gone.
    """

    @property
    def name(self) -> str:
        """What messages call the catalog."""

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> Rows:
        """Run a statement."""

    def execute_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run a statement that returns nothing for each row of values."""

    def batch(self) -> AbstractContextManager[None]:
        """Commit what is done inside together, or nothing of it."""

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table and their types, in order.

        Types are named as in a GeoPackage.
        """

    def tables(self) -> list[str]:
        """Return the layers and all tables of ours (swath_…)."""

    def primary_key(self, table: str) -> list[str]:
        """Return the columns of a table's primary key."""

    def has_tables(self) -> bool:
        """Tell whether this is the catalog of a definition."""

    def last_id(self, layer: str) -> int:
        """Return the highest number that a row of a layer ever had."""

    def keep_ids_above(self, layer: str, last: int) -> None:
        """Give rows that are added to a layer numbers above `last`."""

    def set_crs(self, crs: str) -> int:
        """State the CRS of all layers and return the number that geometries carry."""

    def set_extents(self, extent: Extent | None) -> None:
        """State the box of the layers footprints and boundary, where the database keeps that."""

    def close(self) -> None:
        """Close it."""


def pages(
    database: CatalogDatabase, query: str, values: tuple[object, ...], keys: tuple[int, ...]
) -> Iterator[Any]:
    """Yield the rows of a query in pages, so that the table may be written meanwhile.

    Parameters
    ----------
    query
        Ends with ORDER BY; its last marks are for the columns that it is ordered by.
    values
        For its marks; the last are values of those columns below those of the first row.
    keys
        Where those columns stand in a row.
    """
    while True:
        page = database.execute(f"{query} LIMIT {_PAGE}", values).fetchall()
        yield from page
        if len(page) < _PAGE:
            return
        values = (*values[: -len(keys)], *(page[-1][key] for key in keys))
