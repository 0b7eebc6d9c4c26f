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
DEFAULT_DATA = Path("swath-data")
