"""Make, build and open definitions of products, as the commands do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.definition import Interpolation, ServiceProperties
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, RenderingRule, View
from engine.service import ImageService, open_service
from raster_types.adding.add import AddReport, AddRequest, add_rasters
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.build_options import BuildOptions
    from engine.build.item_row import ItemRow


def add_products(
    folder: DefinitionFolder, raster_type: str, path: Path, options: ItemOptions | None = None
) -> AddReport:
    """Add what is in a folder and below."""
    request = AddRequest(
        raster_type=raster_type, paths=[path], recursive=True, options=options or ItemOptions()
    )
    return add_rasters(folder, request)


def add_tables(folder: DefinitionFolder, *paths: Path, **options: Any) -> AddReport:
    """Add tables with options of `ItemOptions`."""
    request = AddRequest(raster_type="table", paths=paths, options=ItemOptions(**options))
    return add_rasters(folder, request)


def primaries_by_name(folder: DefinitionFolder) -> dict[str, ItemRow]:
    """Return the items that mosaics are made of."""
    with folder.table() as table:
        return {row.name: row for row in table.rows("Category = 1")}


def new_definition(path: Path) -> DefinitionFolder:
    """Make an empty definition."""
    return DefinitionFolder.create(path, ServiceProperties())


def rows_of(folder: DefinitionFolder) -> list[ItemRow]:
    """Return all items."""
    with folder.table() as table:
        return list(table.rows("1 = 1"))


def built_service(folder: DefinitionFolder, options: BuildOptions | None = None) -> ImageService:
    """Build and compile a definition and open the service."""
    build_definition(folder, options)
    compiled = folder.path.with_suffix(".zmd")
    compile_definition(folder.path, compiled)
    return open_service(str(compiled))


def raw_pixels(
    service: ImageService,
    view: View,
    bands: tuple[int, ...] = (),
    *,
    tile_format: str = "bsq",
    rule: RenderingRule | None = None,
) -> PixelBlock:
    """Return raw pixels of a view, the nearest ones."""
    request = ImageRequest(
        view=view,
        encoding=Encoding(format=tile_format),
        interpolation=Interpolation.NEAREST,
        band_ids=bands,
        rendering=rule,
    )
    pixels = render_request(plan(service, request), request, Work(service, UNLIMITED))
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def whole_view(service: ImageService, pixel_size: float) -> View:
    """Return the view of all of a service."""
    extent = service.summary.extent
    width = round((extent.xmax - extent.xmin) / pixel_size)
    height = round((extent.ymax - extent.ymin) / pixel_size)
    return View(extent=extent, width=width, height=height)
