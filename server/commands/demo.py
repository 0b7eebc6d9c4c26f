"""`swath demo`: services made from nothing, a server and a map in the browser."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from server.commands.options import DEFAULT_DATA, DataOption

_READY_S = 60.0


def demo(
    *,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data: DataOption = DEFAULT_DATA,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the map in a browser.")
    ] = True,
) -> None:
    """Make demo services, serve them and open the map.

    The first run makes scenes (NASA's Blue Marble in slanted swaths, raw satellite images of an
    invented valley, and an invented island in four 16-bit bands), builds and publishes them in the
    data folder; later runs start at once. The map opens when the first service is there, the others
    follow while you look.
    """
    from config.load import load_settings
    from server.commands.demo_maker import DemoMaker
    from server.serving import run_server

    settings = load_settings(None, None, {"data": str(data), "host": host, "port": port})

    def tell(actual_port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        base = settings.public_url or f"http://{shown}:{actual_port}{settings.prefix}"
        typer.secho(f"Swath serves at {base}/  (Ctrl-C ends it)", bold=True)
        if browser and _has_display():
            opener = threading.Thread(target=_open_when_ready, args=(base,), daemon=True)
            opener.start()

    with DemoMaker(Path(settings.data)) as maker:
        maker.wait_for_first()
        maker.follow(
            on_published=lambda name: typer.echo(f"Published {name}."),
            on_failed=lambda why: typer.secho(f"swath: {why}", fg=typer.colors.RED, err=True),
        )
        code = run_server(settings, tell)
    raise typer.Exit(code)


def _has_display() -> bool:
    """Tell whether a browser could show anything here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_when_ready(base: str) -> None:
    """Wait until the server can draw, then open the list of services."""
    end = time.monotonic() + _READY_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=5):
                webbrowser.open(f"{base}/")
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
