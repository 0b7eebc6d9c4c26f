"""A landscape of formulas, photographed by made cameras and orthorectified live, equals itself.

Covers all of it at once: raster types, geolocation, terrain, position grids and sampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation, MosaicMethod, MosaicOperator, ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.chain_files import import_definitions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.demo_photographs import meet
from engine.build.demo_satellite import Satellite, fit_rpc
from engine.chain import SamplerOrtho
from engine.explain import explain
from engine.extent import Extent
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geotransforms.grid_sensor import GridSensorRecord
from engine.process_definition import (
    RasterEntry,
    RasterProcessDefinition,
    write_definition,
)
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, TileAddress, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from tests.engine import twin

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.demo_photographs import Camera
    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.service import ImageService

SIZE = (600, 600)
# The same place from the west and from the east.
WEST = Satellite(twin.X, twin.Y, *SIZE, twin.PIXEL_M, from_east_deg=-24.0, from_south_deg=6.0)
EAST = Satellite(twin.X, twin.Y, *SIZE, twin.PIXEL_M, from_east_deg=26.0, from_south_deg=-4.0)
FRAME = twin.Frame(twin.X + 30, twin.Y - 60, 1700.0, (4.0, -6.0, 33.0))
SCANNER = twin.Trembling(Satellite(twin.X, twin.Y, *SIZE, twin.PIXEL_M, 21.0, -12.0))
CAMERAS: dict[str, tuple[Camera, tuple[int, int]]] = {
    "west": (WEST, SIZE),
    "east": (EAST, SIZE),
    "frame": (FRAME, (FRAME.columns, FRAME.rows)),
    "scanner": (SCANNER, SIZE),
}
# Windows (x, y of the corner in the south-west, metres from the middle), 192 m wide.
FLAT = {"flat south": (-420, -300), "flat north": (-440, 60)}
STEEP = {"steep middle": (-60, -40), "steep south": (120, -330), "steep north": (150, 90)}
WINDOWS = FLAT | STEEP
WINDOW_M = 192.0
# An eighth of a pixel, the tolerance of position grids: four times stricter than half a pixel.
CLOSE_M = 0.125 * twin.PIXEL_M


def _window(name: str) -> Extent:
    east, north = WINDOWS[name]
    x, y = twin.X + east, twin.Y + north
    return Extent(x, y, x + WINDOW_M, y + WINDOW_M)


def _compiled(definition: DefinitionFolder, folder: Path) -> ImageService:
    built = build_definition(definition, BuildOptions(overviews="none"))
    assert not built.failed
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def _added(folder: Path, kind: str, images: Path, terrain: TerrainDefinition) -> ImageService:
    folder.mkdir()
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties(crs=twin.UTM))
    options = ItemOptions(crs=twin.UTM if kind == "frame-camera" else "", terrain=terrain)
    report = add_rasters(definition, AddRequest(raster_type=kind, paths=[images], options=options))
    assert not report.failed
    return _compiled(definition, folder)


@dataclass(frozen=True)
class Twin:
    """Services over one landscape: two satellite views, a photograph, a scanner's view."""

    rpc: ImageService
    rpc_level: ImageService
    rpc_lifted: ImageService
    rpc_geoid: ImageService
    frame: ImageService
    scanner: ImageService

    def of(self, camera: str) -> ImageService:
        return {"frame": self.frame, "scanner": self.scanner}.get(camera, self.rpc)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    folder = tmp_path_factory.mktemp("twin")
    posts = str(twin.write_heights(folder / "posts.tif"))
    terrain = RasterTerrain(path=posts, vertical_datum="ellipsoid")
    lifted = RasterTerrain(path=posts, vertical_datum="ellipsoid", z_offset_m=12.0)
    geoid = RasterTerrain(
        path=str(twin.write_heights(folder / "above_geoid.tif", above="geoid")),
        vertical_datum=str(twin.write_geoid(folder / "geoid.gtx")),
    )
    level = ConstantHeight(height_m=twin.FLAT_M)
    seen = _satellite_images(folder / "satellite")
    return Twin(
        rpc=_added(folder / "rpc", "rpc", seen, terrain),
        rpc_level=_added(folder / "level", "rpc", seen, level),
        rpc_lifted=_added(folder / "lifted", "rpc", seen, lifted),
        rpc_geoid=_added(folder / "geoid", "rpc", seen, geoid),
        frame=_added(folder / "frame", "frame-camera", _frame_image(folder / "aerial"), terrain),
        scanner=_scanner_service(folder / "scanner", terrain),
    )


