"""Heights above ground in the kit's images, where others worked out which pixel shows which point in space.

Covers engine.object_height on real cameras and satellites.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely

from config.definition import MosaicMethod
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.geometry.terrain_definition import ConstantHeight
from engine.measure_requests import MeasureRequest
from engine.request_parts import MosaicRule
from raster_types.adding.item_options import parse_item_options
from tests.engine.sensor_scenes import sensor_service
from tests.engine.test_frame_ortho import _ids as ids_by_name
from tests.engine.test_frame_ortho import _service as frame_service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


def _height(
    service: ImageService, item: int, base: tuple[float, float], top: tuple[float, float]
) -> float:
    """Measure from a base on the map to a pixel (whole numbers at centres, rows downwards)."""
    request = MeasureRequest(
        operation="HeightFromBaseAndTop",
        from_geometry=bytes(shapely.to_wkb(shapely.Point(base))),
        to_geometry=bytes(shapely.to_wkb(shapely.Point(top[0], -top[1]))),
        to_crs=f"ICS:{item}",
        mosaic=MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(item,)),
    )
    record = answer(service, request, UNLIMITED).record
    return float(record.quantities["height"].value)  # type: ignore[attr-defined]  # -- a MeasureResult


def test_points_of_a_satellites_surface_stand_as_high_above_a_plain(
    shared_data: Path, tmp_path: Path
) -> None:
    kit = shared_data / "04_rpc_satellite" / "s2p_pair_reunion"
    truth = json.loads((kit / "reference" / "truth.json").read_text())
    names = ["img_01.tif", "img_02.tif"]
    plain_m = 2200.0
    terrain = ConstantHeight(height_m=plain_m)
    service = sensor_service(tmp_path, [kit / name for name in names], terrain, "EPSG:32740")
    for point in truth["dsm_points_to_images"]["points"][:10]:
        for item, name in enumerate(names, start=1):
            found = _height(service, item, (point["x"], point["y"]), point["image"][name])
            # From about 8 degrees aside, a tenth of a pixel of half a metre is a third of a metre.
            assert found == pytest.approx(point["h"] - plain_m, abs=0.02)


def test_places_above_the_terrain_of_frames_are_as_high_as_they_are(
    shared_data: Path, tmp_path: Path
) -> None:
    kit = shared_data / "05_frame_camera" / "ngi"
    truth = json.loads((kit / "reference" / "truth.json").read_text())
    options = parse_item_options(dem=str(kit / "dem.tif"), exterior=kit / "ngi_xyz_opk.csv")
    service = frame_service(tmp_path, kit, options)
    numbers = ids_by_name(service)
    with rasterio.open(kit / "dem.tif") as file:
        posts, place = file.read(1).astype(float), ~file.transform
    measured = 0
    for frame in truth["frames"]:
        item = numbers[frame["image"].removesuffix(".tif")]
        for point in frame["pixel_at_z_to_world"]:
            ground = _bilinear(posts, *(place @ (point["x"], point["y"])))
            # Towers of up to half a kilometre, away from the nadir.
            if not 5 < point["z"] - ground < 500 or abs(point["col"] - 320) < 100:
                continue
            found = _height(service, item, (point["x"], point["y"]), (point["col"], point["row"]))
            assert found == pytest.approx(point["z"] - ground, abs=0.05)
            measured += 1
    assert measured > 20


def _bilinear(posts: np.ndarray, col: float, row: float) -> float:
    left, top = int(np.floor(col - 0.5)), int(np.floor(row - 0.5))
    if not (0 <= left < posts.shape[1] - 1 and 0 <= top < posts.shape[0] - 1):
        return float("nan")
    right, down = col - 0.5 - left, row - 0.5 - top
    four = posts[top : top + 2, left : left + 2]
    return float(np.array([1 - down, down]) @ four @ np.array([1 - right, right]))
