"""`swath definition footprints`: make footprints in another way, of all items or of some."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from server.commands.listing import quoted, tell_some

_RANGE = 2


class Method(StrEnum):
    """How footprints are made."""

    AUTO = "auto"
    EXTENT = "extent"
    RADIOMETRY = "radiometry"
    GEOMETRY = "geometry"


class ValidBy(StrEnum):
    """What says which pixels are valid."""

    ALL = "all"
    ALPHA = "alpha"
    VALUES = "values"


_Where = Annotated[
    str, typer.Option(metavar="CONDITION", help="Only these items, as in `Year = 2020`.")
]
_ValidBy = Annotated[
    ValidBy,
    typer.Option(help="What says which pixels are valid: the alpha band or mask, values, or both."),
]
_ValidRange = Annotated[
    str,
    typer.Option(metavar="LO,HI", help="A pixel counts where a band lies within. [default: any]"),
]
_Shrink = Annotated[
    float, typer.Option(min=0.0, metavar="PX", help="Pixels to take off all around.")
]
_MaxVertices = Annotated[
    int, typer.Option(min=8, help="Outlines with more are made simpler, outwards.")
]
_MinRegion = Annotated[
    int, typer.Option(min=0, metavar="PX", help="Parts of fewer pixels are left out.")
]
_CloseGaps = Annotated[
    float, typer.Option(min=0.0, metavar="PX", help="Gaps up to this width are closed.")
]


def footprints(  # noqa: PLR0913 -- one an option of the command
    definition: Annotated[
        Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")
    ],
    *,
    method: Annotated[
        Method,
        typer.Option(
            help="extent: the whole raster. radiometry: without the collar of invalid pixels. "
            "geometry: the area that the product states, or that the sensor sees. "
            "auto: radiometry where the file says what is valid, else extent."
        ),
    ] = Method.AUTO,
    where: _Where = "",
    valid_by: _ValidBy = ValidBy.ALL,
    valid_range: _ValidRange = "",
    shrink: _Shrink = 0.0,
    max_vertices: _MaxVertices = 2000,
    min_region: _MinRegion = 0,
    close_gaps: _CloseGaps = 0.0,
    replace_edited: Annotated[
        bool, typer.Option("--replace-edited", help="Also those that were edited by hand.")
    ] = False,
) -> None:
    """Make footprints anew, and keep how, so that later builds repeat it.

    Without --where it is how all items of the definition have theirs made, those to come too; with it,
    the items found have it as their own. Footprints edited by hand stay, unless --replace-edited.
    """
    from engine.build.build import build_definition
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.footprint_rows import FootprintsRequest, redo_footprints
    from engine.build.footprint_rule import FootprintRule
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    rule = FootprintRule(
        method=method.value,
        valid_by=valid_by.value,
        valid_range=_range(valid_range),
        shrink_px=shrink,
        max_vertices=max_vertices,
        min_region_px=min_region,
        close_gaps_px=close_gaps,
    )
    folder = DefinitionFolder(definition)
    asked = FootprintsRequest(rule=rule, where=where, replace_edited=replace_edited)
    found = redo_footprints(folder, asked)
    with GuardedWorkers(timeout_s=600.0, forked=True) as workers, ProgressBars() as progress:
        report = build_definition(folder, None, workers, progress)
    typer.echo(
        f"{found.items} items have the rule now; built {report.built}, "
        f"{report.edited} footprints edited by hand kept, {found.edits} made anew."
    )
    tell_some(
        f"{len(report.failed)} failed",
        (f"{fid} {name}: {why}" for fid, name, why in report.failed),
    )
    compiled = Path(definition.name).with_suffix(".zmd")
    typer.echo(f"Next: swath definition compile {quoted(definition)} -o {quoted(compiled)}")


def _range(text: str) -> tuple[float, float] | None:
    from engine.errors import ConfigError

    if not text.strip():
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != _RANGE or not numbers[0] <= numbers[1]:
        raise ConfigError("--valid-range", text, "expected two numbers, the lower first: 1,254")
    return numbers[0], numbers[1]
