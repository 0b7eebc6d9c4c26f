"""`swath explain`: the plan of a picture, without its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from rich.table import Table

    from engine.results import ExplainedRaster, ExplainResult


def explain(
    url: Annotated[
        str, typer.Argument(metavar="REQUEST-URL", help="Of an exportImage request or a tile.")
    ],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Show how a picture is made: rasters in order and why, levels, windows, grid, cost.

    Reads the catalog (and terrain), never imagery; needs no running server.
    """
    from rich.console import Console

    from engine.answer import answer
    from engine.budget import UNLIMITED
    from engine.python_functions.runner import use_runner
    from engine.request import ExplainRequest
    from engine.results import ExplainResult
    from engine.service import open_service
    from server.http.request_url import picture_of_url
    from server.python_functions.folder import functions_folder
    from server.python_functions.workers import PythonWorkers
    from server.site.service_registry import ServiceRegistry

    registry = ServiceRegistry(data)
    registry.poll()
    service, image = picture_of_url(url, registry)
    functions = PythonWorkers(functions_folder(data))
    use_runner(functions)
    opened = open_service(service.path)
    try:
        record = answer(opened, ExplainRequest(image=image), UNLIMITED).record
    finally:
        opened.close()
        functions.close()
    if not isinstance(record, ExplainResult):
        raise TypeError(f"no plan but {type(record).__name__}")
    console = Console()
    for line in _head(service.name, record):
        console.print(line, highlight=False)
    console.print(_table(record))
    for line in (*_ways(record), *_reasons(record)):
        console.print(line, highlight=False)
    for note in record.notes:
        console.print(f"note: {note}", highlight=False)


def _head(name: str, plan: ExplainResult) -> list[str]:
    box = plan.extent
    left_out = ", ".join(f"{count} {reason}" for reason, count in plan.left_out)
    return [
        f"service     {name}",
        (
            f"picture     {plan.width} × {plan.height}, {plan.crs or 'the CRS of the service'}, "
            f"pixels of {plan.pixel_size[0]:g} × {plan.pixel_size[1]:g}"
        ),
        f"extent      {box.xmin:.6f} {box.ymin:.6f} {box.xmax:.6f} {box.ymax:.6f}",
        f"mosaic      {plan.method}, {plan.operator}, {plan.interpolation}",
        f"chain       {' → '.join(plan.chain) or 'samples as they are'}",
        f"candidates  {plan.considered}" + (f" (left out: {left_out})" if left_out else ""),
        f"cost        {plan.cost_px:,} source pixels, {plan.cost_bytes / 1e6:.1f} MB of blocks, "
        f"planned in {plan.plan_ms:.2f} ms" + (", truncated" if plan.truncated else ""),
    ]


def _table(plan: ExplainResult) -> Table:
    from rich.table import Table

    table = Table(
        title=f"{len(plan.rasters)} rasters, topmost first",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    # A name is what a person looks for: the last to be cut when the terminal is narrow.
    table.add_column("raster", min_width=20, overflow="fold")
    for heading in ("level", "ratio", "window", "blocks", "grid px", "error px"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    for raster in plan.rasters:
        table.add_row(*_row(raster))
    return table


def _row(raster: ExplainedRaster) -> tuple[str, ...]:
    window = raster.window
    return (
        f"{raster.name} ({raster.id})",
        str(raster.level),
        f"{raster.ratio:.2f}",
        f"{window[2]}×{window[3]}" if window else "none",
        str(raster.blocks),
        f"{raster.grid_step_px:g}",
        f"{raster.grid_error_px:.4f}",
    )


def _ways(plan: ExplainResult) -> list[str]:
    """Say by which sensor model over which terrain images are placed; what holds for all is said once."""
    ways = {}
    for raster in plan.rasters:
        steps = raster.operation.split("; ")[0].split(" → ")
        if len(steps) > 2 and steps[-2].startswith("terrain"):
            ways[raster] = f"{steps[-1]} over {steps[-2]}"
    lines = [f"{raster.name} ({raster.id}): {way}" for raster, way in ways.items()]
    if len(set(ways.values())) == 1 and len(ways) == len(plan.rasters):
        lines = [f"placed      {lines[0].split(': ', 1)[1]}"]
    missing = sum(raster.no_terrain_px for raster in plan.rasters)
    return [*lines, f"no terrain  {missing:,} pixels"] if missing else lines


def _reasons(plan: ExplainResult) -> list[str]:
    """Say why rasters stand where they stand; what holds for all is said once."""
    distinct = {raster.why for raster in plan.rasters}
    if len(distinct) == 1:
        return [f"order       {distinct.pop()}"]
    return [f"{raster.name} ({raster.id}): {raster.why}" for raster in plan.rasters]
