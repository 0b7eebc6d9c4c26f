"""A service of two images over hills whose sun is known, and measurements in it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import rasterio
import shapely
from rasterio.rpc import RPC

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.measure_requests import MeasureRequest
from tests.engine.image_pairs import write_pair
from tests.engine.sensor_scenes import add_images, compiled_service, over, write_terrain

if TYPE_CHECKING:
    from pathlib import Path

    from engine.measurements import MeasureResult
    from engine.service import ImageService

SUN_AZIMUTH, SUN_ELEVATION = 140.0, 35.0
# As the vendor of the left image states them; of the right one nothing is stated.
BIAS_M, RANDOM_M = 3.0, 0.4


def sunlit_service(folder: Path) -> ImageService:
    """Return the open service; items 1 (left: sun, sensor name, errors) and 2 (right: no azimuth)."""
    images = write_pair(folder)
    with rasterio.open(images[0], "r+") as file:
        facts = file.rpcs.to_dict()
        file.rpcs = RPC(**{**facts, "err_bias": BIAS_M, "err_rand": RANDOM_M})
    definition = add_images(folder, images, over(write_terrain(folder / "hills.tif")))
    with closing(definition.table()) as table, table.batch():
        for name, kind in (
            ("SunAzimuth", "REAL"),
            ("SunElevation", "REAL"),
            ("SensorName", "TEXT"),
        ):
            table.ensure_field(name, kind)
        stated = {"SunAzimuth": SUN_AZIMUTH, "SunElevation": SUN_ELEVATION, "SensorName": "PAN-1"}
        table.update(1, stated)
        table.update(2, {"SunElevation": SUN_ELEVATION})
    build_definition(definition, BuildOptions(overviews="none"))
    return compiled_service(definition, folder / "d.zmd")


def measured(
    service: ImageService,
    operation: str,
    first: Any,
    second: Any = None,
    crs: str = "",
    **more: Any,
) -> MeasureResult:
    """Return a measurement; geometries are shapely's or (x, y), both in one CRS."""

    def wkb(shape: Any) -> bytes:
        if shape is None:
            return b""
        made = shape if isinstance(shape, shapely.Geometry) else shapely.Point(shape[:2])
        return bytes(shapely.to_wkb(made))

    request = MeasureRequest(
        operation=operation,  # type: ignore[arg-type]  # -- tests ask for names that are none, too
        from_geometry=wkb(first),
        from_crs=crs,
        to_geometry=wkb(second),
        to_crs=crs,
        **more,
    )
    return answer(service, request, UNLIMITED).record  # type: ignore[return-value]  # -- a MeasureResult
