"""Mosaics under seamlines: against brute force by numpy, without holes, and tiles equal one export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine

from config.definition import BlendSide, MosaicMethod, MosaicOperator
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.seamline_rows import Seamline
from engine.extent import Extent
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_planes import render_planes
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import ImageService, open_service
from tests.engine.mosaics import compile_mosaic

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CRS = "EPSG:32633"
WEST, NORTH, PIXEL = 500_000.0, 5_400_000.0, 10.0
SIDE, STEP = 400, 300
SOUTH = NORTH - SIDE * PIXEL
EAST = WEST + (STEP + SIDE) * PIXEL
# Both items have columns 300 to 400; the border is a bent line in the middle of them.
BORDER = [
    (WEST + 3500.0, NORTH + 50),
    (WEST + 3500.0, NORTH - 1700),
    (WEST + 3620.0, NORTH - 2300),
    (WEST + 3480.0, SOUTH - 50),
]
RULE = MosaicRule(method=MosaicMethod.SEAMLINE)


def _scene(path: Path, number: int, dtype: str, bands: int) -> Path:
    rng = np.random.default_rng(number)
    data = rng.integers(1, 120, (bands, SIDE, SIDE)) + 100 * number
    # No data inside of the first item, on its side of the border.
    if number == 0:
        data[:, 100:140, 330:345] = 0
    profile = {
        "driver": "GTiff",
        "width": SIDE,
        "height": SIDE,
        "count": bands,
        "dtype": dtype,
        "crs": CRS,
        "transform": Affine(PIXEL, 0, WEST + number * STEP * PIXEL, 0, -PIXEL, NORTH),
        "nodata": 0,
        "tiled": True,
        "blockxsize": 128,
        "blockysize": 128,
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(data.astype(dtype))
    return path


def _service(
    folder: Path,
    blends: tuple[tuple[float | None, str], ...],
    dtype: str = "uint8",
    bands: int = 3,
) -> ImageService:
    paths = [_scene(folder / f"s{n}.tif", n, dtype, bands) for n in range(2)]
    left = shapely.Polygon([*BORDER, (WEST - 50, SOUTH - 50), (WEST - 50, NORTH + 50)])
    right = shapely.Polygon([*BORDER, (EAST + 50, SOUTH - 50), (EAST + 50, NORTH + 50)])
    lines = {
        fid: Seamline(bytes(shapely.to_wkb(shape)), *blend)
        for fid, shape, blend in zip((1, 2), (left, right), blends, strict=True)
    }
    out = folder / "m.zmd"
    compile_mosaic(paths, out, CRS, seamlines=lines)
    return open_service(str(out))


def _view(box: Extent, width: int, height: int, form: str = "bsq") -> ImageRequest:
    view = View(extent=box, width=width, height=height)
    return ImageRequest(view=view, encoding=Encoding(format=form), mosaic=RULE)


def _pixels(service: ImageService, request: ImageRequest) -> PixelBlock:
    pixels = render_request(plan(service, request), request, Work(service, UNLIMITED))
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


WHOLE = Extent(WEST, SOUTH, EAST, NORTH)
SIZE = (STEP + SIDE, SIDE)


def _sources(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the samples of both items on the whole mosaic's pixels."""
    data, valid = [], []
    for number in range(2):
        with rasterio.open(folder / f"s{number}.tif") as dataset:
            own = dataset.read().astype(np.float64)
        whole = np.zeros((own.shape[0], SIZE[1], SIZE[0]))
        whole[:, :, number * STEP : number * STEP + SIDE] = own
        data.append(whole)
        valid.append(whole[0] != 0)
    return np.array(data), np.array(valid)


def _distance() -> NDArray[np.float64]:
    """Return pixels from the border, positive on the first item's side."""
    cols, rows = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    x, y = WEST + cols * PIXEL, NORTH - rows * PIXEL
    line = shapely.LineString(BORDER)
    distance = shapely.distance(line, shapely.points(x, y)) / PIXEL
    left = shapely.Polygon([*BORDER, (WEST - 50, SOUTH - 50), (WEST - 50, NORTH + 50)])
    return np.where(shapely.contains_xy(left, x, y), distance, -distance)


@pytest.mark.parametrize("side", list(BlendSide))
@pytest.mark.parametrize(("dtype", "bands"), [("uint8", 3), ("uint16", 2), ("float32", 1)])
def test_the_mosaic_fades_as_the_formula_says(
    tmp_path: Path, side: BlendSide, dtype: str, bands: int
) -> None:
    width = 24.0
    service = _service(tmp_path, ((width, side.value), (width, side.value)), dtype, bands)
    got = _pixels(service, _view(WHOLE, *SIZE))
    data, valid = _sources(tmp_path)
    start = {BlendSide.BOTH: 0.5, BlendSide.INSIDE: 0.0, BlendSide.OUTSIDE: 1.0}[side]
    fade = width / 2 if side is BlendSide.BOTH else width
    apart = np.array([_distance(), -_distance()])
    cols, rows = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    ramps = []
    for number in range(2):
        box = shapely.box(number * STEP, 0, number * STEP + SIDE, SIDE)
        margin = shapely.distance(box.exterior, shapely.points(cols, rows))
        ramps.append(np.clip(margin / fade, 1e-4, 1.0))
    share = np.where(valid, np.clip(apart / width + start, 0, 1) * np.array(ramps), 0.0)
    claim = np.where(valid, np.clip(apart / width + 1, 0, 1) * np.array(ramps), 0.0)
    rest = np.maximum(0.0, 1.0 - share.sum(axis=0))
    total = np.maximum(claim.sum(axis=0), 1e-300)
    weight = share + rest * claim / total
    some = weight.sum(axis=0) > 0
    weight = weight / np.where(some, weight.sum(axis=0), 1.0)
    want = (weight[:, np.newaxis] * data).sum(axis=0)
    # Where nobody has a weight, who is there fills up.
    want = np.where(some, want, np.where(valid[0], data[0], data[1]))
    expected_valid = valid.any(axis=0)
    np.testing.assert_array_equal(np.broadcast_to(got.valid, got.data.shape)[0], expected_valid)
    tolerance = 1e-3 if dtype == "float32" else 0.51
    assert np.abs(got.data - want)[:, expected_valid].max() <= tolerance


