"""Services of heights made of an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.rasters import write_raster
from tests.engine.sensor_scenes import compiled_service

if TYPE_CHECKING:
    from pathlib import Path

    from rasterio import Affine

    from engine.service import ImageService


def height_service(
    folder: Path, z: np.ndarray, crs: str, place: Affine, **profile: Any
) -> ImageService:
    """Return the open service of heights (rows, cols) in the file d.zmd of a folder."""
    path = write_raster(folder / "z.tif", z[None].astype(np.float32), crs, place, **profile)
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties())
    add_rasters(definition, AddRequest(raster_type="elevation", paths=[path]))
    build_definition(definition, BuildOptions(overviews="none"))
    service = compiled_service(definition, folder / "d.zmd")
    assert service.summary.data_type == "elevation"
    return service
