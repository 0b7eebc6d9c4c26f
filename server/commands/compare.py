"""`swath compare`: the same views from two services, with pixel differences and times as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from server.comparison.comparing import Compared
    from server.comparison.fetcher import Fetcher
    from server.comparison.picture_service import PictureService
    from server.comparison.report import ComparisonReport, Limits, ViewResult
    from server.comparison.view import View

_LISTED = 20


def compare(  # noqa: PLR0913, PLR0917 -- one parameter an option
    first: Annotated[str, typer.Argument(metavar="URL1", help="…/ImageServer, or a WMS.")],
    second: Annotated[str, typer.Argument(metavar="URL2", help="What is compared with it.")],
    views: Annotated[int, typer.Option(min=1, max=1000, help="How many views to draw.")] = 16,
    size: Annotated[int, typer.Option(min=16, max=2048, help="Pixels of a view's side.")] = 512,
    crs: Annotated[
        str, typer.Option(help="CRS of the views: EPSG:n, or `service` = that of URL1.")
    ] = "EPSG:3857",
    layers: Annotated[
        str, typer.Option(help="Of WMS: names with commas between (or LAYERS= in the URL).")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other views.")] = 1,
    tolerance: Annotated[
        int, typer.Option(min=0, max=255, help="Colours that differ by no more are equal.")
    ] = 8,
    timeout: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds an answer.")] = 60.0,
    concurrency: Annotated[int, typer.Option(min=1, max=16, help="Views at once.")] = 1,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page.")] = Path(
        "compare.html"
    ),
    json: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
    max_share_differing: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Fail where a larger share of a view differs (0 to 1)."),
    ] = None,
    max_share_one_only: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Fail where a larger share is valid in one alone (unless said: as that which differs).",
        ),
    ] = None,
    max_shift: Annotated[
        float | None, typer.Option(min=0, help="Fail where a view is shifted by more pixels.")
    ] = None,
) -> None:
    """Draw the same views by two services and report how pixels and times differ.

    Either is Swath, another ArcGIS ImageServer or a WMS. Views lie where both have data, from the finest
    pixels to the whole extent; the same seed draws the same ones. Other parameters of a URL (a token,
    renderingRule, map) go along with each request; tokens are not written into the page.

    Ends with code 1 when a view could not be drawn by both, or a limit is exceeded.
    """
    from server.comparison.fetcher import Fetcher
    from server.comparison.report import Limits

    limits = Limits(
        max_share_differing=max_share_differing,
        # Half a picture that is missing must not pass because the other half is equal.
        max_share_one_only=(
            max_share_differing if max_share_one_only is None else max_share_one_only
        ),
        max_shift_px=max_shift,
    )
    with Fetcher(timeout) as fetcher:
        services = _opened((first, second), layers, fetcher)
        drawn = _views(services, crs, (views, size, seed))
        compared = _compared(services, fetcher, drawn, (tolerance, concurrency))
    report = _report(services, compared, limits, (size, seed, tolerance, concurrency))
    _write(report, compared, output, json)
    _show(report)
    if report.problems:
        raise typer.Exit(1)


def _opened(
    urls: tuple[str, str], layers: str, fetcher: Fetcher
) -> tuple[PictureService, PictureService]:
    from server.comparison.address import checked_url
    from server.comparison.comparing import open_service

    names = tuple(name.strip() for name in layers.split(",") if name.strip())
    first, second = (open_service(checked_url(url), names, fetcher) for url in urls)
    return first, second


def _views(
    services: tuple[PictureService, PictureService], crs: str, drawing: tuple[int, int, int]
) -> tuple[View, ...]:
    from engine.geometry.projection import canonical_crs
    from server.comparison.picture_service import common_ground
    from server.comparison.view import draw_views

    views, size, seed = drawing
    key = services[0].facts.crs if crs == "service" else canonical_crs(crs, "--crs")
    allowed = [service.facts.max_side for service in services if service.facts.max_side > 0]
    return draw_views(common_ground(services, key), views, min([size, *allowed]), seed)


def _compared(
    services: tuple[PictureService, PictureService],
    fetcher: Fetcher,
    views: tuple[View, ...],
    asking: tuple[int, int],
) -> list[Compared]:
    from server.authoring.progress_bars import ProgressBars
    from server.comparison.comparing import Comparing

    tolerance, concurrency = asking
    comparing = Comparing(services, fetcher, tolerance)
    comparing.warm_up(views[0])
    with ProgressBars() as progress:
        return comparing.run(views, concurrency, progress)


def _report(
    services: tuple[PictureService, PictureService],
    compared: list[Compared],
    limits: Limits,
    options: tuple[int, int, int, int],
) -> ComparisonReport:
    from datetime import UTC, datetime

    from server.comparison import report
    from server.version import PROGRAM_VERSION

    results = tuple(found.result for found in compared)
    timed = [result.seconds for result in results if result.seconds]
    first, second = (
        report.ServiceReport(
            address=service.facts.address,
            kind=service.facts.kind,
            p50_ms=report.percentile_ms([seconds[place] for seconds in timed], 50),
            p95_ms=report.percentile_ms([seconds[place] for seconds in timed], 95),
        )
        for place, service in enumerate(services)
    )
    totals = report.totals_of(results)
    size, seed, tolerance, concurrency = options
    return report.ComparisonReport(
        format_version=report.FORMAT_VERSION,
        program=f"swath {PROGRAM_VERSION}",
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        crs=results[0].view.crs,
        seed=seed,
        side=size,
        tolerance=tolerance,
        concurrency=concurrency,
        services=(first, second),
        totals=totals,
        limits=limits,
        problems=report.problems_of(totals, limits),
        views=results,
    )


def _write(
    report: ComparisonReport, compared: list[Compared], output: Path, json: Path | None
) -> None:
    import msgspec

    from engine.errors import ConfigError
    from server.comparison.page import render_comparison

    pictures = {c.result.view.number: c.pictures for c in compared if c.pictures is not None}
    try:
        output.write_text(render_comparison(report, pictures), encoding="utf-8")
        if json is not None:
            json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    except OSError as err:
        raise ConfigError(err.filename, "", f"cannot be written: {err.strerror}") from err
    typer.echo(f"page: {output}" + (f", figures: {json}" if json is not None else ""))


def _show(report: ComparisonReport) -> None:
    from rich.console import Console

    console = Console()
    console.print(_table(report))
    for name, service in zip(("first ", "second"), report.services, strict=True):
        times = f"p50 {service.p50_ms:.0f} ms, p95 {service.p95_ms:.0f} ms"
        console.print(f"{name}  {times}  {service.address}", highlight=False, markup=False)
    totals = report.totals
    shifted = "cannot be told"
    if totals.shifts:
        shifted = f"{totals.median_shift} right, down (median), worst {totals.worst_shift_px:.2f}"
    differing = (
        f"differ  {totals.share_differing:.2%} of pixels by more than {report.tolerance}, "
        f"worst view {totals.worst_share_differing:.2%}; mean {totals.mean_abs:.2f}, "
        f"largest {totals.max_abs}"
    )
    valid = (
        f"valid   {totals.share_one_only:.2%} in one alone, "
        f"worst view {totals.worst_share_one_only:.2%}; {totals.empty} views empty in both"
    )
    for line in (differing, valid, f"shift   {shifted} px"):
        console.print(line, highlight=False, markup=False)
    for problem in report.problems:
        typer.secho(f"differs: {problem}", fg=typer.colors.RED, err=True)


def _table(report: ComparisonReport) -> Table:
    from rich.table import Table

    from server.comparison.report import worst_first

    shown = worst_first(report.views)[:_LISTED]
    left = len(report.views) - len(shown)
    table = Table(
        title="views, worst first" + (f" ({left} more in the page)" if left else ""),
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for heading in ("view", "pixel", "differ", "mean", "max", "one alone", "shift px", "ms", "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for result in shown:
        table.add_row(*_row(result))
    return table


def _row(result: ViewResult) -> tuple[str, ...]:
    from rich.markup import escape

    head = (str(result.view.number), f"{result.view.pixel_size:.4g}")
    found = result.difference
    if found is None:
        return (*head, *("–" for _ in range(7)), escape(result.error))
    shift = found.shift
    return (
        *head,
        f"{found.share_differing:.2%}",
        f"{found.mean_abs:.2f}",
        str(found.max_abs),
        f"{found.share_one_only:.2%}",
        shift.text if shift else "–",
        *(f"{seconds * 1e3:.0f}" for seconds in result.seconds),
        "" if found.pixels else "empty in both",
    )
