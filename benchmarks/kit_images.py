"""The list of the kit's images: those with a sensor model, and those on a map."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
import rasterio

from benchmarks.kit_terrain import kit_terrains, level_ground, rough_ground
from engine.budget import InstanceMemory
from engine.build.sensor_placement import place_sensor
from engine.errors import InvalidParameter, SourceError
from engine.extent import Extent
from engine.geolocation import BoundGeolocation, Geolocation, bind_geolocation, bind_sensor
from engine.geometry.extent_transform import inverse_extent
from engine.geometry.local_scale import lonlat_extent, map_scale
from engine.geometry.locator import Locator, MapLocator
from engine.geometry.projection import LONLAT, operation
from engine.geometry.terrain_definition import ConstantHeight, TerrainDefinition
from engine.geotransforms.rpc import RpcRecord
from engine.process_memory import process_memory
from engine.readers.header import RasterHeader
from engine.sensor_place import ortho_locator
from engine.world_turns import raster_box
from raster_types import RASTER_TYPES
from raster_types.adding.crawl import ProductJob, find_products, read_product
from raster_types.adding.item_options import parse_item_options
from raster_types.base import ItemOptions
from raster_types.sensor_files.image_window import ImageWindow
from raster_types.sensor_files.location_grid import read_location_grid
from raster_types.sensor_files.rpc_sidecar import read_rpc_sidecar

KIT = Path(__file__).resolve().parents[2] / "shared" / "data"
# What is hostile or no image is tested elsewhere.
_WITH_RPC = ("04_rpc_satellite", "07_formats")
_ON_MAPS = ("01*", "02*", "03*", "04*", "05*", "06*", "07*")
# Models without their images: they are as large as twice their middle.
_MODELS = (
    *("rpc_IKONOS.txt", "rpc_PLANET_L1A.txt", "rpc_PLEIADES.xml", "rpc_WV2.xml"),
    "20191015_073816_ssc1d3_0011_basic_l1a_panchromatic_dn_RPC.TXT",
)
_CROPS = {"left": (500, 500), "right": (498, 495)}
_GRID = "GRID_PHR1B_P_201308051042194_SEN_690908101-001"
_GRIDS = {
    _GRID: ImageWindow(first_col=5000.0, first_row=5000.0),
    f"{_GRID}_LARGE": ImageWindow(first_col=5000.0, first_row=5000.0),
    "GRID_PHR1B_P_201308051042523_SEN_690908101-002": ImageWindow(
        first_col=4915.0, first_row=5162.0
    ),
}
_MEMORY = process_memory(InstanceMemory())


@dataclass(frozen=True, slots=True)
class Place:
    """An image on one map.

    Attributes
    ----------
    box : Extent
        In the map's CRS.
    pixels_per_unit : float
        Of the image, along the axis where they are finer.
    """

    locator: Locator
    box: Extent
    pixels_per_unit: float


@dataclass(frozen=True, slots=True)
class MapImage:
    """A raster on a map; `copies` others of the kit lie on the same pixels."""

    name: str
    crs: str
    geotransform: tuple[float, ...]
    size: tuple[int, int]
    copies: list[str] = field(default_factory=list, compare=False)

    kind = "map"
    variants = 1

    @property
    def area_lonlat(self) -> Extent | None:
        """Its box on Earth."""
        try:
            return lonlat_extent(self.crs, self.geotransform, *self.size)
        except InvalidParameter:
            return None

    def place(self, variant: int, out_crs: str) -> Place | None:
        """Return its place on a map, None where it has none."""
        del variant
        try:
            pipeline = operation(out_crs, self.crs, self.area_lonlat).pipeline
        except InvalidParameter:
            return None
        box = inverse_extent(pipeline, raster_box(self.geotransform, *self.size))
        scale = map_scale(self.geotransform, *self.size, pipeline)
        if box is None or min(scale) <= 0 or box.width <= 0 or box.height <= 0:
            return None
        return Place(MapLocator(pipeline), box, max(scale))


@dataclass(frozen=True, slots=True)
class SensorImage:
    """An image with a sensor model, over several terrains."""

    name: str
    kind: str
    size: tuple[int, int]
    bound: list[BoundGeolocation]

    @property
    def crs(self) -> str:
        """Of the ground that its model sees."""
        return self.bound[0].sensor.ground_crs

    @property
    def area_lonlat(self) -> Extent | None:
        """Its box on Earth."""
        box = _placed(self.bound[0], self.size)
        return None if box is None else inverse_extent(operation(LONLAT, self.crs).pipeline, box)

    @property
    def variants(self) -> int:
        """How many terrains there are."""
        return len(self.bound)

    def place(self, variant: int, out_crs: str) -> Place | None:
        """Return its place on a map over one of its terrains, None where it has none."""
        bound = self.bound[variant]
        placed = place_sensor(bound, self.size, out_crs, None)
        if placed is None or placed.extent.width <= 0 or placed.extent.height <= 0:
            return None
        locator = ortho_locator(bound, f"{self.name} {variant}", out_crs, placed.extent)
        return Place(locator, placed.extent, 1 / placed.pixel_size)


def map_images(kit: Path) -> list[MapImage]:
    """Return the kit's rasters on maps, those of the same pixels once."""
    found: dict[MapImage, MapImage] = {}
    for folder in sorted(folder for pattern in _ON_MAPS for folder in kit.glob(pattern)):
        for name, header, _ in _headers(kit, folder, "raster-dataset", ItemOptions()):
            if header.crs and header.geotransform is not None:
                place = (header.crs, tuple(header.geotransform), (header.width, header.height))
                image = MapImage("", *place)
                if image in found:
                    found[image].copies.append(name)
                else:
                    found[image] = MapImage(name, *place)
    return list(found.values())


