"""`swath service`: look at and change what is published; a running server follows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import folder_shown
from server.commands.options import DEFAULT_DATA, DataOption
from server.commands.service_share import share, shared_with

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from config.placement import Placement
    from engine.summary import ServiceSummary
    from server.site.data_folder import Entry
    from server.site.publishing import Publisher

app = typer.Typer(no_args_is_help=True, help="Published services: list, show, change.")

app.command()(share)

NameArgument = Annotated[str, typer.Argument(metavar="[FOLDER/]NAME", help="Name of the service.")]


def _publisher(data: Path) -> Publisher:
    from server.site.publishing import Publisher

    return Publisher(data)


@app.command("list")
def list_services(data: DataOption = DEFAULT_DATA) -> None:
    """List the published services, stopped ones too."""
    entries = _publisher(data).services()
    if not entries:
        typer.echo(
            f"No services in {folder_shown(data)}. Publish one: swath publish NAME.zmd --name NAME"
        )
        return
    width = max(len(entry.name) for entry in entries)
    run = _running(data)
    placed = [_instances(entry, run) for entry in entries]
    wide = max(len(text) for text in placed)
    for entry, instances in zip(entries, placed, strict=True):
        state = f"{_state(entry):<8}  {instances:<{wide}}"
        typer.echo(f"{entry.name:<{width}}  {state}  {_one_line(entry)}")


@app.command()
def show(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Show one service: what it is and which versions are kept."""
    publisher = _publisher(data)
    entry = publisher.service(name)
    lines = [
        ("name", entry.name),
        ("state", _state(entry)),
        ("instances", _instances(entry, _running(data))),
        ("shared with", shared_with(data, entry.name)),
    ]
    summary = _summary(entry)
    if summary is not None:
        lines += _described(summary)
    for version in reversed(publisher.versions(name)):
        mark = "  (serves)" if version == entry.version else ""
        lines.append(("version", f"{version[:12]}{mark}"))
    if entry.problem:
        lines.append(("problem", entry.problem))
    for key, value in lines:
        typer.echo(f"{key:<12} {value}")


