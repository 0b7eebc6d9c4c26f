"""`swath definition seamlines`: where each item wins in its overlaps, and how softly."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.definition import BlendSide
from server.commands.listing import quoted

if TYPE_CHECKING:
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.seamlines.options import SeamlineOptions, SeamlineReport

_MOST_SHOWN = 10


class Method(StrEnum):
    """How seamlines come about."""

    RADIOMETRIC = "radiometric"
    VORONOI = "voronoi"
    ORDER = "order"
    IMPORT = "import"


_MethodOption = Annotated[
    Method | None,
    typer.Option(
        help="radiometric: where neighbours look alike. voronoi: the item whose centre is nearest. "
        "order: the first by --by wins its whole footprint. import: from --file. "
        "[default: radiometric; with --file import; with --picture alone none]",
    ),
]
_By = Annotated[
    str, typer.Option(metavar="FIELD", help="Of method order: the field, such as AcqDate.")
]
_Descending = Annotated[
    bool, typer.Option("--descending", help="Of method order: the largest or latest first.")
]
_File = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Of method import: GeoPackage, shapefile, GeoJSON or geodatabase of polygons with a "
        "field ItemId, OBJECTID or Name; BlendWidth and BlendType are taken, too.",
    ),
]
_Layer = Annotated[str, typer.Option(help="Of --file. [default: its only one]")]
_BlendWidth = Annotated[
    float, typer.Option(min=0.0, help="Source pixels over which neighbours fade; 0 = a hard edge.")
]
_BlendType = Annotated[BlendSide, typer.Option(help="Which side of the seamline fades.")]
_Where = Annotated[
    str,
    typer.Option(
        metavar="CONDITION", help="Items that take part, as in `Tag = 'a'`. [default: all]"
    ),
]
_PixelSize = Annotated[
    float,
    typer.Option(
        min=0.0,
        help="Of method radiometric: pixels looked at, in units of the service. "
        "[default: a thousand across an item]",
    ),
]
_Remove = Annotated[
    bool, typer.Option("--remove", help="Take away what was made; what was drawn by hand stays.")
]
_Picture = Annotated[
    Path | None, typer.Option(metavar="FILE.png", help="Draw the mosaic with its seamlines.")
]


def seamlines(  # noqa: PLR0913 -- one an option of the command
    definition: Annotated[
        Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")
    ],
    *,
    method: _MethodOption = None,
    by: _By = "",
    descending: _Descending = False,
    file: _File = None,
    layer: _Layer = "",
    blend_width: _BlendWidth = 20.0,
    blend_type: _BlendType = BlendSide.BOTH,
    where: _Where = "",
    pixel_size: _PixelSize = 0.0,
    remove: _Remove = False,
    picture: _Picture = None,
) -> None:
    """Make seamlines for the mosaic method Seamline, which then shows them with soft edges.

    They are polygons of the layer `seamlines` of the catalog, one an item. What you draw or edit there,
    in QGIS say, stays when this is run again: a shape, a BlendWidth (source pixels, 0 = hard) or a
    BlendType (both, inside, outside). Items that are not drawn go around those that are.

    Items that wait to be built, as after `balance`, are built first. Interrupted, the layer is as it was, and comparing overlaps goes on where it stopped.
    """
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.seamlines.make import remove_seamlines
    from server.commands.stated_files import check_parent

    if picture is not None:
        check_parent(picture, "--picture")
    folder = DefinitionFolder(definition)
    if remove:
        _refuse("--remove", {"--method": method, "--file": file, "--by": by})
    chosen = None if remove else _method(method, file, only_picture=picture is not None)
    if chosen is Method.IMPORT:
        _refuse("--method import", {"--where": where, "--by": by})
    if remove:
        _tell(remove_seamlines(folder, where))
    elif chosen is Method.IMPORT:
        _tell(_imported(folder, file, layer, (blend_width, blend_type)))
    elif chosen is not None:
        from engine.build.seamlines.options import SeamlineOptions, SeamMethod

        options = SeamlineOptions(
            method=SeamMethod(chosen.value),
            blend_width=blend_width,
            blend_type=blend_type,
            where=where,
            field=by,
            descending=descending,
            pixel_size=pixel_size,
        )
        _tell(_made(folder, options))
    if picture is not None:
        from engine.build.seamlines.picture import draw_seamlines

        draw_seamlines(folder, picture)
        typer.echo(f"Picture: {picture}")
    if chosen is not None:
        _tell_next(folder, definition)


def _refuse(beside: str, given: dict[str, object]) -> None:
    """Refuse options that would be without effect."""
    from engine.errors import ConfigError

    for option, value in given.items():
        if value:
            raise ConfigError(option, str(value), f"has no meaning with {beside}")


def _method(method: Method | None, file: Path | None, *, only_picture: bool) -> Method | None:
    from engine.errors import ConfigError

    if file is not None and method not in (None, Method.IMPORT):
        raise ConfigError("--file", str(file), "belongs to --method import")
    if method is Method.IMPORT and file is None:
        raise ConfigError("--method", "import", "takes the polygons of --file FILE")
    if method is None:
        if file is not None:
            return Method.IMPORT
        return None if only_picture else Method.RADIOMETRIC
    return method


def _made(folder: DefinitionFolder, options: SeamlineOptions) -> SeamlineReport:
    from engine.build.seamlines.make import make_seamlines
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    with GuardedWorkers(timeout_s=600.0, forked=True) as workers, ProgressBars() as progress:
        return make_seamlines(folder, options, workers, progress)


def _imported(
    folder: DefinitionFolder, file: Path | None, layer: str, blend: tuple[float, BlendSide]
) -> SeamlineReport:
    from raster_types.tables.seamline_file import import_seamlines
    from server.guarded_workers import GuardedWorkers

    assert file is not None
    with GuardedWorkers(forked=True) as workers:
        return import_seamlines(folder, file, layer, blend, workers)


def _tell(report: SeamlineReport) -> None:
    if report.built:
        typer.echo(f"Built {report.built} items that waited.")
    typer.echo(
        f"{report.made} seamlines made, {report.removed} removed, "
        f"{report.edited} drawn or edited by hand kept."
    )
    if report.moved:
        typer.echo(f"{report.moved} borders follow where neighbours look alike.")
    for note in report.notes[:_MOST_SHOWN]:
        typer.secho(f"  {note}", fg=typer.colors.YELLOW, err=True)
    if len(report.notes) > _MOST_SHOWN:
        typer.echo(f"  … and {len(report.notes) - _MOST_SHOWN} more", err=True)


def _tell_next(folder: DefinitionFolder, definition: Path) -> None:
    if folder.properties().mosaic_method == "Seamline":
        typer.echo(
            f"Next: swath definition build {quoted(definition)}, which makes its overviews follow."
        )
        return
    typer.echo(
        f'Next: set mosaic_method = "Seamline" in {definition}/definition.toml, then '
        f"swath definition build {quoted(definition)}; or let clients ask for the method."
    )
