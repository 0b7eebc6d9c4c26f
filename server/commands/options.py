"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import typer

from engine.readers.source_access import source_access, use_source_access


def _with_connections(data: Path) -> Path:
    """Let sources of this command be found through the connections of its data folder."""
    access = msgspec.structs.replace(source_access(), connections=str(data / "connections"))
    use_source_access(access)
    return data


DataOption: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="SWATH_DATA",
        help="Data folder of the server.",
        file_okay=False,
        callback=_with_connections,
    ),
]
CatalogOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--catalog",
        metavar="ADDRESS",
        help="PostgreSQL with PostGIS that keeps the catalog: postgresql://host/database or"
        " service=NAME, with schema=NAME if it is not to be named after the definition; without"
        " password (PGPASSWORD, ~/.pgpass). \\[default: the file catalog.gpkg]",
    ),
]
DEFAULT_DATA = Path("swath-data")
