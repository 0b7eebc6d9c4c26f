"""A raster that others are to look like, as a service, so that it is read like all pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import NewItem, RasterDefinition, SourceDefinition
from engine.errors import ConfigError, SourceError
from engine.readers.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.service_facts import ServiceFacts


def compile_target(file: Path, facts: ServiceFacts, work: Path) -> Path:
    """Compile a raster alone, in the CRS of a service, and return the compiled definition.

    Parameters
    ----------
    work
        An empty folder.

    Raises
    ------
    ConfigError
        It cannot be read or placed, or has other bands than the service.
    """
    try:
        header = read_header(str(file))
    except SourceError as err:
        raise ConfigError("--target", str(file), f"cannot be read: {err.fields[1]}") from err
    count = len(header.bands) - (1 if header.alpha_band else 0)
    if count < len(facts.bands):
        why = f"has {count} bands; the service has {len(facts.bands)}"
        raise ConfigError("--target", str(file), why)
    source = SourceDefinition(path=str(file))
    raster = RasterDefinition(raster_type="raster-dataset", sources=(source,))
    properties = ServiceProperties(crs=facts.crs)
    folder = DefinitionFolder.create(work / "target.isdef", properties)
    with folder.table() as table, table.batch():
        table.insert(NewItem(name=file.stem, raster=raster, headers=(header,)))
    build_definition(folder, BuildOptions(overviews="none", statistics=False))
    compiled = work / "target.zmd"
    compile_definition(folder.path, compiled)
    return compiled
