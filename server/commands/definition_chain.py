"""`swath definition chain`: what is done to each item's pixels, as files to read and write."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.item_row import ItemRow

_HELP = """Process chains: what is done to the pixels of each item between its files and the mosaic.

An item's *raster process definition* is a JSON file, `NAME.rpdef.json`: properties of the group (crs,
bands, pixel_type, pixel sizes), then its rasters, each with source, no_data, format and a process_chain.
Processes are written in the order in which pixels flow. Three kinds:

* **geotransforms** change geometry only: Affine, Projective, Polynomial, PolynomialFromGcps,
  ThinPlateSpline, DisplacementGrid; RPC, FrameCamera and GridSensor lead from the ground to an image.
  The first takes pixels of the file (column, row; the corner is 0, 0), the last leads to the group's crs.
  All between two samplers are one map: pixels are sampled once.

* **samplers**: Sampler2D, and SamplerOrtho with a terrain behind a sensor model. Without one a Sampler2D
  is added at the end. One that comes earlier makes pixels of its pixel_size that the rest works on.

* **radiometric processes** change pixels only: RasterFunction with any raster function, such as Stretch,
  Remap, Convolution, NDVI or GainOffset. They stay on the side of the sampler where they are put. Functions
  of several rasters, and functions of functions, have `inputs`: "$$" is the raster of the chain, others are
  numbers and functions again. `set` and `import --service` take a rendering rule as clients send it, too.

For example, three classes made before pixels are interpolated, then smoothed:

    "process_chain": [
      {"process": "RasterFunction", "function": "Remap", "arguments":
        {"input_ranges": [0, 50, 50, 200, 200, 256], "output_values": [1, 2, 3]}},
      {"process": "RasterFunction", "function": "Convolution", "arguments": {"kind": 10}},
      {"process": "Sampler2D", "interpolation": "Bilinear"}]

A vegetation index in colours, which is one function of another:

    [{"process": "RasterFunction", "function": "Colormap", "arguments": {"colormap_name": "NDVI"},
      "inputs": [{"function": "NDVI", "arguments": {"visible_band": 2, "infrared_band": 3}}]}]

