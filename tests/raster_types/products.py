"""Made satellite products whose pixels say where they are, and the services of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio

from config.definition import Interpolation, ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.geometry.terrain_definition import ConstantHeight
from engine.geotransforms.rpc import RpcRecord
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from pathlib import Path

    from engine.extent import Extent
    from engine.service import ImageService
    from raster_types.adding.add import AddReport

UTM = "EPSG:32633"
WIDTH, HEIGHT = 400, 300
_ZEROS = (0.0,) * 16
# A slanting view of pixels of about 5 m near 15° E, 45.15° N.
RECORD = RpcRecord(
    row_offset_px=150.0,
    col_offset_px=200.0,
    latitude_offset_deg=45.15,
    longitude_offset_deg=15.0,
    height_offset_m=500.0,
    row_scale_px=150.0,
    col_scale_px=200.0,
    latitude_scale_deg=0.00675,
    longitude_scale_deg=0.0127,
    height_scale_m=300.0,
    row_numerator=(0.0, 0.05, -1.0, 0.1, *_ZEROS),
    row_denominator=(1.0, 0.0, 0.0, 0.0, *_ZEROS),
    col_numerator=(0.0, 1.0, 0.04, -0.2, *_ZEROS),
    col_denominator=(1.0, 0.0, 0.0, 0.0, *_ZEROS),
)
GROUND = ConstantHeight(height_m=560.0)


def write_window(path: Path, box: tuple[int, int, int, int], bands: str = "cr") -> Path:
    """Write columns and rows (first, last + 1) of the image: "c" = 100 times the column, "r" the row."""
    col0, col1, row0, row1 = box
    rows, cols = np.mgrid[row0:row1, col0:col1]
    planes = {"c": cols * 100 + 100, "r": rows * 100 + 100}
    profile = {
        "driver": "GTiff",
        "width": col1 - col0,
        "height": row1 - row0,
        "count": len(bands),
        "dtype": "uint16",
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.stack([planes[band] for band in bands]).astype(np.uint16))
    return path


def add(
    folder: Path, kind: str, paths: list[Path], options: ItemOptions
) -> tuple[DefinitionFolder, AddReport]:
    """Add files to a new definition."""
    definition = DefinitionFolder.create(folder / f"{kind}.isdef", ServiceProperties(crs=UTM))
    request = AddRequest(raster_type=kind, paths=paths, options=options)
    return definition, add_rasters(definition, request)


def service_of(
    folder: Path, kind: str, paths: list[Path], options: ItemOptions | None = None
) -> ImageService:
    """Add, build and compile."""
    definition, report = add(folder, kind, paths, options or ItemOptions(terrain=GROUND))
    assert not report.failed
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / f"{kind}.zmd")
    return open_service(str(folder / f"{kind}.zmd"))


def picture(
    service: ImageService, box: Extent, size: tuple[int, int], crs: str = UTM
) -> np.ndarray:
    """Return samples (bands, rows, cols) of a view; 0 where there is nothing."""
    view = View(extent=box, width=size[0], height=size[1], extent_crs=crs, out_crs=crs)
    request = ImageRequest(
        view=view, encoding=Encoding(format="bsq"), interpolation=Interpolation.BILINEAR
    )
    bands = len(service.summary.bands)
    body = bytes(answer(service, request, UNLIMITED).body)
    found = np.frombuffer(body, service.summary.pixel_type.dtype_name, bands * size[0] * size[1])
    return found.reshape(bands, size[1], size[0]).astype(float)


def places(box: Extent, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of a view's pixel centres, each (rows, cols)."""
    step_x, step_y = box.width / size[0], box.height / size[1]
    return np.meshgrid(
        box.xmin + (np.arange(size[0]) + 0.5) * step_x,
        box.ymax - (np.arange(size[1]) + 0.5) * step_y,
    )
