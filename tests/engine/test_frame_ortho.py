"""Images of frame cameras as one mosaic service: against collinearity in numpy and the kit's orthos.

Covers raster_types.frame_camera, raster_types.sensor_files.frame_files and engine.build.nadir.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from config.definition import Interpolation, MosaicMethod, ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.nadir import nadir_of
from engine.extent import Extent
from engine.geometry.projection import operation, transform
from engine.geometry.terrain_definition import ConstantHeight
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.adding.item_options import parse_item_options
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

UTM = "EPSG:32633"
GROUND_M = 120.0
CAMERAS = "C:\n  type: pinhole\n  im_size: [120, 80]\n  focal_len: 100\n  sensor_size: [90, 60]\n"
# Side by side, tilted and turned: image, x, y, z, omega, phi, kappa.
FRAMES = {
    "left": (500000.0, 5000000.0, 1320.0, 2.0, -3.0, 30.0),
    "right": (500300.0, 5000100.0, 1350.0, -4.0, 15.0, 170.0),
}
# The kit's frames, and the independent orthophotos of the same ones.
KIT = {"05_0182": 1, "05_0184": 2, "06_0251": 3, "06_0253": 4}


def _photographs(folder: Path) -> Path:
    """Bands hold 100 times where a pixel is: column, row."""
    folder.mkdir()
    rows, cols = np.mgrid[0:80, 0:120]
    profile = {"driver": "GTiff", "width": 120, "height": 80, "count": 2, "dtype": "uint16"}
    for name in FRAMES:
        with rasterio.open(folder / f"{name}.tif", "w", **profile) as file:
            file.write(np.stack([cols * 100 + 50, rows * 100 + 50]).astype(np.uint16))
    lines = [f"{name}," + ",".join(map(str, numbers)) for name, numbers in FRAMES.items()]
    table = "\n".join(["image,x,y,z,omega,phi,kappa", *lines])
    (folder / "exterior.csv").write_text(table, encoding="utf-8")
    (folder / "cameras.yaml").write_text(CAMERAS, encoding="utf-8")
    return folder


def _service(folder: Path, images: Path, options: ItemOptions) -> ImageService:
    properties = ServiceProperties(crs=options.crs)
    definition = DefinitionFolder.create(folder / "d.isdef", properties)
    report = add_rasters(
        definition, AddRequest(raster_type="frame-camera", paths=[images], options=options)
    )
    assert not report.failed
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def _made(folder: Path) -> ImageService:
    terrain = ConstantHeight(height_m=GROUND_M, vertical_datum="egm2008")
    options = ItemOptions(crs=UTM, terrain=terrain)
    return _service(folder, _photographs(folder / "images"), options)


def _samples(
    service: ImageService, box: Extent, size: tuple[int, int], rule: MosaicRule
) -> np.ndarray:
    view = View(extent=box, width=size[0], height=size[1], out_crs=service.summary.crs)
    request = ImageRequest(
        view=view,
        mosaic=rule,
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.BILINEAR,
    )
    bands = len(service.summary.bands)
    body = bytes(answer(service, request, UNLIMITED).body)
    found = np.frombuffer(body, service.summary.pixel_type.dtype_name, bands * size[0] * size[1])
    return found.reshape(bands, size[1], size[0]).astype(float)


def _of_one(service: ImageService, name: str, box: Extent, size: tuple[int, int]) -> np.ndarray:
    rule = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(_ids(service)[name],))
    return _samples(service, box, size, rule)


def _ids(service: ImageService) -> dict[str, int]:
    return {
        service.catalog.item(number).name: number
        for number in range(1, service.summary.item_count + 1)
    }


def _collinear(name: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and rows (corner origin) by the textbook's equations."""
    east, north, up, *degrees = FRAMES[name]
    (so, sp, sk), (co, cp, ck) = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    about_x = np.array([[1, 0, 0], [0, co, -so], [0, so, co]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[ck, -sk, 0], [sk, ck, 0], [0, 0, 1]])
    away = np.stack([x - east, y - north, np.full_like(x, GROUND_M - up)])
    dx, dy, dz = np.tensordot((about_x @ about_y @ about_z).T, away, 1)
    # 90 mm are 120 pixels.
    scale = 100.0 * 120.0 / 90.0
    return 60.0 - scale * dx / dz, 40.0 + scale * dy / dz


