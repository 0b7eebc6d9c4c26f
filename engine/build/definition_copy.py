"""Copy a definition, into another kind of catalog if need be: from a file into PostGIS and back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from engine.build.definition_file import read_catalog, with_catalog
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import note_history
from engine.build.table_copy import TableCopy
from engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_OWN = ("definition.toml", "catalog.gpkg*")


def copy_definition(source: DefinitionFolder, path: Path, catalog: str = "") -> DefinitionFolder:
    """Copy a definition with what build made; rows keep their OBJECTIDs.

    Parameters
    ----------
    path
        Folder of the copy; must not exist or be empty.
    catalog
        Address of the database that keeps the copy's catalog; "" = a file.

    Raises
    ------
    ConfigError
        The copy exists already or cannot be written.
    """
    made = DefinitionFolder.create(path, source.properties(), catalog)
    try:
        # With their times: to the catalog they are the files that it knows.
        shutil.copytree(
            source.path, made.path, ignore=shutil.ignore_patterns(*_OWN), dirs_exist_ok=True
        )
        text = source.toml.read_text(encoding="utf-8")
        made.toml.write_text(with_catalog(text, read_catalog(made.toml)), encoding="utf-8")
    except (OSError, shutil.Error) as err:
        raise ConfigError(path, "", f"cannot be written: {err}") from err
    with source.table() as known, made.table() as table:
        TableCopy(known, table).everything()
        note_history(table, "copy", f"Copied {table.count()} items from {source.path.name}.")
    return made
