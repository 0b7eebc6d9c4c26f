"""Show figures: a table for people, JSON lines for programs, a chart for pages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Figure, Row

OWN_NAME = "Swath"


def print_report(figures: Sequence[Figure], rows: Sequence[Row], console: Console) -> None:
    """Print who took part, then the table."""
    machine = figures[0].machine
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gb} GB; "
        f"commit {machine.commit}; reference loop {machine.reference_loop_ms} ms"
    )
    for name in dict.fromkeys(figure.server for figure in figures):
        first = next(figure for figure in figures if figure.server == name)
        facts = "; ".join(first.settings.values())
        console.print(f"[bold]{name}[/bold] {facts}; ready in {first.start_s:.1f} s")
    if figures[0].driver != "wrk":
        console.print(f"[yellow]load driver: {figures[0].driver}[/yellow]")
    console.print(_speeds(figures, rows))
    console.print(_conditions(figures, rows))


def write_chart(figures: Sequence[Figure], rows: Sequence[Row], path: Path) -> str:
    """Draw the rates, logarithmic, one group of bars a row; return where, or why not."""
    try:
        from matplotlib.figure import (  # noqa: PLC0415 -- an optional extra, only drawn with
            Figure as Drawing,
        )
    except ImportError:
        return "no chart: matplotlib is missing (install the extra 'bench')"
    shown = [row for row in rows if any(figure.row == row.key for figure in figures)]
    servers = list(dict.fromkeys(figure.server for figure in figures))
    drawing = Drawing(figsize=(10, 4.5), layout="constrained")
    axes = drawing.subplots()
    width = 0.8 / len(servers)
    for number, server in enumerate(servers):
        found = {figure.row: figure for figure in figures if figure.server == server}
        places = [place for place, row in enumerate(shown) if row.key in found]
        rates = [found[shown[place].key].rate for place in places]
        middle = (len(servers) - 1) / 2
        bars = axes.bar([p + (number - middle) * width for p in places], rates, width, label=server)
        axes.bar_label(bars, fmt="%.0f", fontsize=8)
    axes.set_yscale("log")
    axes.set_xticks(range(len(shown)), [row.title for row in shown], fontsize=8)
    axes.set_ylabel("answers a second (log)")
    machine = figures[0].machine
    axes.set_title(f"{machine.cores} cores, {machine.processor}, commit {machine.commit}", size=9)
    axes.legend()
    drawing.savefig(path, dpi=120)
    return f"chart: {path.name}, figures: {path.with_suffix('.jsonl').name}"


def ratio_to(figures: Sequence[Figure], figure: Figure) -> float | None:
    """Return how many times the figure's rate this server reached in the same row."""
    own = next((f for f in figures if f.row == figure.row and f.server == OWN_NAME), None)
    return None if own is None or own is figure else own.rate / figure.rate


def _speeds(figures: Sequence[Figure], rows: Sequence[Row]) -> Table:
    table = Table(title="answers a second, median of the rounds")
    table.add_column("row")
    table.add_column("server")
    for heading in (
        "a second",
        f"{OWN_NAME} is",
        "must be",
        "p50 ms",
        "p99 ms",
        "warm ms",
        "cold ms",
    ):
        table.add_column(heading, justify="right")
    for row, label, figure in _lines(figures, rows):
        table.add_row(
            label,
            figure.server,
            f"{figure.rate:.1f}",
            *_ratio_cells(figures, row, figure),
            f"{figure.p50_ms:.2f}",
            f"{figure.p99_ms:.2f}",
            f"{figure.warm_ms:.2f}",
            f"{figure.cold_ms:.2f}",
        )
    return table


def _conditions(figures: Sequence[Figure], rows: Sequence[Row]) -> Table:
    table = Table(title="what was asked for, and what it took")
    table.add_column("row")
    table.add_column("server")
    for heading in ("tiles", "non-empty", "all covered", "bytes a tile", "memory MB (PSS)"):
        table.add_column(heading, justify="right")
    for _, label, figure in _lines(figures, rows):
        table.add_row(
            label,
            figure.server,
            str(figure.tiles),
            f"{figure.non_empty_share:.0%}",
            f"{figure.fully_covered_share:.0%}",
            f"{figure.bytes_per_tile:.0f}",
            f"{figure.memory_mb:.0f}",
        )
    return table


def _lines(figures: Sequence[Figure], rows: Sequence[Row]) -> Iterator[tuple[Row, str, Figure]]:
    for row in rows:
        label = row.title
        for figure in figures:
            if figure.row == row.key:
                yield row, label, figure
                label = ""


def _ratio_cells(figures: Sequence[Figure], row: Row, figure: Figure) -> tuple[str, str]:
    ratio = ratio_to(figures, figure)
    floor = row.floors.get(figure.server)
    if ratio is None:
        return "", ""
    if floor is None:
        return f"{ratio:.1f} x", ""
    colour = "green" if ratio >= floor else "red"
    return f"[{colour}]{ratio:.1f} x[/{colour}]", f">= {floor:g} x"