def sensor_images(kit: Path, folder: Path) -> Iterator[SensorImage]:
    """Yield the kit's images with a sensor model that sees ground.

    Parameters
    ----------
    folder : Path
        Where made terrain goes.
    """
    for model in _models(kit):
        sensor = bind_sensor(model.geolocation).sensor
        level = model.level or level_ground(sensor)
        terrains = [level, *kit_terrains(kit, model.name)]
        placed = _placed(_bound(model.geolocation, level), model.size)
        if placed is not None and model.geolocation.sensor is not None:
            path = folder / f"{model.name.replace('/', '_')}.terrain.tif"
            terrains.append(rough_ground(path, sensor, placed, level.height_m))
        if model.geolocation.sensor is None:
            terrains = [level]
        bound = (_bound(model.geolocation, terrain) for terrain in terrains)
        seen = [each for each in bound if _placed(each, model.size) is not None]
        if seen:
            yield SensorImage(model.name, model.kind, model.size, seen)


class _Model(NamedTuple):
    name: str
    kind: str
    geolocation: Geolocation
    size: tuple[int, int]
    level: ConstantHeight | None = None


def _models(kit: Path) -> Iterator[_Model]:
    frames, satellite = kit / "05_frame_camera", kit / "04_rpc_satellite"
    street = frames / "opensfm_berlin/reconstruction_example.json"
    berlin = parse_item_options(dem="30", exterior=street, interior=street)
    sources = [
        *(("RPC", kit / folder, "rpc", ItemOptions()) for folder in _WITH_RPC),
        *(("GCPs", kit / folder, "gcp", ItemOptions()) for folder in _WITH_RPC),
        *(("frame", frames / "ngi", "frame-camera", options) for options in _ngi(frames)),
        ("frame", frames / "opensfm_berlin/images", "frame-camera", berlin),
    ]
    for kind, folder, raster_type, options in sources:
        for name, header, placed in _headers(kit, folder, raster_type, options):
            if placed is not None:
                level = placed.terrain if isinstance(placed.terrain, ConstantHeight) else None
                yield _Model(name, kind, placed, (header.width, header.height), level)
    for side, size in _CROPS.items():
        path = satellite / f"phr_ventoux/reference/{side}_image_crop_RPC.TXT"
        geolocation = Geolocation(sensor=_rpc_file(path))
        yield _Model(str(path.relative_to(kit)), "RPC", geolocation, size)
    for name in _MODELS:
        path = satellite / "rpc_text_formats" / name
        record = _rpc_file(path)
        size = (round(2 * record.col_offset_px), round(2 * record.row_offset_px))
        yield _Model(str(path.relative_to(kit)), "RPC", Geolocation(sensor=record), size)
    for name, window in _GRIDS.items():
        path = satellite / f"phr_ventoux/grids/{name}.tif"
        with rasterio.open(path) as file:
            tags, place = file.tags(ns="GTiff"), file.transform.to_gdal()
            grid = read_location_grid(file.read(), place, tags, window=window)
        yield _Model(str(path.relative_to(kit)), "grid", Geolocation(sensor=grid), (500, 500))


def _ngi(frames: Path) -> list[ItemOptions]:
    return [parse_item_options(dem=str(frames / "ngi/dem.tif"))]


def _rpc_file(path: Path) -> RpcRecord:
    return read_rpc_sidecar(path.name, path.read_text())


def _headers(
    kit: Path, folder: Path, raster_type: str, options: ItemOptions
) -> Iterator[tuple[str, RasterHeader, Geolocation | None]]:
    """Yield what a raster type makes of the files of a folder."""
    chosen = RASTER_TYPES[raster_type]
    recursive = raster_type != "frame-camera"
    for paths in find_products([folder], chosen, glob="*", recursive=recursive):
        try:
            items = read_product(ProductJob(raster_type, paths, options))
        except SourceError:
            continue
        for item in items:
            for header in item.headers[:1]:
                yield str(Path(paths[0]).relative_to(kit)), header, item.raster.geolocation


def _bound(geolocation: Geolocation, terrain: TerrainDefinition) -> BoundGeolocation:
    over = msgspec.structs.replace(geolocation, terrain=terrain)
    return bind_geolocation(over, _MEMORY)


def _placed(bound: BoundGeolocation, size: tuple[int, int]) -> Extent | None:
    placed = place_sensor(bound, size, bound.sensor.ground_crs, None)
    return None if placed is None else placed.extent
