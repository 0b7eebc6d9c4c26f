"""`swath definition`: from a folder of rasters to a compiled service."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.definition_balance import balance
from server.commands.definition_build import build
from server.commands.definition_chain import chain_app
from server.commands.definition_copy import copy
from server.commands.definition_footprints import footprints
from server.commands.definition_inspect import inspect
from server.commands.definition_items import items
from server.commands.definition_preview import preview
from server.commands.definition_repair import repair_app
from server.commands.definition_run import run
from server.commands.definition_seamlines import seamlines
from server.commands.definition_sync import check, sync
from server.commands.definition_template import template_app
from server.commands.definition_upkeep import calculate, history, remove, statistics
from server.commands.listing import MOST_SHOWN, quoted, tell_some
from server.commands.options import DEFAULT_DATA, CatalogOption, DataOption
from server.commands.product_options import (  # noqa: TC001 -- typer reads them at run time
    AssetsOption,
    BandOrderOption,
    ExtrasOption,
    LayerOption,
    PathFieldOption,
    QualityOption,
    ResolutionOption,
    RewriteOption,
    StackRegexOption,
    StackVariablesOption,
    TableSrsOption,
    ValuesOption,
)
from server.commands.terrain_options import (
    DemDatumOption,
    DemFactorOption,
    DemFillOption,
    DemOffsetOption,
    DemOption,
    terrain_path,
)

if TYPE_CHECKING:
    from raster_types.adding.add import AddReport

app = typer.Typer(
    no_args_is_help=True,
    help="Author an image service: create, add rasters, build, look, compile.",
    rich_markup_mode="markdown",
)

app.add_typer(chain_app, name="chain")
app.command("balance")(balance)
app.command("build")(build)
app.command("copy")(copy)
app.command("footprints")(footprints)
app.command("inspect")(inspect)
app.command("seamlines")(seamlines)

Definition = Annotated[Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")]


@app.command()
def create(
    definition: Definition,
    crs: Annotated[
        str, typer.Option(help="CRS of the service, as EPSG:n. [default: from the rasters]")
    ] = "",
    bands: Annotated[
        int, typer.Option(min=0, help="Count of bands; 0 = from the rasters.", show_default=False)
    ] = 0,
    pixel_type: Annotated[
        str, typer.Option(help="U8, U16, S16, F32 … [default: from the rasters]")
    ] = "",
    catalog: CatalogOption = "",
) -> None:
    """Make a new definition: a folder with definition.toml and catalog.gpkg, both yours to edit."""
    from config.definition import ServiceProperties
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.history import note_history
    from engine.errors import ConfigError
    from engine.geometry.projection import canonical_crs
    from engine.pixel_type import PixelType
    from server.commands.stated_files import check_parent

    check_parent(definition, "NAME.isdef")
    known = [ptype.value for ptype in PixelType]
    if pixel_type and pixel_type.upper() not in known:
        raise ConfigError("--pixel-type", pixel_type, f"is unknown; known: {', '.join(known)}")
    properties = ServiceProperties(
        crs=canonical_crs(crs, "--crs") if crs else "", bands=bands, pixel_type=pixel_type.upper()
    )
    folder = DefinitionFolder.create(definition, properties, catalog)
    with folder.table() as table:
        note_history(table, "create", f"Made {folder.path.name}.")
    typer.echo(f"Made {folder.path.name}. Next: swath definition add {quoted(definition)} PATH…")


@app.command()
def add(  # noqa: PLR0913 -- one an option of the command
    definition: Definition,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Raster files and folders of them.")
    ],
    *,
    raster_type: Annotated[
        str,
        typer.Option(
            "--type",
            help="How files become items: "
            "landsat, sentinel2, stac, dimap, maxar, stack, aerial, table, rpc, frame-camera, gcp, "
            "elevation, series, raster-dataset, or auto: products by their own type, else plain rasters.",
        ),
    ] = "auto",
    glob: Annotated[str, typer.Option(help="Names of files in folders to look at.")] = "*",
    recursive: Annotated[
        bool, typer.Option("--recursive", help="Look into folders inside folders.")
    ] = False,
    nodata: Annotated[
        str, typer.Option(help="Value that means no data. [default: as the files say]")
    ] = "",
    valid_range: Annotated[
        str, typer.Option(metavar="LO,HI", help="Samples outside are no data.")
    ] = "",
    srs: Annotated[str, typer.Option(help="CRS of the files, instead of their own.")] = "",
    dem: DemOption = "",
    dem_datum: DemDatumOption = "",
    dem_zfactor: DemFactorOption = None,
    dem_zoffset: DemOffsetOption = None,
    dem_fill: DemFillOption = "",
    data: DataOption = DEFAULT_DATA,
    exterior: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Orientations of frame cameras: CSV, GeoJSON, text, OpenSfM. [default: beside them]",
        ),
    ] = None,
    interior: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Frame cameras: YAML, a cameras table, OpenSfM. [default: beside the images]",
        ),
    ] = None,
    gcps: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Ground control points: GeoJSON, QGIS .points, or CSV with col, row, x, y, z, file.",
        ),
    ] = None,
    gcp_fit: Annotated[
        str,
        typer.Option(
            metavar="shift|affine|order1|order2|order3|spline",
            help="What is fitted to them: the first two for images with an RPC, the others for type gcp.",
        ),
    ] = "",
    bands: Annotated[
        str, typer.Option(metavar="4,3,2", help="Bands to use, from 1, in this order.")
    ] = "",
    values: ValuesOption = "",
    resolution: ResolutionOption = "",
    assets: AssetsOption = "",
    extras: ExtrasOption = "",
    rewrite: RewriteOption = None,
    qa: QualityOption = False,
    stack_regex: StackRegexOption = "",
    band_order: BandOrderOption = "",
    path_field: PathFieldOption = "",
    layer: LayerOption = "",
    table_srs: TableSrsOption = "",
    stack_variables: StackVariablesOption = False,
    attributes: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Fields for the items, joined by file name."),
    ] = None,
    name_regex: Annotated[
        str,
        typer.Option(
            metavar="REGEX", help="Named groups become fields, as in `(?P<AcqDate>\\d{8})`."
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be read, and change nothing.")
    ] = False,
) -> None:
    """Add rasters; those that are known and unchanged are left alone. `inspect PATH` says what is there.

    A raster that cannot be read or placed becomes an item with a failed status and a sentence; it
    stops nothing. A file that changed keeps its OBJECTID. Known rasters are read again, too, when an
    option is given that differs from before, or when a file changed that says how they lie (RPC,
    orientations, control points); options that are not given stay as they were.

    Terrain that is a published service is taken as it is when the definition is built.
    """
    from engine.build.definition_folder import DefinitionFolder
    from raster_types.adding.add import AddRequest, add_rasters, pending_products
    from raster_types.adding.item_options import parse_item_options
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    folder = DefinitionFolder(definition)
    request = AddRequest(
        raster_type=raster_type,
        paths=paths,
        glob=glob,
        recursive=recursive,
        options=parse_item_options(
            bands=bands,
            nodata=nodata,
            valid_range=valid_range,
            srs=srs,
            dem=terrain_path(dem, data),
            dem_datum=dem_datum,
            dem_zfactor=dem_zfactor,
            dem_zoffset=dem_zoffset,
            dem_fill=dem_fill,
            exterior=exterior,
            interior=interior,
            gcps=gcps,
            gcp_fit=gcp_fit,
            values=values,
            resolution=resolution,
            assets=assets,
            extras=extras,
            rewrite=rewrite or (),
            qa="all" if qa else "",
            stack_regex=stack_regex,
            band_order=band_order,
            path_field=path_field,
            layer=layer,
            table_srs=table_srs,
            stack_variables=stack_variables,
        ),
        csv=attributes,
        name_regex=name_regex,
    )
    if dry_run:
        _tell_pending(pending_products(folder, request))
        return
    with GuardedWorkers(forked=True) as workers, ProgressBars() as progress:
        report = add_rasters(folder, request, workers, progress)
    _tell_added(report)
    if report.is_in_vain:
        _tell_vain(definition, paths, report)
        raise typer.Exit(1)
    typer.echo(f"Next: swath definition build {quoted(definition)}")


def _tell_pending(products: list[tuple[str, bool]]) -> None:
    known = sum(is_known for _, is_known in products)
    typer.echo(f"Would read {len(products) - known} new products and {known} known ones.")
    for path, is_known in products[:MOST_SHOWN]:
        typer.echo(f"  {'known' if is_known else 'new':<6} {path}")
    if len(products) > MOST_SHOWN:
        typer.echo(f"  … and {len(products) - MOST_SHOWN} more")


def _tell_added(report: AddReport) -> None:
    added = report.added - report.failed_new
    changed = report.changed - report.failed_changed
    failed = f"; {len(report.failed)} cannot be used" if report.failed else ""
    typer.echo(f"Added {added} items, {changed} changed, {report.unchanged} were known{failed}.")
    heading = f"{len(report.failed)} failed (kept as items; add again when their files are right)"
    tell_some(heading, (f"{p}: {why}" for p, why in report.failed))
    tell_some(f"{len(report.unnamed)} left out", (f"{p}: {why}" for p, why in report.unnamed))
    tell_some("Note", (f"{p}: {why}" for p, why in report.notes))
    tell_some(f"{len(report.ignored)} files are no rasters", (p for p, _ in report.ignored))
    tell_some(
        f"{len(report.unused_csv_rows)} rows of the CSV file name no raster",
        report.unused_csv_rows,
    )


def _tell_vain(definition: Path, paths: list[Path], report: AddReport) -> None:
    """Say that nothing came in that can be used, and what to do."""
    if any(path.absolute() == definition.absolute() for path in paths):
        why = f"{definition.name} is the definition itself; expected rasters"
    elif report.failed:
        why = "None of these rasters can be used"
    else:
        why = "No raster is found (see --type, --glob and --recursive)"
    here = shlex.join(str(path) for path in paths)
    typer.secho(f"{why}. What is there: swath definition inspect {here}", fg="red", err=True)


@app.command()
def show(definition: Definition) -> None:
    """Show what is in force: properties, what the data make of them, counts, failed items."""
    from engine.build.definition_folder import DefinitionFolder
    from server.authoring.definition_report import describe

    for line in describe(DefinitionFolder(definition)):
        typer.echo(line)


@app.command()
def validate(definition: Definition) -> None:
    """Check properties, items and files; ends with code 1 where something is wrong."""
    from engine.build.definition_folder import DefinitionFolder
    from server.authoring.definition_report import faults

    count = 0
    for fault in faults(DefinitionFolder(definition)):
        typer.echo(fault)
        count += 1
    if count:
        typer.secho(f"{count} faults.", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)
    typer.echo("Nothing is wrong.")


@app.command("compile")
def compile_(
    definition: Definition,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="NAME.zmd", help="[default: NAME.zmd here]"),
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Check everything and write one file that `swath publish` takes."""
    from engine.build.compile import compile_definition
    from server.authoring.definition_templates import templates_of
    from server.authoring.progress_bars import ProgressBars
    from server.commands.stated_files import check_compiled_name
    from server.guarded_workers import GuardedWorkers
    from server.python_functions.session import registered_functions

    out = output or Path(definition.absolute().name).with_suffix(".zmd")
    check_compiled_name(out, "--output")
    with (
        GuardedWorkers(timeout_s=600.0, forked=True) as workers,
        ProgressBars() as progress,
        # Templates may name functions in Python.
        registered_functions(data),
    ):
        report = compile_definition(
            definition, out, progress, workers, templates=templates_of(definition)
        )
    typer.echo(f"Compiled {report.primaries} items and {report.overviews} overviews into {out}.")
    tell_some("Note", report.warnings)
    typer.echo(f"Next: swath publish {quoted(out)} --name {quoted(out.stem)}")


for _command in (items, preview, sync, check, remove, calculate, statistics, history, run):
    app.command()(_command)
app.add_typer(repair_app, name="repair")
app.add_typer(template_app, name="template")