@pytest.mark.parametrize("name", FRAMES)
def test_a_photograph_lies_where_collinearity_puts_it(tmp_path: Path, name: str) -> None:
    service = _made(tmp_path)
    whole = service.catalog.item(_ids(service)[name]).extent
    edges = (whole.xmin, whole.ymin, whole.xmax, whole.ymax)
    box = Extent(*(math.floor(value / 10) * 10 for value in edges))
    size = (round(box.width / 10), round(box.height / 10))
    found = _of_one(service, name, box, size)
    x, y = np.meshgrid(
        box.xmin + (np.arange(size[0]) + 0.5) * 10, box.ymax - (np.arange(size[1]) + 0.5) * 10
    )
    cols, rows = _collinear(name, x, y)
    inside = (cols > 0.6) & (cols < 119.4) & (rows > 0.6) & (rows < 79.4)
    assert inside.sum() > 4000
    assert np.abs(found[0] / 100 - cols)[inside].max() < 0.05
    assert np.abs(found[1] / 100 - rows)[inside].max() < 0.05
    assert not found[:, (cols < -0.6) | (cols > 120.6) | (rows < -0.6) | (rows > 80.6)].any()


def test_the_nadir_of_a_tilted_camera_is_below_it_and_not_in_the_middle(tmp_path: Path) -> None:
    service = _made(tmp_path)
    item = service.catalog.item(_ids(service)["right"])
    assert (item.nadir_x, item.nadir_y) == pytest.approx(FRAMES["right"][:2], abs=1e-6)
    assert math.hypot(item.center_x - 500300.0, item.center_y - 5000100.0) > 200
    there = nadir_of(item.geolocation, "EPSG:3857", {})
    x, y = transform(
        operation(UTM, "EPSG:3857").pipeline, np.array([500300.0]), np.array([5000100.0])
    )
    assert (there["nadir_x"], there["nadir_y"]) == pytest.approx((x[0], y[0]), abs=1e-3)


def test_what_is_placed_otherwise_has_no_nadir() -> None:
    assert nadir_of(b"", UTM, {}) == {}


def test_the_nadir_method_prefers_the_camera_overhead(tmp_path: Path) -> None:
    service = _made(tmp_path)
    nadir = MosaicRule(method=MosaicMethod.NADIR)
    for name, (x, y, *_) in FRAMES.items():
        box = Extent(x - 40, y - 40, x + 40, y + 40)
        on_top = _samples(service, box, (16, 16), nadir)
        assert np.array_equal(on_top, _of_one(service, name, box, (16, 16)))


@pytest.fixture(scope="module")
def kit_service(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """The four frames on the kit's terrain; its compound CRS says that heights are of EGM2008."""
    folder = shared_data / "05_frame_camera/ngi"
    options = parse_item_options(dem=str(folder / "dem.tif"))
    return _service(tmp_path_factory.mktemp("ngi"), folder, options)


def _kit_pixels(service: ImageService, frame: str, expected: Path) -> tuple[np.ndarray, np.ndarray]:
    with rasterio.open(expected) as file:
        samples, box = file.read().astype(float), Extent(*file.bounds)
    size = (samples.shape[2], samples.shape[1])
    return _of_one(service, f"3324c_2015_1004_{frame}_RGB", box, size), samples


def _correlations(found: np.ndarray, expected: np.ndarray) -> dict[tuple[int, int], float]:
    """Return the correlation by shift, one pixel every way, of one sample in nine."""
    result = {}
    fixed = expected[:, ::3, ::3]
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            moved = np.roll(found, (down, right), (1, 2))[:, ::3, ::3]
            both = (moved > 0).all(axis=0) & (fixed > 0).all(axis=0)
            pair = np.corrcoef(moved[:, both].ravel(), fixed[:, both].ravel())
            result[down, right] = float(pair[0, 1])
    return result


@pytest.mark.parametrize("frame", KIT)
def test_a_real_frame_equals_the_ortho_of_another_tool(
    kit_service: ImageService, shared_data: Path, frame: str
) -> None:
    ortho = f"05_frame_camera/ngi/reference/3324c_2015_1004_{frame}_RGB_ORTHO.tif"
    found, expected = _kit_pixels(kit_service, frame, shared_data / ortho)
    seen = (expected > 0).all(axis=0)
    both = seen & (found > 0).all(axis=0)
    assert both.sum() > 0.995 * seen.sum()
    assert np.abs(found - expected)[:, both].mean() < 0.2
    by_shift = _correlations(found, expected)
    assert by_shift[0, 0] > 0.9999
    assert max(by_shift, key=lambda shift: by_shift[shift]) == (0, 0)


@pytest.mark.parametrize("frame", KIT)
def test_a_real_frame_agrees_with_the_independent_orthophoto(
    kit_service: ImageService, shared_data: Path, frame: str
) -> None:
    ortho = f"03_aerial_mosaics/ngi_ortho/ngi_rgb_byte_{KIT[frame]}.tif"
    by_shift = _correlations(*_kit_pixels(kit_service, frame, shared_data / ortho))
    assert by_shift[0, 0] >= 0.94
    assert max(by_shift, key=lambda shift: by_shift[shift]) == (0, 0)


def test_the_mosaic_of_the_real_frames_has_no_hole(kit_service: ImageService) -> None:
    box = Extent(-58500, -3734000, -54000, -3725000)
    samples = _samples(kit_service, box, (180, 360), MosaicRule(method=MosaicMethod.NADIR))
    assert (samples > 0).all()