@app.command()
def start(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Let a stopped service serve again."""
    _publisher(data).start(name)
    typer.echo(f"Started {name}.")


@app.command()
def stop(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Take a service out of the server; `start` brings it back."""
    _publisher(data).stop(name)
    typer.echo(f"Stopped {name}.")


@app.command()
def instances(
    name: NameArgument,
    dedicated: Annotated[
        bool | None,
        typer.Option(
            "--dedicated/--shared",
            help="Instances of its own, or those that all services share.",
            show_default=False,
        ),
    ] = None,
    minimum: Annotated[
        int | None, typer.Option("--min", help="Kept warm; 0: started when asked. [default: 1]")
    ] = None,
    maximum: Annotated[
        int | None, typer.Option("--max", help="At most, under load. [default: the minimum]")
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Give a service instances of its own or let it share; without options show which it has."""
    from config.placement import SHARED
    from server.commands.system import site_of

    publisher = _publisher(data)
    entry = publisher.service(name)
    if dedicated is None and minimum is None and maximum is None:
        typer.echo(f"{name}: {_instances(entry, _running(data))}")
        return
    wanted = _placement(dedicated, minimum, maximum)
    site = site_of(data)

    def check(entry: Entry) -> None:
        if wanted.is_dedicated:
            site.check_room(entry, wanted.maximum)

    publisher.place(name, wanted, check)
    if wanted == SHARED:
        typer.echo(f"{name} uses the shared instances.")
    else:
        typer.echo(f"{name} has {wanted.minimum} to {wanted.maximum} instances of its own.")


def _placement(dedicated: bool | None, minimum: int | None, maximum: int | None) -> Placement:
    """Return what the options of `instances` say, or refuse it with what they could say."""
    from config.placement import MOST_INSTANCES, SHARED, Placement
    from engine.errors import InvalidParameter

    if not dedicated:
        if minimum is not None or maximum is not None:
            raise InvalidParameter("--min, --max", minimum or maximum, "only with --dedicated")
        return SHARED
    low = min(1, maximum if maximum is not None else 1) if minimum is None else minimum
    high = max(1, low) if maximum is None else maximum
    if not 1 <= high <= MOST_INSTANCES:
        raise InvalidParameter("--max", high, f"1 to {MOST_INSTANCES}")
    if not 0 <= low <= high:
        raise InvalidParameter("--min", low, f"0 to --max, which is {high}")
    return Placement(minimum=low, maximum=high)


@app.command()
def rename(
    name: NameArgument,
    new_name: Annotated[str, typer.Argument(metavar="[FOLDER/]NEW", help="The new name.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Give a service another name or folder."""
    _publisher(data).rename(name, new_name)
    typer.echo(f"Renamed {name} to {new_name}.")


@app.command()
def delete(
    name: NameArgument,
    data: DataOption = DEFAULT_DATA,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Unpublish a service with all its versions; its rasters and definition are not touched."""
    publisher = _publisher(data)
    publisher.service(name)
    if not yes:
        typer.confirm(f"Delete service {name} and its kept versions?", abort=True)
    publisher.delete(name)
    typer.echo(f"Deleted {name}.")


@app.command()
def rollback(
    name: NameArgument,
    version: Annotated[
        str, typer.Option("--version", help="Which one; by default the one before the current.")
    ] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Go back to an earlier version."""
    chosen = _publisher(data).rollback(name, version)
    typer.echo(f"{name} now serves version {chosen[:12]}.")


def _running(data: Path) -> Mapping[str, int]:
    """Return how many instances each pool of the server that runs here has; nothing where none runs."""
    from server.site.serving_note import ServingNote

    serving = ServingNote(data).read()
    return {} if serving is None else serving.instances


def _instances(entry: Entry, running: Mapping[str, int]) -> str:
    """Return where a service's instances stand, and how many of its own run."""
    from config.layers import SettingsError
    from config.placement import read_placement

    try:
        placement = read_placement(entry.home)
    except SettingsError:
        return "unreadable"
    count = running.get(entry.name)
    return f"{placement}, {count} running" if count is not None else str(placement)


def _state(entry: Entry) -> str:
    if entry.problem:
        return "broken"
    return "stopped" if entry.is_stopped else "started"


def _summary(entry: Entry) -> ServiceSummary | None:
    from contextlib import closing

    from engine.errors import ConfigError
    from engine.zmd import connect_read_only, read_summary

    if entry.problem:
        return None
    try:
        with closing(connect_read_only(entry.path)) as handle:
            return read_summary(handle, entry.path)
    except ConfigError as err:
        typer.echo(str(err), err=True)
        return None


def _one_line(entry: Entry) -> str:
    summary = _summary(entry)
    if summary is None:
        return entry.problem or "cannot be read"
    crs = summary.crs if len(summary.crs) <= 20 else "own CRS"
    items = "raster" if summary.source_type == "raster" else f"{summary.primary_count:,} items"
    return f"{items}, {len(summary.bands)} × {summary.pixel_type}, {crs}, {entry.version[:12]}"


def _described(summary: ServiceSummary) -> list[tuple[str, str]]:
    extent = summary.extent
    box = f"{extent.xmin:.10g}, {extent.ymin:.10g}, {extent.xmax:.10g}, {extent.ymax:.10g}"
    size = f"{summary.pixel_size_x:.10g} × {summary.pixel_size_y:.10g}"
    bands = ", ".join(band.name for band in summary.bands[:12])
    more = f" and {len(summary.bands) - 12} more" if len(summary.bands) > 12 else ""
    properties = summary.properties
    return [
        ("title", properties.title),
        ("source", summary.source_type),
        ("items", f"{summary.primary_count:,}"),
        ("bands", f"{bands}{more}"),
        ("pixel type", summary.pixel_type.value),
        ("CRS", summary.crs),
        ("extent", box),
        ("pixel size", size),
        ("mosaic", f"{properties.mosaic_method}, {properties.mosaic_operator}"),
    ]
