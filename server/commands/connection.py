"""`swath connection`: places on the network that rasters may be read from; a running server follows at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import folder_shown
from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from pathlib import Path

    from server.site.connection_store import ConnectionStore

app = typer.Typer(
    no_args_is_help=True, help="Registered connections to remote storage: list, add, test, remove."
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="As sources say it: connection://NAME/path.tif.")
]


def _store(data: Path) -> ConnectionStore:
    from server.site.connection_store import ConnectionStore

    return ConnectionStore(data)


@app.command()
def add(
    name: NameArgument,
    root: Annotated[
        str,
        typer.Argument(metavar="URL", help="https://host/prefix/: what lies below it may be read."),
    ],
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME: VALUE",
            help='Sent with each request, as in "Authorization: Bearer …". '
            "NAME: $VARIABLE takes the value from the environment.",
        ),
    ] = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="The host may be in a private network, or be this machine."),
    ] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Of one read, with all its attempts.")
    ] = 20.0,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Register a folder of a web server that answers requests for ranges, or change it.

    Nothing outside it is ever fetched: no redirect is followed and no path leads out of it.
    """
    from engine.readers.remote.connection import HttpConnection

    connection = HttpConnection(
        name=name,
        root=root if root.endswith("/") else f"{root}/",
        headers=dict(_header(text) for text in header or []),
        private=private,
        timeout_s=timeout,
    )
    was_there = _store(data).add(connection)
    typer.echo(f"{'Changed' if was_there else 'Registered'} {name}: {connection.root}")


def _header(text: str) -> tuple[str, str]:
    from engine.errors import ConfigError

    name, colon, value = text.partition(":")
    value = value.strip()
    if not colon:
        # The text is not shown: it may be the secret alone.
        raise ConfigError("--header", "", "expected NAME: VALUE")
    if value.startswith("$"):
        found = os.environ.get(value[1:])
        if found is None:
            raise ConfigError("--header", name, f"the environment has no variable {value[1:]}")
        value = found
    return name.strip(), value


@app.command("list")
def list_connections(data: DataOption = DEFAULT_DATA) -> None:
    """List the connections; values of headers are not shown."""
    store = _store(data)
    names = store.names()
    if not names:
        typer.echo(
            f"No connections in {folder_shown(data)}. Register one: swath connection add NAME URL"
        )
        return
    width = max(map(len, names))
    for name in names:
        found = store.get(name)
        more = [f"header {each}" for each in found.headers]
        more += ["private"] if found.private else []
        told = f"  ({', '.join(more)})" if more else ""
        typer.echo(f"{name:<{width}}  {found.root}{told}")


@app.command("test")
def try_connection(
    name: NameArgument,
    path: Annotated[str, typer.Argument(metavar="PATH", help="Of a raster below the root.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Read a raster's header through a connection and say what it took."""
    import time

    from engine.readers.header import read_header
    from engine.readers.remote.connections import connections
    from engine.source_name import PREFIX

    _store(data).get(name)
    began = time.perf_counter()
    header = read_header(f"{PREFIX}{name}/{path}")
    took_ms = (time.perf_counter() - began) * 1e3
    asked = connections().client(name).requests
    typer.echo(
        f"{header.driver}, {header.width} × {header.height}, {len(header.bands)} bands, "
        f"{len(header.levels)} levels, {header.size:,} bytes: {asked} requests, {took_ms:.0f} ms"
    )


@app.command()
def remove(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Take a connection out; services whose sources name it answer with an error."""
    _store(data).remove(name)
    typer.echo(f"Removed {name}.")
