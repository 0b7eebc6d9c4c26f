"""Positions of live orthos against GDAL's exact RPC transformer, datums alike, and the kit's reference orthos.

99.9 % of positions as they are interpolated are within 0.05 pixel.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer
from rasterio.warp import transform

from config.definition import Interpolation, ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.extent import Extent
from engine.geometry.node_cache import NodeCache
from engine.geometry.position_grid import cell_window
from engine.geometry.terrain_definition import AverageHeight, RasterTerrain
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from engine.target_grid import CELL, Lattice
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.service import ImageService

DRAWN = 2000
SHARE, WITHIN_PX = 0.999, 0.05


@dataclass(frozen=True)
class Scene:
    """An image of the kit with its terrain, whose heights are taken as they are."""

    image: str
    side_car: str
    terrain: str
    crs: str
    pixel: float


VENTOUX, REUNION = "04_rpc_satellite/phr_ventoux", "04_rpc_satellite/s2p_pair_reunion"
SCENES = [
    Scene(
        f"{VENTOUX}/{side}_image.tif",
        f"{VENTOUX}/reference/{side}_image_crop_RPC.TXT",
        f"{VENTOUX}/dem/{dem}",
        "EPSG:32631",
        0.5,
    )
    for side in ("left", "right")
    for dem in ("N44E005.hgt", "N44E005_UTM.tif")
] + [
    Scene(f"{REUNION}/img_0{number}.tif", "", f"{REUNION}/expected_dsm_50cm.tif", "EPSG:32740", 0.5)
    for number in (1, 2)
]
SCENES += [
    Scene(
        "04_rpc_satellite/qb2_baviaans/qb2_basic1b.tif",
        "",
        "05_frame_camera/ngi/dem.tif",
        "EPSG:32735",
        5.0,
    ),
    Scene("04_rpc_satellite/rioxarray_rpc/test_rpcs.tif", "", "", "EPSG:32638", 12.0),
]


def _service(
    folder: Path, image: Path, options: ItemOptions, crs: str, raster_type: str = "rpc"
) -> ImageService:
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties(crs=crs))
    request = AddRequest(raster_type=raster_type, paths=[image], options=options)
    assert not add_rasters(definition, request).failed
    build_definition(definition, BuildOptions(overviews="none", statistics=False))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def _gdals_rpc(image: Path, side_car: Path | None) -> RPC:
    if side_car is None:
        with rasterio.open(image) as file:
            return file.rpcs
    held: dict[str, Any] = {}
    for line in side_car.read_text().splitlines():
        name, _, rest = line.partition(":")
        if rest.strip():
            held[name.strip()] = rest.split()[0]
    for name in ("LINE_NUM", "LINE_DEN", "SAMP_NUM", "SAMP_DEN"):
        held[f"{name}_COEFF"] = " ".join(held[f"{name}_COEFF_{k}"] for k in range(1, 21))
    return RPC.from_gdal(held)


def _positions(service: ImageService, scene: Scene) -> np.ndarray:
    """Map x and y of pixels drawn from every cell of the image, and its positions there: (4, n)."""
    item = next(iter(service.catalog.items_by_id([1])))
    placed = service.placed(item, scene.crs)
    assert placed is not None
    pixel, box, cache = scene.pixel, placed.box, NodeCache()
    lattice = Lattice(scene.crs, pixel, pixel, 0.3, 0.6, 0.0, 0.0)
    random = np.random.default_rng(5)
    side = CELL * pixel
    found = []
    for col in range(int(box.xmin // side), int(box.xmax // side) + 1):
        for row in range(int(-box.ymax // side), int(-box.ymin // side) + 1):
            window = cell_window(lattice, col, row, box)
            if min(window.col_stop - window.col_start, window.row_stop - window.row_start) <= 0:
                continue
            nodes = cache.get(placed.locator, lattice, (col, row), 0.125, window)
            u = random.integers(window.col_start, window.col_stop, DRAWN)
            v = random.integers(window.row_start, window.row_stop, DRAWN)
            j, i = (u - window.col_start) // nodes.step, (v - window.row_start) // nodes.step
            usable = nodes.quads[i, j] > 0
            u, v, i, j = u[usable], v[usable], i[usable], j[usable]
            across = (u - window.col_start) / nodes.step - j
            down = (v - window.row_start) / nodes.step - i
            x, y = (col * CELL + u + 0.8) * pixel, -(row * CELL + v + 1.1) * pixel
            at = [
                (n[i, j] * (1 - across) + n[i, j + 1] * across) * (1 - down)
                + (n[i + 1, j] * (1 - across) + n[i + 1, j + 1] * across) * down
                for n in (nodes.x, nodes.y)
            ]
            found.append(np.array([x, y, *at]))
    return np.concatenate(found, axis=1)


@pytest.mark.parametrize(
    "scene", SCENES, ids=lambda scene: f"{scene.image[-12:]}+{scene.terrain[-12:]}"
)
def test_positions_of_orthos_are_those_of_gdals_exact_transformer(
    tmp_path: Path, shared_data: Path, scene: Scene
) -> None:
    image = tmp_path / scene.image.rpartition("/")[2]
    with rasterio.open(shared_data / scene.image) as file:
        width, height = file.width, file.height
        profile, samples = file.profile, file.read()
    profile.update(driver="GTiff", transform=rasterio.Affine.identity(), crs=None)
    with rasterio.open(image, "w", **profile) as file:
        file.write(samples)
        rpc = _gdals_rpc(
            shared_data / scene.image, shared_data / scene.side_car if scene.side_car else None
        )
        file.rpcs = rpc
    terrain: TerrainDefinition = AverageHeight()
    heights = {"RPC_HEIGHT": str(rpc.height_off)}
    if scene.terrain:
        dem = str(shared_data / scene.terrain)
        terrain = RasterTerrain(path=dem, vertical_datum="ellipsoid")
        heights = {
            "RPC_DEM": dem,
            "RPC_DEMINTERPOLATION": "bilinear",
            "RPC_DEM_APPLY_VDATUM_SHIFT": "NO",
        }
    service = _service(tmp_path, image, ItemOptions(terrain=terrain), scene.crs)
    x, y, col, row = _positions(service, scene)
    inside = (col > 0) & (col < width) & (row > 0) & (row < height)
    lon, lat = transform(scene.crs, "EPSG:4326", x[inside], y[inside])
    with RPCTransformer(rpc, **heights) as transformer:
        exact_row, exact_col = transformer.rowcol(lon, lat, op=lambda value: value)
    off = np.hypot(
        col[inside] - np.array(exact_col, float), row[inside] - np.array(exact_row, float)
    )
    # GDAL has no height beside a void, where one of four posts is missing.
    known = np.isfinite(off)
    assert known.mean() > 0.75
    assert known.sum() > 1000
    assert (off[known] < WITHIN_PX).mean() >= SHARE
    assert off[known].max() < 0.125


def _ortho(service: ImageService, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """What the service shows on the grid of a reference ortho, and the reference."""
    with rasterio.open(path) as file:
        expected, box = file.read(1).astype(float), Extent(*file.bounds)
    view = View(
        extent=box, width=expected.shape[1], height=expected.shape[0], out_crs=service.summary.crs
    )
    request = ImageRequest(
        view=view, encoding=Encoding(format="bsq"), interpolation=Interpolation.BILINEAR
    )
    body = bytes(answer(service, request, UNLIMITED).body)
    dtype = service.summary.pixel_type.dtype_name
    found = np.frombuffer(body, dtype, expected.size).reshape(expected.shape)
    return found.astype(float), expected


def _best_shift(found: np.ndarray, expected: np.ndarray) -> tuple[int, int]:
    by_shift = {}
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            moved = np.roll(found, (down, right), (0, 1))
            both = (moved > 0) & (expected > 0)
            by_shift[down, right] = np.corrcoef(moved[both], expected[both])[0, 1]
    return max(by_shift, key=lambda shift: by_shift[shift])


@pytest.mark.parametrize("side", ["left", "right"])
def test_pleiades_crops_equal_their_reference_orthos(
    tmp_path: Path, shared_data: Path, side: str
) -> None:
    kit = shared_data / VENTOUX
    for name in (f"{side}_image.tif", f"{side}_image.geom"):
        shutil.copyfile(kit / name, tmp_path / name)
    terrain = RasterTerrain(
        path=str(kit / "dem/N44E005.hgt"), vertical_datum=str(kit / "dem/egm96_15.gtx")
    )
    service = _service(tmp_path, tmp_path, ItemOptions(terrain=terrain), "EPSG:32631")
    found, expected = _ortho(service, kit / f"reference/ortho_{side}_utm31_50cm.tif")
    both = (found > 0) & (expected > 0)
    assert both.sum() > 0.999 * (expected > 0).sum()
    assert np.corrcoef(found[both], expected[both])[0, 1] > 0.9999
    assert _best_shift(found, expected) == (0, 0)


@pytest.mark.parametrize("number", [1, 2])
def test_orthos_on_a_surface_model_with_holes_equal_their_reference(
    tmp_path: Path, shared_data: Path, number: int
) -> None:
    kit = shared_data / REUNION
    terrain = RasterTerrain(path=str(kit / "expected_dsm_50cm.tif"), vertical_datum="ellipsoid")
    service = _service(
        tmp_path, kit / f"img_0{number}.tif", ItemOptions(terrain=terrain), "EPSG:32740"
    )
    found, expected = _ortho(service, kit / f"reference/ortho_img_0{number}_utm40s_50cm.tif")
    both = (found > 0) & (expected > 0)
    assert both.sum() > 0.99 * (expected > 0).sum()
    assert np.corrcoef(found[both], expected[both])[0, 1] > 0.9999
    assert _best_shift(found, expected) == (0, 0)


def test_quickbird_fitted_to_its_control_points_equals_the_shifted_reference(
    tmp_path: Path, shared_data: Path
) -> None:
    kit = shared_data / "04_rpc_satellite/qb2_baviaans"
    # The reference took the terrain's heights as they are.
    options = ItemOptions(
        terrain=RasterTerrain(
            path=str(shared_data / "05_frame_camera/ngi/dem.tif"), vertical_datum="ellipsoid"
        ),
        gcps=str(kit / "gcps.geojson"),
        gcp_fit="shift",
    )
    service = _service(tmp_path, kit / "qb2_basic1b.tif", options, "EPSG:32735")
    found, expected = _ortho(service, kit / "reference/ortho_gcp_shift_utm35s_5m.tif")
    both = (found > 0) & (expected > 0)
    assert both.sum() > 0.998 * (expected > 0).sum()
    assert np.corrcoef(found[both], expected[both])[0, 1] > 0.9998
    assert _best_shift(found, expected) == (0, 0)
