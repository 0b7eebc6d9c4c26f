"""`swath definition template`: rendering rules that are published with a service under names."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- typer reads it at run time
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import quoted
from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from engine.build.definition_folder import DefinitionFolder

_HELP = """Templates: rendering rules that clients choose by name (`rasterFunctionInfos` lists them).

A template is a file in the definition's folder `templates/`, named after it:

* `NAME.rft.json`, a rendering rule as clients send it, with "description" and "help" beside it, such as

      {"rasterFunction": "Colormap", "description": "How green it is",
       "rasterFunctionArguments": {"ColorrampName": "Red to Green", "Raster":
         {"rasterFunction": "NDVI", "rasterFunctionArguments": {"VisibleBandID": 0, "InfraredBandID": 3}}}}

* `NAME.rft.xml`, a raster function template as ArcGIS writes it. One of a function in Python names its class, which has to be
  registered in the data folder: `swath function add`.

Clients ask for {"rasterFunction": "NAME"} and may set its arguments:
{"rasterFunction": "NAME", "rasterFunctionArguments": {"ColorrampName": "Elevation #1"}}.
"""

template_app = typer.Typer(no_args_is_help=True, help=_HELP, rich_markup_mode="markdown")


@template_app.callback()
def template(
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


@template_app.command()
def add(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="NAME.rft.json or NAME.rft.xml files.")
    ],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Check template files and take them into the definition; those of the same names are replaced."""
    from server.authoring.definition_templates import add_templates
    from server.python_functions.session import registered_functions

    with registered_functions(data):
        names = add_templates(_folder(context), files)
    typer.echo(f"Added {', '.join(names)}.")
    typer.echo(f"Next: swath definition compile {quoted(context.obj)}")


@template_app.command("list")
def list_(context: typer.Context, data: DataOption = DEFAULT_DATA) -> None:
    """List the templates with their functions, the last one first."""
    from server.authoring.definition_templates import functions_of, read_templates, template_files
    from server.python_functions.session import registered_functions

    with registered_functions(data):
        found = read_templates(template_files(_folder(context)))
    for each in found:
        about = f"  {each.description}" if each.description else ""
        typer.echo(f"{each.name}: {' ← '.join(functions_of(each.rule))}{about}")


@template_app.command()
def remove(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Names of templates.")],
) -> None:
    """Take templates out of the definition."""
    from server.authoring.definition_templates import remove_templates

    remove_templates(_folder(context), names)
    typer.echo(f"Removed {', '.join(names)}.")
    typer.echo(f"Next: swath definition compile {quoted(context.obj)}")
