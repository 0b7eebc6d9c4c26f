"""`swath bench`: how fast a server answers, as its operator would ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from server.load.load_client import LoadResult

_BAR = 50


def bench(
    what: Annotated[
        str,
        typer.Argument(
            metavar="URL|FILE", help="A URL, or a file with one URL a line, asked in turn."
        ),
    ],
    clients: Annotated[int, typer.Option(min=1, max=1000, help="Connections at once.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long to ask.")] = 10.0,
    rate: Annotated[
        float, typer.Option(min=0.0, help="Requests a second, 0: as many as come back.")
    ] = 0.0,
    plot: Annotated[Path | None, typer.Option(help="Also draw the histogram into a PNG.")] = None,
) -> None:
    """Load a running server and show rate, p50, p95, p99, errors and a histogram.

    Ends with code 1 when any answer was not a 200.
    """
    from server.load.latency_plot import draw_histogram, histogram_ms
    from server.load.load_client import run_load, target_of

    target = target_of(_urls(what))
    typer.echo(f"{clients} clients for {seconds:g} s, {len(target.requests)} URLs …")
    result = run_load(target, clients, seconds, rate)
    bins = histogram_ms(result.latencies_s)
    for line in [*_figures(result), *_bars(bins)]:
        typer.echo(line)
    if plot is not None:
        draw_histogram(bins, _title(result, clients), plot)
        typer.echo(f"histogram: {plot}")
    if result.failures or not result.latencies_s:
        raise typer.Exit(1)


def _urls(what: str) -> list[str]:
    from engine.errors import InvalidParameter

    if what.startswith(("http://", "https://")):
        return [what]
    try:
        lines = Path(what).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidParameter("URL|FILE", what, "a URL or a file with URLs") from err
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _title(result: LoadResult, clients: int) -> str:
    return (
        f"{result.rate:.0f} answers/s with {clients} clients, "
        f"p50 {result.percentile_ms(50):.1f} ms, p99 {result.percentile_ms(99):.1f} ms"
    )


def _figures(result: LoadResult) -> list[str]:
    count = len(result.latencies_s)
    size = result.body_bytes / count / 1024 if count else 0.0
    lines = [
        f"answers     {count} in {result.seconds:.1f} s, {size:.1f} kB each",
        f"rate        {result.rate:.1f} /s, {result.body_bytes / 1e6 / result.seconds:.1f} MB/s",
    ]
    for name, percent in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)):
        lines.append(f"{name}         {result.percentile_ms(percent):.2f} ms")
    failed = ", ".join(f"{count} × {why}" for why, count in result.failures.most_common())
    return [*lines, f"errors      {failed or 'none'}"]


def _bars(bins: list[tuple[float, float, int]]) -> list[str]:
    tallest = max((count for _, _, count in bins), default=1)
    return [
        f"{low:9.2f} ms  {'█' * round(count / tallest * _BAR):{_BAR}}  {count}"
        for low, _, count in bins
    ]
