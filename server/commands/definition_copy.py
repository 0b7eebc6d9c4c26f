"""`swath definition copy`: a definition again, its catalog in a file or in PostGIS."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- typer reads it at run time
from typing import Annotated

import typer

from server.commands.options import CatalogOption  # noqa: TC001 -- typer reads it at run time


def copy(
    definition: Annotated[
        Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")
    ],
    target: Annotated[Path, typer.Argument(metavar="COPY.isdef", help="Folder of the copy.")],
    catalog: CatalogOption = "",
) -> None:
    """Copy a definition with all that was built, into a file or a PostGIS catalog.

    Items keep their OBJECTIDs, edits and statistics, and what is compiled of the copy answers the same;
    the files differ in the place of overviews alone. The rasters themselves are not copied.
    """
    from engine.build.definition_copy import copy_definition
    from engine.build.definition_folder import DefinitionFolder

    made = copy_definition(DefinitionFolder(definition), target, catalog)
    with made.table() as table:
        count = table.count()
    typer.echo(f"Copied {count} items into {made.path.name} (catalog: {made.catalog_name}).")
