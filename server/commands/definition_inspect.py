"""`swath definition inspect`: what files are, and the command that takes them in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import tell_some

if TYPE_CHECKING:
    from collections import Counter

    from raster_types.adding.inspection import Inspection, KindFound

_MOST_LISTED = 3


def inspect(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Raster files and folders of them.")
    ],
) -> None:
    """Say what files and folders hold, and the command that adds them; nothing is written."""
    from raster_types.adding.inspection import inspect_paths
    from server.guarded_workers import GuardedWorkers

    with GuardedWorkers(forked=True) as workers:
        report = inspect_paths(paths, workers)
    _show_kinds(report)
    for kind in report.kinds:
        lines = (f"{Path(path).name}: {why}" for path, why in kind.failed)
        tell_some(f"{kind.raster_type}: {len(kind.failed)} of {kind.read} cannot be used", lines)
    for line in report.advice:
        typer.echo(line)
    _show_commands(report)
    if not report.commands and not report.table_commands:
        raise typer.Exit(1)


def _show_commands(report: Inspection) -> None:
    """Show what comes next; of a table among rasters that it is another way to take them in."""
    if report.commands or report.table_commands:
        typer.echo("Next: swath definition create NAME.isdef")
    for command in report.commands:
        typer.echo(f"      {command}")
    if report.camera_commands:
        typer.echo("Orientations of cameras stand beside images; to place these by them instead:")
    for command in report.camera_commands:
        typer.echo(f"      {command}")
    if report.table_commands:
        them = "one of them" if len(report.table_commands) > 1 else "it"
        instead = " in place of the files" if report.commands else ""
        typer.echo(f"Tables of rasters are not taken in with a folder; to take {them}{instead}:")
    for command in report.table_commands:
        typer.echo(f"      {command}")


def _show_kinds(report: Inspection) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_column(overflow="fold")
    for kind in report.kinds:
        for number, (name, text) in enumerate(_lines(kind)):
            table.add_row("" if number else kind.raster_type, name, text)
    for look in report.tables:
        found = f"{look.found} of the first {look.looked_at} name files that are there"
        table.add_row("table", look.path.name, f"{look.rows} rows; {found}")
    others = ", ".join(f"{count} {end}" for end, count in report.others.most_common(6))
    if others:
        table.add_row("other files", "", others)
    Console().print(table)


def _lines(kind: KindFound) -> list[tuple[str, str]]:
    """Return what is known of a kind, line by line; what is not is left out."""
    items = f"{kind.items}" if kind.items else ""
    if kind.companions:
        items += f", {kind.companions} of them companions"
    if items and kind.read < kind.products:
        items += f" (of {kind.read} products read)"
    lines = [
        ("products", f"{kind.products}, {kind.bytes / 1e6:.1f} MB"),
        ("items", items),
        ("columns", _listed(kind.columns)),
        ("bands", _listed(kind.bands)),
        ("pixels", _listed(kind.pixel_types)),
        ("pixel size", _range([f"{size:g}" for size in sorted(set(kind.pixel_sizes))])),
        ("CRS", _listed(kind.crs)),
        ("dates", _range(sorted(date[:10] for date in kind.dates))),
    ]
    return [(name, text) for name, text in lines if text]


def _listed(counts: Counter[str]) -> str:
    common = [_short(name) for name, _ in counts.most_common(_MOST_LISTED)]
    more = len(counts) - len(common)
    return "; ".join(common) + (f" and {more} more" if more > 0 else "")


def _range(texts: list[str]) -> str:
    if not texts:
        return ""
    return texts[0] if texts[0] == texts[-1] else f"{texts[0]} – {texts[-1]}"


def _short(name: str) -> str:
    """Return a text, of a CRS as WKT its name."""
    is_wkt = "CRS[" in name[:20] and name.count('"') > 1
    return name.split('"')[1] if is_wkt else name
