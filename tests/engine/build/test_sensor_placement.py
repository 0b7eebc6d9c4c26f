"""Outlines of images whose terrain ends before they do.

Covers engine.build.sensor_placement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine

from engine.build.sensor_placement import place_sensor
from engine.geolocation import Geolocation, bind_geolocation
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.process_memory import process_memory
from tests.raster_types.products import HEIGHT, RECORD, UTM, WIDTH

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.placement import Placement
    from engine.geometry.terrain_definition import TerrainDefinition

GROUND_M = 560.0


def _terrain(folder: Path, side_m: float, west_m: float = 0.0) -> RasterTerrain:
    """A flat square about the image's middle (15° E, 45.15° N), or west of it."""
    path = folder / "dem.tif"
    count = int(side_m / 20)
    place = Affine(20.0, 0.0, 5e5 - side_m / 2 - west_m, 0.0, -20.0, 4_999_680.0 + side_m / 2)
    profile = {"driver": "GTiff", "width": count, "height": count, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs=UTM, transform=place) as file:
        file.write(np.full((1, count, count), GROUND_M, np.float32))
    return RasterTerrain(path=str(path), vertical_datum="ellipsoid")


def _placed(terrain: TerrainDefinition) -> Placement | None:
    geolocation = Geolocation(sensor=RECORD, terrain=terrain)
    bound = bind_geolocation(geolocation, process_memory())
    return place_sensor(bound, (WIDTH, HEIGHT), UTM, None)


@pytest.mark.parametrize(("side_m", "west_m"), [(20_000, 0), (400, 0), (1000, 700)])
def test_an_outline_is_whole_where_terrain_lies_under_a_part_only(
    tmp_path: Path, side_m: float, west_m: float
) -> None:
    expected = _placed(ConstantHeight(height_m=GROUND_M))
    found = _placed(_terrain(tmp_path, side_m, west_m))
    assert expected is not None
    assert found is not None
    own, theirs = (shapely.from_wkb(each.wkb) for each in (found, expected))
    assert own.symmetric_difference(theirs).area < 1e-3 * theirs.area
    assert found.pixel_size == pytest.approx(expected.pixel_size, rel=1e-3)


def test_an_image_beside_its_terrain_has_no_place(tmp_path: Path) -> None:
    assert _placed(_terrain(tmp_path, 1000, 50_000)) is None