def _satellite_images(folder: Path) -> Path:
    folder.mkdir()
    box = Extent(twin.X - 900, twin.Y - 900, twin.X + 900, twin.Y + 900)
    for name, camera in (("west", WEST), ("east", EAST)):
        model = fit_rpc(camera, twin.UTM, box, (-50.0, 500.0))
        twin.write_photograph(folder / f"{name}.tif", camera, SIZE, rpcs=model)
    return folder


def _frame_image(folder: Path) -> Path:
    folder.mkdir()
    size = (FRAME.columns, FRAME.rows)
    twin.write_photograph(folder / "frame.tif", FRAME, size)
    numbers = ",".join(map(str, (FRAME.x, FRAME.y, FRAME.z, *FRAME.degrees)))
    table = f"image,x,y,z,omega,phi,kappa\nframe,{numbers}\n"
    (folder / "exterior.csv").write_text(table, encoding="utf-8")
    # Film of 10 µm a pixel; the principal point over the longer side, y down.
    lines = [
        "made:",
        "  type: brown",
        f"  im_size: [{size[0]}, {size[1]}]",
        f"  focal_len: {FRAME.focal_px / 100}",
        f"  sensor_size: [{size[0] / 100}, {size[1] / 100}]",
        f"  cx: {(FRAME.middle[0] - size[0] / 2) / max(size)}",
        f"  cy: {(FRAME.middle[1] - size[1] / 2) / max(size)}",
        *(f"  {name}: {getattr(FRAME, name)}" for name in ("k1", "k2", "p1", "p2")),
    ]
    (folder / "camera.yaml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _scanner_service(folder: Path, terrain: TerrainDefinition) -> ImageService:
    """Make a service of an image with a tabulated model: where lines of sight meet heights."""
    folder.mkdir()
    image = twin.write_photograph(folder / "scanner.tif", SCANNER, SIZE)
    step, count = 5.0, 121
    row, col = np.mgrid[0:count, 0:count] * step
    rays = SCANNER.rays(col.ravel(), row.ravel())
    heights = (0.0, 250.0, 500.0)
    layers = [rays.at(np.full(rays.x.shape, height)) for height in heights]
    sensor = GridSensorRecord(
        ground_crs=twin.UTM,
        vertical_datum="ellipsoid",
        columns=count,
        rows=count,
        first_x=0.0,
        first_y=0.0,
        step_x=step,
        step_y=step,
        heights_m=heights,
        x=tuple(np.concatenate([x for x, _ in layers]).tolist()),
        y=tuple(np.concatenate([y for _, y in layers]).tolist()),
    )
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties(crs=twin.UTM))
    # No product comes with such a table: the process chain is written by hand.
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[image]))
    chain = (sensor, SamplerOrtho(terrain=terrain))
    entry = RasterEntry(source=str(image), process_chain=chain)
    written = folder / "scanner.rpdef.json"
    written.write_bytes(
        write_definition(RasterProcessDefinition(name="scanner", crs=twin.UTM, rasters=(entry,)))
    )
    assert import_definitions(definition, [written]) == ["scanner"]
    return _compiled(definition, folder)


def _ids(service: ImageService) -> dict[str, int]:
    count = service.summary.item_count
    return {service.catalog.item(number).name: number for number in range(1, count + 1)}


