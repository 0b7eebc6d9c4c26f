"""The kit's rectification grids of a stereo pair: what one image sees, the other sees where they say.

Nodes of both grids with the same number show the same ground: at height 0 (shareloc's and Orfeo ToolBox's),
at 100 m, or on SRTM over EGM96 (Orfeo ToolBox's). Values are shifts from the node's own position to pixels
of the whole scene, whose first one has its centre at 0.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.geometry.sight_line import SightLines
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms.displacement_grid import DisplacementGrid
from engine.process_memory import process_memory
from raster_types.sensor_files.rpc_sidecar import read_rpc_sidecar

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geotransforms.rpc import RpcModel

# Where the crops begin in the whole scenes: col, row.
CROPS = {"left": (5000.0, 5000.0), "right": (4915.0, 5162.0)}
STEP = 30.0
NODES = 22


@pytest.fixture
def ventoux(shared_data: Path) -> Path:
    return shared_data / "04_rpc_satellite" / "phr_ventoux"


def _model(ventoux: Path, side: str) -> RpcModel:
    path = ventoux / "reference" / f"{side}_image_crop_RPC.TXT"
    return read_rpc_sidecar(path.name, path.read_text()).bind()


def _pixels(ventoux: Path, maker: str, side: str, kind: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Positions of all nodes in the crop, by the process that such a grid is."""
    with rasterio.open(ventoux / "grids" / f"{maker}_{side}_grid{kind}.tif") as file:
        dx, dy = file.read().astype(float)
    record = DisplacementGrid(origin=(0.0, 0.0), step=(STEP, STEP), dx=dx.tolist(), dy=dy.tolist())
    row, col = (values.ravel() * STEP for values in np.mgrid[0:NODES, 0:NODES])
    x, y = record.bind().to_source(col, row)
    return x - CROPS[side][0], y - CROPS[side][1]


# Shareloc's own figures differ as much from Orfeo ToolBox's at one height.
@pytest.mark.parametrize(
    ("maker", "kind", "height", "tolerance"),
    [("shareloc_gt", "", 0.0, 1e-6), ("otb", "", 0.0, 6e-3), ("otb", "_100", 100.0, 6e-3)],
)
def test_grids_at_one_height_join_what_both_images_see(
    ventoux: Path, maker: str, kind: str, height: float, tolerance: float
) -> None:
    left, right = _pixels(ventoux, maker, "left", kind), _pixels(ventoux, maker, "right", kind)
    z = np.full(NODES**2, height)
    lon, lat = _model(ventoux, "left").image_to_ground(*left, z)
    found = _model(ventoux, "right").ground_to_image(lon, lat, z)
    assert np.hypot(found[0] - right[0], found[1] - right[1]).max() < 1.5 * tolerance
    assert np.abs(np.subtract(found, right)).max() < tolerance


def test_the_grid_on_terrain_joins_what_both_images_see_of_it(ventoux: Path) -> None:
    left, right = _pixels(ventoux, "otb", "left", "_dtm"), _pixels(ventoux, "otb", "right", "_dtm")
    definition = RasterTerrain(
        path=str(ventoux / "dem" / "N44E005.hgt"),
        vertical_datum=str(ventoux / "dem" / "egm96_15.gtx"),
    )
    terrain = TerrainOpener(process_memory()).open_raster(definition, "ellipsoid")
    ground = SightLines(_model(ventoux, "left"), terrain).to_ground(*left)
    found = _model(ventoux, "right").ground_to_image(ground.x, ground.y, ground.z)
    assert np.abs(np.subtract(found, right)).max() < 1e-3


def test_a_wrong_geoid_is_seen_by_the_grid_on_terrain(ventoux: Path) -> None:
    left, right = _pixels(ventoux, "otb", "left", "_dtm"), _pixels(ventoux, "otb", "right", "_dtm")
    definition = RasterTerrain(
        path=str(ventoux / "dem" / "N44E005.hgt"), vertical_datum="ellipsoid"
    )
    terrain = TerrainOpener(process_memory()).open_raster(definition, "ellipsoid")
    ground = SightLines(_model(ventoux, "left"), terrain).to_ground(*left)
    found = _model(ventoux, "right").ground_to_image(ground.x, ground.y, ground.z)
    assert np.hypot(found[0] - right[0], found[1] - right[1]).min() > 30