def test_pictures_and_planes_have_the_same_pixels(tmp_path: Path) -> None:
    service = _service(tmp_path, ((20.0, "both"), (20.0, "both")))
    request = _view(Extent(WEST + 17, SOUTH + 13, EAST - 11, NORTH - 5), 517, 411, "png")
    made = plan(service, request)
    pixels = render_request(made, request, Work(service, UNLIMITED))
    assert isinstance(pixels, Rgbv)
    planes = render_planes(made, Work(service, UNLIMITED), service.summary.pixel_type)
    found = pixels.planes()
    valid = np.broadcast_to(planes.valid, planes.data.shape)
    np.testing.assert_array_equal(np.broadcast_to(found.valid, found.data.shape), valid)
    np.testing.assert_array_equal(found.data[valid], planes.data[valid])


@pytest.mark.parametrize("form", ["png", "bsq"])
@pytest.mark.parametrize(
    "blends",
    [
        ((20.0, "both"), (20.0, "both")),
        ((0.0, "both"), (0.0, "both")),
        ((0.0, ""), (35.0, "inside")),
        ((11.0, "outside"), (None, "")),
    ],
)
def test_parts_put_side_by_side_equal_the_whole(
    tmp_path: Path, form: str, blends: tuple[tuple[float | None, str], ...]
) -> None:
    service = _service(tmp_path, blends)
    step = 8.0  # the corners lie on the lattice exactly
    width, height = int((EAST - WEST) / step), int((NORTH - SOUTH) / step)
    box = Extent(WEST, NORTH - height * step, WEST + width * step, NORTH)
    whole = _pixels(service, _view(box, width, height, form))
    for first_col, first_row, cols, rows in (
        (0, 0, 300, 200),
        (301, 77, 333, 222),
        (460, 0, 61, 499),
    ):
        part = Extent(
            WEST + first_col * step,
            NORTH - (first_row + rows) * step,
            WEST + (first_col + cols) * step,
            NORTH - first_row * step,
        )
        got = _pixels(service, _view(part, cols, rows, form))
        cut = slice(first_row, first_row + rows), slice(first_col, first_col + cols)
        valid = np.broadcast_to(got.valid, got.data.shape)
        np.testing.assert_array_equal(
            valid, np.broadcast_to(whole.valid, whole.data.shape)[:, *cut]
        )
        np.testing.assert_array_equal(got.data[valid], whole.data[:, *cut][valid])


@pytest.mark.parametrize("width", [0.0, 20.0])
@pytest.mark.parametrize("pixel", [3.1, 10.0, 27.0])
def test_no_hole_opens_along_seamlines_or_where_a_neighbour_has_no_pixels(
    tmp_path: Path, width: float, pixel: float
) -> None:
    service = _service(tmp_path, ((width, "both"), (width, "both")))
    size = int((EAST - WEST) / pixel), int((NORTH - SOUTH) / pixel)
    box = Extent(WEST, NORTH - size[1] * pixel, WEST + size[0] * pixel, NORTH)
    got = _pixels(service, _view(box, *size))
    assert got.valid.all()


def test_a_hard_edge_takes_each_pixel_of_one_item(tmp_path: Path) -> None:
    service = _service(tmp_path, ((0.0, ""), (0.0, "")))
    got = _pixels(service, _view(WHOLE, *SIZE))
    data, valid = _sources(tmp_path)
    mine = np.where(_distance() > 0, 0, 1)
    mine = np.where(valid[mine, *np.indices(mine.shape)], mine, 1 - mine)
    want = np.take_along_axis(data, mine[np.newaxis, np.newaxis], axis=0)[0]
    np.testing.assert_array_equal(got.data, want)


def test_under_blend_the_width_of_the_service_counts_where_none_is_stated(tmp_path: Path) -> None:
    service = _service(tmp_path, ((None, ""), (None, "")))
    request = _view(WHOLE, *SIZE)
    blend = MosaicRule(method=MosaicMethod.SEAMLINE, operator=MosaicOperator.BLEND)
    first = _pixels(service, request).data
    blended = _pixels(
        service, ImageRequest(view=request.view, encoding=request.encoding, mosaic=blend)
    ).data
    stated = _service(_made(tmp_path / "stated"), ((20.0, "both"), (20.0, "both")))
    np.testing.assert_array_equal(blended, _pixels(stated, request).data)
    near = np.abs(_distance()) < 5
    assert (first != blended)[:, near].any()
    # Towards the edges of its own raster an item leaves its neighbour more.
    far = np.abs(_distance()) > 12
    far[:10] = far[-10:] = False
    np.testing.assert_array_equal(first[:, far], blended[:, far])


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
