"""Catalogs in databases: made and opened where their client is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.service_table import ServiceTable
from engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.postgis_address import PostgisAddress

_INSTALL = "a catalog in PostgreSQL needs psycopg; install it with: pip install 'swath[postgis]'"


def create_in_database(text: str, definition: str) -> str:
    """Make an empty catalog and return its whole address.

    Parameters
    ----------
    text
        Address as an author writes it.
    definition
        Its name names the schema where the address does not.

    Raises
    ------
    ConfigError
    """
    address = _address(text, definition, "--catalog")
    from engine.build.postgis_database import PostgisDatabase  # noqa: PLC0415 -- an extra

    ServiceTable(PostgisDatabase.create(address)).close()
    return address.text


def open_in_database(text: str, definition: str, where: Path) -> ServiceTable:
    """Open the catalog at an address, which the file `where` holds.

    Raises
    ------
    ConfigError
    """
    address = _address(text, definition, where)
    from engine.build.postgis_database import PostgisDatabase  # noqa: PLC0415 -- an extra

    return ServiceTable(PostgisDatabase(address))


def _address(text: str, definition: str, where: object) -> PostgisAddress:
    try:
        from engine.build.postgis_address import parse_address  # noqa: PLC0415 -- an extra
    except ImportError as err:
        raise ConfigError(where, "", f"{_INSTALL} ({err})") from err
    return parse_address(text, definition, where)
