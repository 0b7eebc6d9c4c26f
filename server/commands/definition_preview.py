"""`swath definition preview`: the map of a definition that is published nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.commands.definition_upkeep import (
    Definition,  # noqa: TC001 -- typer reads it at run time
)


def preview(
    definition: Definition,
    port: Annotated[int, typer.Option(help="Port to listen on, 0 = any.")] = 8081,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Show the map of a definition as it stands, published nowhere; Ctrl-C ends it."""
    import tempfile

    from config.load import load_settings
    from engine.build.compile import compile_definition
    from server.authoring.definition_templates import templates_of
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers
    from server.serving import run_server
    from server.site.publishing import Publisher

    name = definition.absolute().stem
    with tempfile.TemporaryDirectory(prefix="swath-preview-") as temporary:
        data = Path(temporary) / "data"
        compiled = Path(temporary) / "preview.zmd"
        with GuardedWorkers(timeout_s=600.0, forked=True) as workers, ProgressBars() as progress:
            templates = templates_of(definition)
            compile_definition(definition, compiled, progress, workers, templates=templates)
        Publisher(data).publish(compiled, name)
        settings = load_settings(None, None, {"data": str(data), "host": host, "port": port})

        def tell(actual_port: int) -> None:
            shown = f"[{host}]" if ":" in host else host
            typer.secho(f"Preview at http://{shown}:{actual_port}/map/{name}", bold=True)

        code = run_server(settings, tell)
    raise typer.Exit(code)
