"""Services of one raster under a process chain, for tests of what chains do to pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from config.definition import Interpolation, ServiceProperties
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.chain_files import import_definitions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.process_definition import RasterEntry, RasterProcessDefinition, write_definition
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters

if TYPE_CHECKING:
    from pathlib import Path

    from engine.chain import Process
    from engine.extent import Extent
    from engine.service import ImageService


def definition_with(path: Path, raster: Path, *, properties: dict[str, Any]) -> DefinitionFolder:
    """Make a definition with one raster in it."""
    folder = DefinitionFolder.create(path, ServiceProperties(**properties))
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[raster]))
    return folder


def give_chain(folder: DefinitionFolder, raster: Path, chain: list[Process], **fields: Any) -> None:
    """Import a chain for the item of a raster."""
    entry = RasterEntry(source=str(raster), process_chain=tuple(chain))
    definition = RasterProcessDefinition(name=raster.stem, rasters=(entry,), **fields)
    file = folder.path.parent / f"{raster.stem}.rpdef.json"
    file.write_bytes(write_definition(definition))
    import_definitions(folder, [file])


def chain_service(
    folder: Path,
    raster: Path,
    chain: list[Process],
    properties: dict[str, Any] | None = None,
    **fields: Any,
) -> ImageService:
    """Return the service of a raster under a chain."""
    definition = definition_with(folder / "d.isdef", raster, properties=properties or {})
    if chain or fields:
        give_chain(definition, raster, chain, **fields)
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def view_of(extent: Extent, width: int, height: int, crs: str = "", **changes: Any) -> ImageRequest:
    """Ask for raw samples, bilinear unless said otherwise."""
    request = ImageRequest(
        view=View(extent=extent, width=width, height=height, out_crs=crs, extent_crs=crs),
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.BILINEAR,
    )
    return msgspec.structs.replace(request, **changes)


def pixels_of(service: ImageService, request: ImageRequest, work: Work | None = None) -> PixelBlock:
    """Return an answer's pixels before they are encoded."""
    pixels = render_request(plan(service, request), request, work or Work(service, UNLIMITED))
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def bilinear(image: np.ndarray, col: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return values of (rows, cols) at positions (corner origin); borders replicated."""
    rows, cols = image.shape
    c, r = col - 0.5, row - 0.5
    c0, r0 = np.floor(c).astype(int), np.floor(r).astype(int)
    fc, fr = c - c0, r - r0

    def at(dr: int, dc: int) -> np.ndarray:
        return image[np.clip(r0 + dr, 0, rows - 1), np.clip(c0 + dc, 0, cols - 1)].astype(float)

    top = at(0, 0) * (1 - fc) + at(0, 1) * fc
    low = at(1, 0) * (1 - fc) + at(1, 1) * fc
    return np.asarray(top * (1 - fr) + low * fr)


def centres(extent: Extent, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y (height, width) of the centres of a view's pixels."""
    step_x, step_y = extent.width / width, extent.height / height
    x, y = np.meshgrid(
        extent.xmin + (np.arange(width) + 0.5) * step_x,
        extent.ymax - (np.arange(height) + 0.5) * step_y,
    )
    return x, y
