"""Terrain under the kit's images: that of the kit where it lies there, one height, and made roughness."""

import zlib
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from engine.extent import Extent
from engine.geometry.projection import describe_crs
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain, TerrainDefinition
from engine.geotransforms.base import SensorModel

_POSTS = 200
_VOID = -9999.0
# Of a footprint's width: cliffs as between houses, and rough from post to post.
_RELIEF_SHARE = 0.15
_METRES_PER_DEGREE = 111_000.0


def kit_terrains(kit: Path, name: str) -> list[TerrainDefinition]:
    """Return the kit's own terrains under one of its images."""
    ventoux = kit / "04_rpc_satellite/phr_ventoux/dem"
    geoid = str(ventoux / "egm96_15.gtx")
    baviaans = str(kit / "05_frame_camera/ngi/dem.tif")
    surface = str(kit / "04_rpc_satellite/s2p_pair_reunion/expected_dsm_50cm.tif")
    if "phr_ventoux" in name:
        return [
            RasterTerrain(path=str(ventoux / "N44E005.hgt"), vertical_datum=geoid),
            RasterTerrain(path=str(ventoux / "N44E005_UTM.tif"), vertical_datum=geoid),
            ConstantHeight(height_m=450.0, vertical_datum=geoid),
        ]
    if "s2p_pair_reunion" in name:
        return [RasterTerrain(path=surface, vertical_datum="ellipsoid")]
    if "qb2_baviaans" in name:
        return [RasterTerrain(path=baviaans, vertical_datum="ellipsoid")]
    if "ngi" in name:
        return [RasterTerrain(path=baviaans)]
    return []


def level_ground(sensor: SensorModel) -> ConstantHeight:
    """Return the middle of the heights that a model is meant for."""
    low, high = sensor.height_range
    return ConstantHeight(height_m=(low + high) / 2, vertical_datum=sensor.vertical_datum)


def rough_ground(path: Path, sensor: SensorModel, box: Extent, middle_m: float) -> RasterTerrain:
    """Write hills as rough as they can be, with voids large and small, around a footprint.

    Parameters
    ----------
    path : Path
        Where the file goes; equal names have equal hills.
    box : Extent
        The footprint's, in the model's ground CRS.
    """
    random = np.random.default_rng(zlib.crc32(path.name.encode()))
    low, high = sensor.height_range
    is_map = not describe_crs(sensor.ground_crs).is_geographic
    width_m = box.width if is_map else box.width * _METRES_PER_DEGREE
    hills = _hills(random) * min((high - low) / 4, width_m * _RELIEF_SHARE) + middle_m
    hills[random.random(hills.shape) < 0.003] = _VOID
    top, left = random.integers(0, _POSTS - 40, 2)
    hills[top : top + 15, left : left + 30] = _VOID
    width, height = box.width * 1.6, box.height * 1.6
    corner = (box.center_x - width / 2, box.center_y + height / 2)
    place = Affine(width / _POSTS, 0, corner[0], 0, -height / _POSTS, corner[1])
    shape = {"width": _POSTS, "height": _POSTS, "count": 1, "dtype": "float32", "nodata": _VOID}
    crs = sensor.ground_crs
    with rasterio.open(path, "w", driver="GTiff", **shape, crs=crs, transform=place) as file:
        file.write(hills.astype(np.float32), 1)
    return RasterTerrain(path=str(path), crs=crs, vertical_datum=sensor.vertical_datum)


def _hills(random: np.random.Generator) -> NDArray[np.float64]:
    """Return noise of all lengths between -1 and 1, twice as high where twice as long."""
    hills = np.zeros((_POSTS, _POSTS))
    for octave in range(2, 9):
        few = 2**octave
        values = random.normal(size=(few + 2, few + 2)) / few
        place = np.linspace(0, few, _POSTS)
        node = place.astype(int)
        share = place - node
        rows = values[node] * (1 - share)[:, None] + values[node + 1] * share[:, None]
        hills += rows[:, node] * (1 - share) + rows[:, node + 1] * share
    return hills / np.abs(hills).max()
