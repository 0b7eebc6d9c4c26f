"""Small images with an RPC, terrain under them, and services of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.rpc import RPC

from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.extent import Extent
from engine.geometry.terrain_definition import RasterTerrain
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.service import ImageService

UTM = "EPSG:32631"


def slanting_rpc(lon_off: float = 3.0) -> RPC:
    """Return a slanting view of 400 × 300 pixels of about 5 m near 45° N."""
    plain = [0.0] * 20
    one = [1.0, *plain[1:]]
    line, sample = [*plain], [*plain]
    line[2], line[3], line[4] = -1.0, 0.12, 0.01
    sample[1], sample[3], sample[4] = 1.0, -0.2, 0.015
    return RPC(
        height_off=500.0,
        height_scale=500.0,
        lat_off=45.0,
        lat_scale=0.00675,
        line_den_coeff=one,
        line_num_coeff=line,
        line_off=149.5,
        line_scale=150.0,
        long_off=lon_off,
        long_scale=0.0127,
        samp_den_coeff=one,
        samp_num_coeff=sample,
        samp_off=199.5,
        samp_scale=200.0,
        err_bias=None,
        err_rand=None,
    )


def write_image(path: Path, lon_off: float = 3.0) -> Path:
    """Write an image whose two bands hold 100 · column + 1 and 100 · row + 1."""
    rows, cols = np.mgrid[0:300, 0:400]
    profile = {"driver": "GTiff", "width": 400, "height": 300, "count": 2, "dtype": "uint16"}
    with rasterio.open(path, "w", **profile, tiled=True, blockxsize=128, blockysize=128) as file:
        file.write(np.stack([cols * 100 + 1, rows * 100 + 1]).astype(np.uint16))
        file.rpcs = slanting_rpc(lon_off)
    return path


def write_terrain(path: Path, raised_m: float = 0.0, west: float = 496500.0) -> Path:
    """Write hills between 300 and 700 m, one post every 60 m, 7.2 km a side."""
    rows, cols = np.mgrid[0:120, 0:120]
    heights = 500 + raised_m + 150 * np.sin(cols / 9.0) + 50 * np.cos(rows / 7.0)
    profile = {"driver": "GTiff", "width": 120, "height": 120, "count": 1, "dtype": "float32"}
    place = Affine(60, 0, west, 0, -60, 4986900)
    with rasterio.open(path, "w", **profile, crs=UTM, transform=place, nodata=-9999.0) as file:
        file.write(heights.astype(np.float32), 1)
    return path


def over(path: Path, **changes: float) -> RasterTerrain:
    """Return the terrain of a raster of heights above the ellipsoid."""
    return RasterTerrain(path=str(path), vertical_datum="ellipsoid", **changes)


def add_images(
    folder: Path, images: Sequence[Path], terrain: TerrainDefinition | None, crs: str = UTM
) -> DefinitionFolder:
    """Make the definition d.isdef of images with an RPC; it is not built yet."""
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties(crs=crs))
    options = ItemOptions(terrain=terrain)
    add_rasters(definition, AddRequest(raster_type="rpc", paths=images, options=options))
    return definition


def sensor_service(
    folder: Path, images: Sequence[Path], terrain: TerrainDefinition | None, crs: str = UTM
) -> ImageService:
    """Return the open service of images with an RPC."""
    definition = add_images(folder, images, terrain, crs)
    build_definition(definition, BuildOptions(overviews="none"))
    return compiled_service(definition, folder / "d.zmd")


def compiled_service(definition: DefinitionFolder, out: Path) -> ImageService:
    """Compile a built definition and open it."""
    compile_definition(definition.path, out)
    return open_service(str(out))


def image_request(
    service: ImageService, extent: Extent, size: tuple[int, int] = (60, 60), form: str = "bsq"
) -> ImageRequest:
    """Return a request in the service's CRS."""
    view = View(extent=extent, width=size[0], height=size[1], out_crs=service.summary.crs)
    return ImageRequest(view=view, encoding=Encoding(format=form))


def middle(service: ImageService, half_m: float = 300.0) -> Extent:
    """Return a square about the middle of the service."""
    box = service.summary.extent
    x, y = round(box.center_x / 10) * 10, round(box.center_y / 10) * 10
    return Extent(x - half_m, y - half_m, x + half_m, y + half_m)
