"""`swath cache`: what is kept of answers, looked at and cleared while the server runs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- typer reads it at run time
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import tell_unpublished
from server.commands.options import DEFAULT_DATA, DataOption
from server.commands.system import FileOption, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from server.answers.cache_folder import CacheFolder
    from server.answers.cache_orders import CacheReport, ServiceShare

app = typer.Typer(
    no_args_is_help=True,
    help="Kept answers, in memory and on disk: show, clear. A running server follows at once.",
)

_WAIT_S = 10.0
_MB = 1024 * 1024

ServiceArgument = Annotated[
    str,
    typer.Argument(metavar="[SERVICE]", help="Only this one. [default: all]", show_default=False),
]


@app.command()
def show(
    service: ServiceArgument = "",
    data: DataOption = DEFAULT_DATA,
    settings: FileOption = None,
) -> None:
    """Show what is kept of each service, and how often it was of use."""
    reports = _ask("show", service, data, settings)
    for report in reports:
        _show_report(report, service)
    if not reports:
        folder = _folder(data, settings)
        typer.echo("No server runs here; nothing is in memory.")
        _show_services(_on_disk(folder, service), ("pictures", "disk MB"))


@app.command()
def clear(
    service: ServiceArgument = "",
    data: DataOption = DEFAULT_DATA,
    settings: FileOption = None,
) -> None:
    """Drop what is kept of a service, or all; it is made anew when it is asked for."""
    reports = _ask("clear", service, data, settings)
    for report in reports:
        answers, pictures = report.cleared
        typer.echo(
            f"Process {report.pid}: dropped {answers:,} from memory, {pictures:,} from disk."
        )
    if not reports:
        folder = _folder(data, settings)
        count = sum(share.pictures for share in _on_disk(folder, service))
        _clear_folder(folder, service)
        typer.echo(f"No server runs here; dropped {count:,} from disk.")


def _ask(what: str, service: str, data: Path, settings: Path | None) -> list[CacheReport]:
    """Return what the running servers say, nothing where none runs."""
    from server.answers.cache_orders import CacheOrder, CacheOrders
    from server.site.data_folder import check_service_name

    if service:
        check_service_name(service)
        tell_unpublished(data, service)
    if site_of(data, settings).serving() is None:
        return []
    order = CacheOrder(what="clear" if what == "clear" else "show", service=service)
    return CacheOrders(data).give(order, _WAIT_S)


def _folder(data: Path, settings: Path | None) -> CacheFolder:
    from server.answers.cache_folder import CacheFolder, folder_of

    return CacheFolder(folder_of(site_of(data, settings).view().settings))


def _on_disk(folder: CacheFolder, service: str) -> list[ServiceShare]:
    """Return what lies on disk, where no server tells."""
    from server.answers.cache_orders import ServiceShare

    found: dict[str, tuple[int, int]] = {}
    for picture in folder.pictures() if folder.is_cache() else ():
        if service in ("", picture.service):
            pictures, size = found.get(picture.service, (0, 0))
            found[picture.service] = (pictures + 1, size + picture.size)
    return [ServiceShare(name, 0, 0, *found[name]) for name in sorted(found)]


def _clear_folder(folder: CacheFolder, service: str) -> None:
    from engine.errors import ConfigError

    if not folder.is_cache():
        return
    try:
        folder.claim()
    except OSError as err:
        raise ConfigError(folder.path, "", f"cannot be cleared: {err.strerror}") from err
    if service:
        folder.remove(service)
    else:
        folder.remove_all()
    folder.release()


def _show_report(report: CacheReport, service: str) -> None:
    shares = [share for share in report.services if service in ("", share.service)]
    typer.echo(f"Server, process {report.pid}")
    memory = sum(share.memory_bytes for share in report.services)
    typer.echo(
        f"memory  {_of(memory, report.memory_max_bytes)}  {_rate(report.hits, report.misses)}"
    )
    if report.disk_max_bytes:
        disk = sum(share.disk_bytes for share in report.services)
        rate = _rate(report.disk_hits, report.disk_misses)
        typer.echo(f"disk    {_of(disk, report.disk_max_bytes)}  {rate}")
    else:
        typer.echo("disk    none; cache.disk_mb makes one")
    if report.disk_trouble:
        typer.secho(f"The disk cache cannot be written: {report.disk_trouble}", fg=typer.colors.RED)
    typer.echo(f"older answers given: {report.stale:,}")
    _show_services(shares, ("answers", "memory MB", "pictures", "disk MB"))


def _show_services(shares: Iterable[ServiceShare], columns: Sequence[str]) -> None:
    rows = [
        {
            "service": share.service,
            "answers": f"{share.answers:,}",
            "memory MB": f"{share.memory_bytes / _MB:.1f}",
            "pictures": f"{share.pictures:,}",
            "disk MB": f"{share.disk_bytes / _MB:.1f}",
        }
        for share in shares
    ]
    if not rows:
        typer.echo("Nothing is kept.")
        return
    width = max(len(row["service"]) for row in rows)
    typer.echo()
    typer.echo(f"{'':<{width}}" + "".join(f"  {name:>10}" for name in columns))
    for row in rows:
        typer.echo(f"{row['service']:<{width}}" + "".join(f"  {row[name]:>10}" for name in columns))


def _of(used: int, most: int) -> str:
    return f"{used / _MB:,.1f} of {most / _MB:,.0f} MB"


def _rate(hits: int, misses: int) -> str:
    asked = hits + misses
    return f"{hits:,} of {asked:,} found" + (f" ({100 * hits / asked:.0f} %)" if asked else "")
