"""`swath definition build`: footprints, statistics, boundary, pixel-size ranges and overviews."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.definition_footprints import Method  # noqa: TC001 -- typer reads it
from server.commands.listing import quoted, tell_some

if TYPE_CHECKING:
    from engine.build.build_options import BuildReport
    from engine.build.overview_plan import OverviewMode


class Overviews(StrEnum):
    """Which service overviews are made."""

    AUTO = "auto"
    NONE = "none"
    ALL = "all"
    LATER = "later"


_MODES: dict[Overviews, OverviewMode] = {
    Overviews.AUTO: "auto",
    Overviews.NONE: "none",
    Overviews.ALL: "all",
}


def build(
    definition: Annotated[
        Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")
    ],
    *,
    footprints: Annotated[
        Method | None,
        typer.Option(help="How footprints are made. [default: as before, first auto]"),
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics/--no-statistics", help="Make statistics and histograms.")
    ] = True,
    overviews: Annotated[
        Overviews | None,
        typer.Option(
            help="Service overviews: where they pay, none, all scales, or later: left as they are "
            "for a build to come. [default: as before, first auto]"
        ),
    ] = None,
    overviews_by: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="Overviews of each value of a field too, as of each year: views with a condition on "
            "that value use them. '' = no more. [default: as before]",
        ),
    ] = None,
    pyramids: Annotated[
        bool,
        typer.Option(
            "--pyramids",
            help="Make levels in the definition, for files that lack them and for JPEG 2000 files with "
            "no-data, whose own levels blur it.",
        ),
    ] = False,
) -> None:
    """Make footprints, statistics, boundary, pixel-size ranges and overviews.

    Only what is new or changed is built. Interrupted, it goes on where it stopped when run again.
    """
    from engine.build.build import build_definition
    from engine.build.build_options import BuildOptions
    from engine.build.definition_folder import DefinitionFolder
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    folder = DefinitionFolder(definition)
    options = BuildOptions(
        footprints=footprints.value if footprints else None,
        statistics=statistics,
        overviews=_MODES.get(overviews) if overviews else None,
        overviews_by=overviews_by,
        pyramids=pyramids,
        items_only=overviews is Overviews.LATER,
    )
    # Workers first: they are copies of this process as long as bars have no thread.
    with GuardedWorkers(timeout_s=600.0, forked=True) as workers, ProgressBars() as progress:
        report = build_definition(folder, options, workers, progress)
    _tell_built(report)
    compiled = Path(definition.name).with_suffix(".zmd")
    typer.echo(f"Next: swath definition compile {quoted(definition)} -o {quoted(compiled)}")


def _tell_built(report: BuildReport) -> None:
    typer.echo(
        f"Built {report.built} items, {report.unchanged} were up to date, "
        f"{report.overviews} overviews and {report.pyramids} pyramids made, "
        f"{report.edited} footprints edited by hand kept."
    )
    for note in report.pyramid_notes:
        typer.echo(note)
    if report.overview_cost:
        typer.echo(report.overview_cost)
    if report.picture_note:
        typer.secho(report.picture_note, fg=typer.colors.YELLOW, err=True)
    tell_some(
        f"{len(report.failed)} failed",
        (f"{fid} {name}: {why}" for fid, name, why in report.failed),
    )
    tell_some(
        f"{len(report.notes)} have notes",
        (f"{fid} {name}: {why}" for fid, name, why in report.notes),
    )
    tell_some(f"{len(report.missing)} files are not there now", report.missing)
