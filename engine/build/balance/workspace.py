"""A compiled copy of a definition in which chains of items are as they are wanted, for reading pixels."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import raster_to_text
from engine.build.table_extract import extract_items
from engine.build.terrain_pins import TERRAIN_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from engine.build.raster_record import RasterDefinition
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers

_WORK = ".work.isdef"


@contextmanager
def compiled_copy(
    folder: DefinitionFolder,
    table: ServiceTable,
    rasters: Mapping[int, RasterDefinition],
    workers: Workers,
) -> Iterator[Path]:
    """Give the compiled copy of some items; it is gone afterwards.

    All of them show at every pixel size, and no chain of the service follows.

    Parameters
    ----------
    rasters
        Of each item that is wanted, by OBJECTID: its record as it is to be.

    Raises
    ------
    ConfigError
        Items are not built.
    """
    home = balance_folder(folder)
    work = home / _WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        shutil.copy(folder.toml, work / "definition.toml")
        for own in (folder.pyramids, folder.path / TERRAIN_FOLDER):
            # What build made is named relative to the definition.
            (work / own.name).symlink_to(own, target_is_directory=True)
        extract_items(table, work / "catalog.gpkg", list(rasters))
        copy = DefinitionFolder(work)
        with copy.table() as made, made.batch():
            for fid, raster in rasters.items():
                made.update(fid, {"Raster": raster_to_text(raster)})
        compiled = work / "copy.zmd"
        compile_definition(work, compiled, workers=workers)
        yield compiled
    finally:
        shutil.rmtree(work, ignore_errors=True)


def balance_folder(folder: DefinitionFolder) -> Path:
    """Return the folder of a definition in which balancing keeps what it has measured."""
    return folder.path / "balance"