def _request(service: ImageService, camera: str, view: View) -> ImageRequest:
    rule = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(_ids(service)[camera],))
    return ImageRequest(
        view=view,
        mosaic=rule,
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.BILINEAR,
    )


def _samples(service: ImageService, request: ImageRequest, size: tuple[int, int]) -> np.ndarray:
    body = bytes(answer(service, request, UNLIMITED).body)
    return np.frombuffer(body, np.uint16, size[0] * size[1]).reshape(size[1], size[0])


def _picture(service: ImageService, camera: str, box: Extent) -> np.ndarray:
    size = (round(box.width / twin.PIXEL_M), round(box.height / twin.PIXEL_M))
    view = View(extent=box, width=size[0], height=size[1], out_crs=twin.UTM)
    found = _samples(service, _request(service, camera, view), size).astype(float)
    assert found.min() > 0, "the window is seen whole"
    return found


def _deviation(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.sqrt(((found - expected) ** 2).mean()))


def _allowed(camera: str, x: np.ndarray, y: np.ndarray) -> float:
    """Return the noise of one bilinear sampling of the landscape, as far apart as pixels are on it."""
    return twin.noise_of_one_sampling(x, y, twin.footprints_m(*CAMERAS[camera], x, y))


def test_the_landscape_is_flat_where_it_should_be_and_steep_elsewhere() -> None:
    for name in WINDOWS:
        x, y = twin.centres(_window(name))
        north, east = np.gradient(twin.Landscape().heights(x, y), twin.PIXEL_M)
        slope = np.hypot(north, east)
        assert (slope.max() == 0) if name in FLAT else (slope.mean() > 0.4 and slope.max() > 0.7)


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("camera", CAMERAS)
def test_an_ortho_is_the_landscape_itself(made: Twin, camera: str, name: str) -> None:
    x, y = twin.centres(_window(name))
    found = _picture(made.of(camera), camera, _window(name))
    assert math.hypot(*twin.shift_of(found, x, y)) < CLOSE_M
    assert _deviation(found, twin.Landscape().colours(x, y)[0]) < _allowed(camera, x, y)


@pytest.mark.parametrize("name", WINDOWS)
def test_two_images_from_different_sides_agree(made: Twin, name: str) -> None:
    x, y = twin.centres(_window(name))
    west, east = (_picture(made.rpc, camera, _window(name)) for camera in ("west", "east"))
    apart = np.subtract(twin.shift_of(west, x, y), twin.shift_of(east, x, y))
    assert math.hypot(*apart) < CLOSE_M
    assert _deviation(west, east) < math.hypot(_allowed("west", x, y), _allowed("east", x, y))


@pytest.mark.parametrize("camera", ["west", "east"])
@pytest.mark.parametrize("name", STEEP)
def test_without_terrain_the_ground_is_where_geometry_says(
    made: Twin, camera: str, name: str
) -> None:
    x, y = twin.centres(_window(name))
    found = _picture(made.rpc_level, camera, _window(name))
    satellite = CAMERAS[camera][0]
    assert isinstance(satellite, Satellite)
    rays = satellite.rays(*satellite.positions(x.ravel(), y.ravel(), np.full(x.size, twin.FLAT_M)))
    land = twin.Landscape()
    seen_x, seen_y = rays.at(meet(rays, land, step_m=twin.STEP_M, close_m=twin.CLOSE_M))
    seen = land.colours(seen_x, seen_y)[0].reshape(x.shape)
    off = np.hypot(seen_x - x.ravel(), seen_y - y.ravel()) / twin.PIXEL_M
    assert off.mean() > 15
    assert _deviation(found, seen) < 0.1 * seen.std()
    assert _deviation(found, land.colours(x, y)[0]) > seen.std()


@pytest.mark.parametrize("name", FLAT)
def test_flat_ground_at_the_stated_height_needs_no_terrain(made: Twin, name: str) -> None:
    x, y = twin.centres(_window(name))
    found = _picture(made.rpc_level, "west", _window(name))
    assert math.hypot(*twin.shift_of(found, x, y)) < CLOSE_M


