"""Chains with a sensor model: what stands before and behind it, and several samplings over terrain.

Covers engine.geometry.ground_side and engine.build.item_chain too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio
from rasterio import Affine as Place

from config.definition import ServiceProperties
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.chain_files import import_definitions, item_definitions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.chain import Process, RasterFunctionProcess, Sampler2D, SamplerOrtho
from engine.extent import Extent
from engine.function_rules import ArithmeticRule
from engine.geolocation import bind_geolocation, unpack_geolocation
from engine.geometry.projection import operation, transform
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain, TerrainDefinition
from engine.geotransforms import Affine, Polynomial, RpcRecord
from engine.plan import plan
from engine.process_definition import write_definition
from engine.process_memory import process_memory
from engine.render_work import Work
from engine.service import ImageService, open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from tests.conformance.geotransform_samples import SAMPLES
from tests.engine.chain_services import bilinear, centres, pixels_of, view_of
from tests.engine.test_ortho import UTM, _image

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 60
# Stands for the image's own; see `service_with`.
ANY_RPC = SAMPLES["RPC"].record
# The file is a crop that was also turned upside down.
CROP = Affine(source_to_output=(0.0, 1.0, 0.0, 300.0, 0.0, -1.0))
# Some 40 m to the east, 25 m to the north, and a bend.
MOVE = Polynomial(
    to_source_col=(3.0 - 5e-4, 1.0, 2e-3, 0.05, 0.0, 0.0),
    to_source_row=(45.0 - 2.2e-4, 1e-3, 1.0, 0.0, 0.02, 0.0),
    center=(3.0, 45.0),
)


def terrain_file(path: Path) -> Path:
    """Hills between 300 and 700 m, in longitude and latitude."""
    rows, cols = np.mgrid[0:200, 0:200]
    heights = 500 + 150 * np.sin(cols / 17.0) + 50 * np.cos(rows / 13.0)
    profile = {"driver": "GTiff", "width": 200, "height": 200, "count": 1, "dtype": "float32"}
    place = Place(4e-4, 0, 2.96, 0, -4e-4, 45.04)
    with rasterio.open(path, "w", **profile, crs="EPSG:4326", transform=place) as file:
        file.write(heights.astype(np.float32), 1)
    return path


def service_with(
    folder: Path, terrain: TerrainDefinition, chain: list[Process], crs: str = ""
) -> ImageService:
    """Return the service of an RPC image under a chain; any RPC in it stands for its own."""
    path = _image(folder / "i.tif")
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties(crs=UTM))
    options = ItemOptions(terrain=terrain)
    add_rasters(definition, AddRequest(raster_type="rpc", paths=[path], options=options))
    with definition.table() as table:
        (found,) = item_definitions(table, lambda _row: True)
    (entry,) = found.definition.rasters
    own = next(each for each in entry.process_chain if isinstance(each, RpcRecord))
    whole = tuple(own if isinstance(each, RpcRecord) else each for each in chain)
    changed = msgspec.structs.replace(
        found.definition,
        crs=crs,
        rasters=(msgspec.structs.replace(entry, process_chain=whole),),
    )
    file = folder / "i.rpdef.json"
    file.write_bytes(write_definition(changed))
    import_definitions(definition, [file])
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def middle(service: ImageService, half: float = 300.0) -> Extent:
    """A box in the middle of the service."""
    box = service.summary.extent
    x, y = round(box.center_x), round(box.center_y)
    return Extent(x - half, y - half, x + half, y + half)


def lonlat(box: Extent) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of a view's pixels."""
    x, y = centres(box, SIZE, SIZE)
    return transform(operation(UTM, "EPSG:4326").pipeline, x.ravel(), y.ravel())


