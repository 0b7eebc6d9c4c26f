"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

DataOption: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="SWATH_DATA",
        help="Data folder of the server.",
        file_okay=False,
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