@pytest.mark.parametrize(("camera", "sign"), [("west", 1.0), ("east", -1.0)])
def test_a_terrain_twelve_metres_too_high_shows_as_the_slant_says(
    made: Twin, camera: str, sign: float
) -> None:
    x, y = twin.centres(_window("flat south"))
    found = _picture(made.rpc_lifted, camera, _window("flat south"))
    satellite = CAMERAS[camera][0]
    assert isinstance(satellite, Satellite)
    east = 12.0 * math.tan(math.radians(abs(satellite.from_east_deg)))
    north = 12.0 * math.tan(math.radians(satellite.from_south_deg))
    assert twin.shift_of(found, x, y) == pytest.approx((-sign * east, -north), abs=0.15)


@pytest.mark.parametrize("name", ["flat south", "steep middle"])
@pytest.mark.parametrize("camera", ["west", "east"])
def test_terrain_above_a_geoid_is_lifted_by_its_undulation(
    made: Twin, camera: str, name: str
) -> None:
    x, y = twin.centres(_window(name))
    found = _picture(made.rpc_geoid, camera, _window(name))
    assert math.hypot(*twin.shift_of(found, x, y)) < CLOSE_M
    assert _deviation(found, twin.Landscape().colours(x, y)[0]) < _allowed(camera, x, y)


def test_both_images_averaged_are_still_the_landscape(made: Twin) -> None:
    x, y = twin.centres(_window("steep middle"))
    size = (round(WINDOW_M / twin.PIXEL_M),) * 2
    request = ImageRequest(
        view=View(extent=_window("steep middle"), width=size[0], height=size[1]),
        mosaic=MosaicRule(operator=MosaicOperator.MEAN),
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.BILINEAR,
    )
    found = _samples(made.rpc, request, size).astype(float)
    assert math.hypot(*twin.shift_of(found, x, y)) < CLOSE_M
    assert _deviation(found, twin.Landscape().colours(x, y)[0]) < _allowed("west", x, y)


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_error_claimed_is_within_the_tolerance(made: Twin, camera: str) -> None:
    service = made.of(camera)
    view = View(extent=_window("steep middle"), width=96, height=96, out_crs=twin.UTM)
    (raster,) = explain(_request(service, camera, view), Work(service, UNLIMITED)).rasters
    assert raster.grid_error_px <= 0.125
    # With a node on each pixel nothing is interpolated.
    assert raster.grid_error_px > 0 or raster.grid_step_px == 1
    assert "terrain (ellipsoid)" in raster.operation


@pytest.mark.parametrize("camera", CAMERAS)
def test_ortho_tiles_side_by_side_equal_one_export(made: Twin, camera: str) -> None:
    service = made.of(camera)
    level = 16
    span = 2 * 20037508.342789244 / (1 << level)
    # The middle of the landscape in Web Mercator, by the formulas of the sphere.
    lon, lat = math.radians(-20.6788), math.radians(44.2203)
    middle_x = 6378137.0 * lon
    middle_y = 6378137.0 * math.log(math.tan(math.pi / 4 + lat / 2))
    col = round((middle_x + 20037508.342789244) / span) - 1
    row = round((20037508.342789244 - middle_y) / span) - 1
    tiles = [
        [
            _samples(
                service,
                _request(service, camera, View(tile=TileAddress(level=level, row=r, col=c))),
                (256, 256),
            )
            for c in (col, col + 1)
        ]
        for r in (row, row + 1)
    ]
    left, top = col * span - 20037508.342789244, 20037508.342789244 - row * span
    box = Extent(left, top - 2 * span, left + 2 * span, top)
    view = View(extent=box, extent_crs="EPSG:3857", out_crs="EPSG:3857", width=512, height=512)
    whole = _samples(service, _request(service, camera, view), (512, 512))
    assert (whole > 0).mean() > 0.5
    np.testing.assert_array_equal(np.block(tiles), whole)
