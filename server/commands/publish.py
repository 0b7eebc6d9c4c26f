"""`swath publish`: let a compiled definition or a single raster serve under a name."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from server.commands.options import DEFAULT_DATA, DataOption

_COMPILED = ".zmd"
_DEFINITION = ".isdef"


def publish(
    file: Annotated[Path, typer.Argument(metavar="NAME.zmd|RASTER.tif", help="What to publish.")],
    name: Annotated[
        str, typer.Option("--name", metavar="[FOLDER/]NAME", help="Name of the service.")
    ] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Publish a compiled definition, or a raster as a service of its own.

    A running server takes it up within a second, between two requests. What served under the name
    before is kept, three versions in all: `swath service rollback NAME` goes back.
    """
    chosen = name or file.stem
    version = publish_file(file, chosen, data)
    typer.echo(f"Published {chosen}, version {version[:12]}, in {data}.")


def publish_file(file: Path, name: str, data: Path) -> str:
    """Publish a compiled definition or a raster and return the version.

    Raises
    ------
    ConfigError, InvalidParameter, SourceError
    """
    from engine.errors import ConfigError
    from server.site.data_folder import check_service_name
    from server.site.publishing import Publisher

    check_service_name(name)
    if file.suffix == _DEFINITION:
        made = file.with_suffix(_COMPILED).name
        why = f"is a definition; compile it: swath definition compile {file} -o {made}"
        raise ConfigError(file, "", why)
    if not file.is_file():
        raise ConfigError(file, "", "there is no such file")
    publisher = Publisher(data)
    if file.suffix == _COMPILED:
        return publisher.publish(file, name)

    from engine.build.compile_raster import compile_raster

    with tempfile.TemporaryDirectory(prefix="swath-") as folder:
        compiled = Path(folder) / "raster.zmd"
        compile_raster(file, compiled)
        return publisher.publish(compiled, name)