`export` writes what is there, `import` takes it back, `show` tells how a chain is split. After an import
run `swath definition build`, which places the items anew.
"""

chain_app = typer.Typer(no_args_is_help=True, help=_HELP, rich_markup_mode="markdown")

ItemOption = Annotated[
    str,
    typer.Option("--item", metavar="NAME", help="Items of this name; * and ? stand for others."),
]
WhereOption = Annotated[
    str,
    typer.Option(metavar="CONDITION", help='Items that fulfil it, as in "CloudCover < 10".'),
]


@chain_app.callback()
def chain(
    context: typer.Context,
    definition: Annotated[
        Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")
    ],
) -> None:
    """Remember which definition the command is about."""
    context.obj = definition


def _folder(context: typer.Context) -> DefinitionFolder:
    from engine.build.definition_folder import DefinitionFolder

    return DefinitionFolder(context.obj)


def _wanted(folder: DefinitionFolder, item: str, where: str) -> Callable[[ItemRow], bool]:
    """Return what tells whether a row is asked for."""
    from engine.build.definition_fields import fields_of_table
    from engine.where import parse_where

    ids: set[int] | None = None
    if where:
        with folder.table() as table:
            # The table keeps dates as text; conditions compare milliseconds.
            fields = [f for f in fields_of_table(table.fields()) if f.type != "date"]
            clause = parse_where(where, fields)
            chosen = f"OBJECTID IN (SELECT i.OBJECTID FROM footprints i WHERE {clause.sql})"
            ids = {row.id for row in table.rows(chosen, clause.parameters)}

    def wanted(row: ItemRow) -> bool:
        fits = not item or row.name == item or fnmatchcase(row.name, item)
        return fits and (ids is None or row.id in ids)

    return wanted


@chain_app.command("export")
def export_(
    context: typer.Context,
    *,
    item: ItemOption = "",
    where: WhereOption = "",
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where files are written.")
    ] = Path(),
    service: Annotated[
        bool, typer.Option("--service", help="Write the service's chain, to service-chain.json.")
    ] = False,
) -> None:
    """Write a `.rpdef.json` file for each item, or the chain of the service.

    Items whose chain nobody wrote have one all the same: the sensor model, terrain and no-data values
    that were found when they were added.
    """
    from engine.build.chain_files import export_definitions, service_chain
    from engine.errors import ConfigError
    from engine.process_definition import write_chain

    folder = _folder(context)
    if service:
        path = output / "service-chain.json"
        try:
            output.mkdir(parents=True, exist_ok=True)
            path.write_bytes(write_chain(service_chain(folder)))
        except OSError as err:
            raise ConfigError(path, "", f"cannot be written: {err.strerror or err}") from err
        typer.echo(f"Wrote {path}.")
        return
    written = export_definitions(folder, output, _wanted(folder, item, where))
    _refuse_nothing(written, item or where)
    typer.echo(f"Wrote {len(written)} files, {written[0].name} first, into {output}.")


def _refuse_nothing(found: list[Path] | list[str], asked: str) -> None:
    from engine.errors import ConfigError

    if not found:
        what = f"fits {asked!r}" if asked else "is there yet"
        raise ConfigError("items", "", f"none {what}; swath definition show tells what there is")


@chain_app.command("import")
def import_(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help=".rpdef.json files, or one chain.")
    ],
    *,
    service: Annotated[
        bool,
        typer.Option(
            "--service", help="FILE is the service's chain: a list of functions, [] = none."
        ),
    ] = False,
) -> None:
    """Replace the definitions of the items that the files name; all of them, or none if one is wrong."""
    from engine.build.chain_files import import_definitions, set_service_chain
    from engine.errors import ConfigError
    from server.authoring.rule_chains import read_chain_or_rule

    folder = _folder(context)
    if service:
        if len(files) != 1:
            raise ConfigError("--service", "", f"{len(files)} files; a service has one chain")
        count = len(set_service_chain(folder, files[0], read_chain_or_rule))
        typer.echo(f"The service's chain has {count} processes.")
        typer.echo(f"Next: swath definition compile {quoted(context.obj)}")
        return
    names = import_definitions(folder, files)
    typer.echo(f"Replaced {len(names)} definitions.")
    typer.echo(f"Next: swath definition build {quoted(context.obj)}")


@chain_app.command("set")
def set_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="CHAIN.json", help="A JSON list of processes; [] = none.")
    ],
    *,
    item: ItemOption = "",
    where: WhereOption = "",
) -> None:
    """Give many items one group chain, which runs behind each raster's own."""
    from engine.build.chain_files import set_group_chain
    from server.authoring.rule_chains import read_chain_or_rule

    folder = _folder(context)
    names = set_group_chain(folder, file, _wanted(folder, item, where), read_chain_or_rule)
    _refuse_nothing(names, item or where)
    typer.echo(f"Set the group chain of {len(names)} items.")
    typer.echo(f"Next: swath definition build {quoted(context.obj)}")


@chain_app.command()
def show(
    context: typer.Context,
    item: Annotated[
        str, typer.Argument(metavar="ITEM", help="Name of an item; * and ? stand for others.")
    ],
) -> None:
    """Print an item's definition, and how its chain is split: what runs where, and what is sampled once."""
    from engine.build.chain_files import item_definitions, service_chain
    from engine.build.item_chain import shown_raster
    from engine.chain_words import describe_chain, describe_definition, describe_split

    folder = _folder(context)
    with folder.table() as table:
        found = list(item_definitions(table, _wanted(folder, item, "")))
    _refuse_nothing([each.definition.name for each in found], item)
    for each in found:
        for line in describe_definition(each.definition):
            typer.echo(line)
        typer.echo("")
        for line in describe_split(each.definition.chain_of(shown_raster(each.definition))):
            typer.echo(line)
        typer.echo("")
    of_service = service_chain(folder)
    if of_service:
        typer.echo("after the mosaic, for the whole service")
        for line in describe_chain(of_service):
            typer.echo(line)
