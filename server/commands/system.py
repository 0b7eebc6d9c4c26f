"""`swath system`: the settings of a site, looked at and changed while its server runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.site.site_settings import SiteSettings

app = typer.Typer(
    no_args_is_help=True,
    help="Settings of the site: show, set, unset. A running server follows at once, or says what waits"
    " for its next start.",
)

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        help="Settings file, where no server runs. [default: swath.toml where there is one]",
    ),
]


def site_of(data: Path, file: Path | None = None) -> SiteSettings:
    """Return the site settings of a data folder, seen from where the command stands."""
    from server.site.site_settings import SiteSettings

    default = Path("swath.toml")
    return SiteSettings(data, file or (default if default.exists() else None))


@app.command()
def show(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Only these.")
    ] = None,
    data: DataOption = DEFAULT_DATA,
    settings: FileOption = None,
) -> None:
    """Show what is in force and who says so: default, file, environment, command line or site."""
    from config.layers import is_secret
    from config.site import setting_keys, value_of

    site = site_of(data, settings)
    view, serving = site.view(), site.serving()
    chosen = _chosen(keys or [], setting_keys())
    width = max(len(key) for key in chosen)
    for key in chosen:
        value = "***" if is_secret(key) else value_of(view.settings, key)
        later = "  (at the next start)" if serving and key in serving.waiting else ""
        typer.echo(f"{key:<{width}}  {_shown(value):<20}  {view.kinds.get(key, 'default')}{later}")
    if keys:
        return
    typer.echo()
    for row in view.settings.memory_table():
        typer.echo(f"{row.what:<{width}}  {row.each_mb:>6} MB × {row.times:<3} {row.sum_mb:>8} MB")
    total = sum(row.sum_mb for row in view.settings.memory_table())
    whole = view.settings.memory_total_mb
    typer.echo(f"{'sum':<{width}}  {total:>23} MB of {whole} MB")
    if serving is None:
        typer.echo("No server runs here.")
        return
    own = sum(serving.instances.values()) - serving.instances.get("", 0)
    typer.echo(
        f"A server runs (process {serving.pid}): {serving.instances.get('', 0)} shared instances, "
        f"{own} of single services."
    )
    if serving.problem:
        typer.secho(f"It does not follow the site: {serving.problem}", fg=typer.colors.RED)


@app.command("set")
def set_settings(
    settings: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE...", help="instances=4 memory.scratch_mb=512")
    ],
    data: DataOption = DEFAULT_DATA,
    file: FileOption = None,
) -> None:
    """Change settings of the site; they win over all other sources until they are unset."""
    from config.layers import SettingsError

    values = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise SettingsError("system", text, "is not KEY=VALUE")
        values[key.strip()] = value.strip()
    site = site_of(data, file)
    site.change(values)
    _tell(site, tuple(values))


@app.command()
def unset(
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="As `show` lists them.")],
    data: DataOption = DEFAULT_DATA,
    file: FileOption = None,
) -> None:
    """Let other sources say again what the site said."""
    site = site_of(data, file)
    site.change({}, tuple(keys))
    _tell(site, tuple(keys))


def _chosen(keys: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    from config.layers import SettingsError

    for key in keys:
        if key not in known:
            raise SettingsError("system", key, f"is no setting; there are: {', '.join(known)}")
    return keys or known


def _tell(site: SiteSettings, keys: Sequence[str]) -> None:
    """Say what holds now, and since when."""
    from config.layers import is_secret
    from config.site import value_of

    view, serving = site.view(), site.serving()
    is_followed = serving is not None and site.followed()
    said = site.serving()
    waiting = said.waiting if said is not None else ()
    for key in keys:
        value = "***" if is_secret(key) else _shown(value_of(view.settings, key))
        since = _since(is_running=serving is not None, is_live=is_followed and key not in waiting)
        typer.echo(f"{key} = {value} ({view.kinds.get(key, 'default')}): {since}")
    if serving is not None and not is_followed:
        why = said.problem if said is not None else "it has ended"
        typer.secho(
            f"The server (process {serving.pid}) has not taken it up yet{': ' * bool(why)}{why}",
            fg=typer.colors.YELLOW,
        )


def _since(*, is_running: bool, is_live: bool) -> str:
    if is_live:
        return "in force"
    return "takes effect at the next start" if is_running else "holds when a server is started"


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "not set" if value is None or value == "" else str(value)
