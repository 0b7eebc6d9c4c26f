"""`swath serve`: the server, until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    data: Annotated[
        Path | None,
        typer.Option(help="Data folder of the published services. [default: swath-data]"),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(help="Settings file. [default: swath.toml where there is one]"),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [default: 8080]")] = None,
    instances: Annotated[
        int | None, typer.Option(help="Processes that render. [default: one per core]")
    ] = None,
    response_cache: Annotated[
        int | None, typer.Option(help="MB of finished answers to keep, 0: none. [default: 128]")
    ] = None,
) -> None:
    """Serve the published services.

    Every option can also stand in the settings file or in the environment (SWATH_DATA, SWATH_PORT …).
    Services that are published, changed or removed meanwhile are followed at once.
    """
    from config.load import load_layers, near_misses, settled, with_site
    from server.serving import run_server

    file = settings or _default_file()
    options = {
        "data": str(data) if data is not None else None,
        "host": host,
        "port": port,
        "instances": instances,
        "memory.response_cache_mb": response_cache,
    }
    layers = load_layers(file, None, options)
    loaded = settled(with_site(layers))
    for name, meant in near_misses().items():
        typer.secho(f"{name} is no setting; like it is {meant}", fg=typer.colors.YELLOW, err=True)

    def tell(actual_port: int) -> None:
        shown = f"[{loaded.host}]" if ":" in loaded.host else loaded.host
        base = loaded.public_url or f"http://{shown}:{actual_port}{loaded.prefix}"
        typer.secho(f"Swath serves at {base}/", bold=True)

    raise typer.Exit(run_server(loaded, tell, layers))


def _default_file() -> Path | None:
    file = Path("swath.toml")
    return file if file.exists() else None