def heights_of(path: Path, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """The terrain between its posts."""
    with rasterio.open(path) as file:
        posts = file.read(1)
    return bilinear(posts, (lon - 2.96) / 4e-4, (45.04 - lat) / 4e-4)


@pytest.mark.parametrize("ground", ["level", "hills"])
def test_geotransforms_before_and_behind_a_sensor_model_are_one_map(
    tmp_path: Path, ground: str
) -> None:
    dem = terrain_file(tmp_path / "t.tif")
    terrain: TerrainDefinition = ConstantHeight(height_m=640.0)
    if ground == "hills":
        terrain = RasterTerrain(path=str(dem), vertical_datum="ellipsoid")
    chain: list[Process] = [CROP, ANY_RPC, MOVE, SamplerOrtho(terrain=terrain)]
    service = service_with(tmp_path, terrain, chain, "EPSG:4326")
    box = middle(service)
    work = Work(service, UNLIMITED)
    request = view_of(box, SIZE, SIZE)
    made = pixels_of(service, request, work).data.astype(float)
    assert work.samplings == len(list(plan(service, request).grid.cells()))
    (planned,) = plan(service, request).items
    sensor = unpack_geolocation(planned.item.geolocation).sensor
    assert sensor is not None
    lon, lat = MOVE.bind().to_source(*lonlat(box))
    heights = np.full(lon.shape, 640.0) if ground == "level" else heights_of(dem, lon, lat)
    at = CROP.bind().to_source(*sensor.bind().ground_to_image(lon, lat, heights))
    col, row = (each.reshape(SIZE, SIZE) for each in at)
    assert np.abs(made[0] / 100 + 0.5 - col).max() < 0.3
    assert np.abs(made[1] / 100 + 0.5 - row).max() < 0.3
    # Without what stands behind the sensor model it would lie many pixels away.
    unmoved, _ = sensor.bind().ground_to_image(*lonlat(box), heights)
    assert np.abs(unmoved.reshape(SIZE, SIZE) - col).mean() > 3


def test_image_to_ground_and_back_goes_through_the_whole_chain(tmp_path: Path) -> None:
    terrain = RasterTerrain(path=str(terrain_file(tmp_path / "t.tif")), vertical_datum="ellipsoid")
    chain: list[Process] = [CROP, ANY_RPC, MOVE, SamplerOrtho(terrain=terrain)]
    service = service_with(tmp_path, terrain, chain, "EPSG:4326")
    (planned,) = plan(service, view_of(middle(service), SIZE, SIZE)).items
    bound = bind_geolocation(unpack_geolocation(planned.item.geolocation), process_memory())
    col, row = np.array([20.0, 200.0, 380.0]), np.array([10.0, 150.0, 290.0])
    height = np.array([400.0, 500.0, 600.0])
    back = bound.sensor.ground_to_image(*bound.sensor.image_to_ground(col, row, height), height)
    assert np.abs(back[0] - col).max() < 1e-6
    assert np.abs(back[1] - row).max() < 1e-6


def test_the_surface_under_a_moved_map_bounds_its_heights(tmp_path: Path) -> None:
    terrain = RasterTerrain(path=str(terrain_file(tmp_path / "t.tif")), vertical_datum="ellipsoid")
    chain: list[Process] = [CROP, ANY_RPC, MOVE, SamplerOrtho(terrain=terrain)]
    service = service_with(tmp_path, terrain, chain, "EPSG:4326")
    (planned,) = plan(service, view_of(middle(service), SIZE, SIZE)).items
    bound = bind_geolocation(unpack_geolocation(planned.item.geolocation), process_memory())
    lon, lat = lonlat(middle(service))
    box = Extent(lon.min(), lat.min(), lon.max(), lat.max())
    low, high = bound.terrain.relief(box, 0.0)
    found = bound.terrain.heights(lon, lat, 0.0)
    assert low <= found.min()
    assert found.max() <= high
    assert bound.terrain.spacing(0.0) == pytest.approx(4e-4, rel=0.05)
    assert bound.terrain.crs == "EPSG:4326"


def test_an_ortho_sampler_may_come_before_another_one(tmp_path: Path) -> None:
    dem = terrain_file(tmp_path / "t.tif")
    terrain = RasterTerrain(path=str(dem), vertical_datum="ellipsoid")
    keep = RasterFunctionProcess(
        function="Arithmetic", arguments=ArithmeticRule(operation=1, constants=(7.0,))
    )
    chain: list[Process] = [
        ANY_RPC,
        SamplerOrtho(terrain=terrain, pixel_size=2e-5),
        keep,
        Sampler2D(),
    ]
    service = service_with(tmp_path, terrain, chain)
    box = middle(service)
    made = pixels_of(service, view_of(box, SIZE, SIZE)).data.astype(float)
    (planned,) = plan(service, view_of(box, SIZE, SIZE)).items
    assert planned.placed.staged is not None
    sensor = unpack_geolocation(planned.item.geolocation).sensor
    assert sensor is not None
    lon, lat = lonlat(box)
    at = sensor.bind().ground_to_image(lon, lat, heights_of(dem, lon, lat))
    col, row = (each.reshape(SIZE, SIZE) for each in at)
    # Two samplings, an eighth of an output pixel each at most.
    assert np.abs((made[0] - 7) / 100 + 0.5 - col).max() < 0.5
    assert np.abs((made[1] - 7) / 100 + 0.5 - row).max() < 0.5
    wide = pixels_of(service, view_of(middle(service, 900.0), 30, 30))
    assert wide.valid_any().any()


def test_an_image_side_plane_sampling_may_come_before_the_sensor_model(tmp_path: Path) -> None:
    terrain = ConstantHeight(height_m=640.0)
    chain: list[Process] = [CROP, Sampler2D(), ANY_RPC, SamplerOrtho(terrain=terrain)]
    service = service_with(tmp_path, terrain, chain)
    box = middle(service)
    made = pixels_of(service, view_of(box, SIZE, SIZE)).data.astype(float)
    (planned,) = plan(service, view_of(box, SIZE, SIZE)).items
    sensor = unpack_geolocation(planned.item.geolocation).sensor
    assert sensor is not None
    lon, lat = lonlat(box)
    at = CROP.bind().to_source(*sensor.bind().ground_to_image(lon, lat, np.full(lon.shape, 640.0)))
    assert np.abs(made[0] / 100 + 0.5 - at[0].reshape(SIZE, SIZE)).max() < 0.3
    assert np.abs(made[1] / 100 + 0.5 - at[1].reshape(SIZE, SIZE)).max() < 0.3
