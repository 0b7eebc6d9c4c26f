"""What must hold for every view: tiles equal one export, native size is identity, order is brute force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from config.definition import Interpolation, MosaicMethod, MosaicOperator
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.extent import Extent
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_planes import render_planes
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, TileAddress, View
from engine.service import ImageService, open_service
from tests.engine.mosaics import compile_mosaic

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 700


def _texture(seed: int, dtype: str, bands: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE)))
    ky, kx = np.meshgrid(np.fft.fftfreq(SIZE), np.fft.rfftfreq(SIZE), indexing="ij")
    smooth = np.fft.irfft2(spectrum / (np.hypot(kx, ky) + 1 / SIZE), s=(SIZE, SIZE))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    top = 254 if dtype == "uint8" else 9000
    return np.stack([smooth * (top - 20 * band) + 1 for band in range(bands)]).astype(dtype)


def _scenes(folder: Path, dtype: str = "uint8", bands: int = 3) -> list[Path]:
    """Five overlapping scenes in two UTM zones, with slanted collars of no-data."""
    paths = []
    places = [
        (32632, 700000, 5200000),
        (32632, 703500, 5198000),
        (32633, 248000, 5203000),
        (32632, 701500, 5203000),
        (32633, 249500, 5199000),
    ]
    rows, cols = np.mgrid[0:SIZE, 0:SIZE]
    collar = (rows + 4 * cols < 400) | (rows + 4 * cols > 5 * SIZE - 500)
    for index, (epsg, x, y) in enumerate(places):
        data = _texture(index, dtype, bands)
        data[:, collar] = 0
        path = folder / f"scene{index}.tif"
        profile = {
            "driver": "GTiff",
            "width": SIZE,
            "height": SIZE,
            "count": bands,
            "dtype": dtype,
            "crs": f"EPSG:{epsg}",
            "transform": Affine(10, 0, x, 0, -10, y),
            "nodata": 0,
            "tiled": True,
            "blockxsize": 256,
            "blockysize": 256,
        }
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(data)
            dataset.build_overviews([2, 4], rasterio.enums.Resampling.average)
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    folder = tmp_path_factory.mktemp("mosaic")
    compile_mosaic(_scenes(folder), folder / "m.zmd")
    return open_service(str(folder / "m.zmd"))


@pytest.fixture(scope="module")
def mosaic16(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    folder = tmp_path_factory.mktemp("mosaic16")
    compile_mosaic(_scenes(folder, "uint16", 2), folder / "m.zmd")
    return open_service(str(folder / "m.zmd"))


def _pixels(service: ImageService, request: ImageRequest) -> PixelBlock:
    pixels = render_request(plan(service, request), request, Work(service, UNLIMITED))
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def _tile_corner(service: ImageService, level: int) -> tuple[int, int, float]:
    extent = service.summary.extent
    span = 2 * 20037508.342789244 / 2**level
    col = int((extent.center_x + 20037508.342789244) // span)
    row = int((20037508.342789244 - extent.center_y) // span)
    return row, col, span


def _tiles_and_export(
    service: ImageService, level: int, form: str, **options: object
) -> tuple[PixelBlock, PixelBlock]:
    """Return 3 × 3 tiles side by side, and one export of the same box as a client would ask for it."""
    row, col, span = _tile_corner(service, level)
    encoding = Encoding(format=form)
    rows = []
    for r in range(row - 1, row + 2):
        tiles = [
            _pixels(
                service,
                ImageRequest(
                    view=View(tile=TileAddress(level=level, row=r, col=c)),
                    encoding=encoding,
                    **options,
                ),
            )
            for c in range(col - 1, col + 2)
        ]
        rows.append(tiles)

    def joined(part: str) -> np.ndarray:
        return np.concatenate(
            [
                np.concatenate(
                    [np.broadcast_to(getattr(t, part), (t.bands, 256, 256)) for t in line], axis=2
                )
                for line in rows
            ],
            axis=1,
        )

    left = (col - 1) * span - 20037508.342789244
    top = 20037508.342789244 - (row - 1) * span
    box = Extent(left, top - 3 * span, left + 3 * span, top)
    view = View(extent=box, extent_crs="EPSG:3857", out_crs="EPSG:3857", width=768, height=768)
    whole = _pixels(service, ImageRequest(view=view, encoding=encoding, **options))
    return PixelBlock(joined("data"), joined("valid")), whole


@pytest.mark.parametrize("level", [9, 11, 12, 13, 14])
@pytest.mark.parametrize("form", ["png", "bsq"])
@pytest.mark.parametrize(
    "interpolation", [Interpolation.NEAREST, Interpolation.BILINEAR, Interpolation.CUBIC]
)
def test_tiles_side_by_side_equal_one_export(
    mosaic: ImageService, level: int, form: str, interpolation: Interpolation
) -> None:
    tiles, whole = _tiles_and_export(mosaic, level, form, interpolation=interpolation)
    valid = np.broadcast_to(whole.valid, whole.data.shape)
    assert valid.any()
    np.testing.assert_array_equal(tiles.valid, valid)
    np.testing.assert_array_equal(tiles.data[valid], whole.data[valid])


@pytest.mark.parametrize("operator", list(MosaicOperator))
@pytest.mark.parametrize("level", [11, 13])
def test_tiles_equal_one_export_for_every_operator(
    mosaic16: ImageService, operator: MosaicOperator, level: int
) -> None:
    rule = MosaicRule(operator=operator)
    tiles, whole = _tiles_and_export(mosaic16, level, "bsq", mosaic=rule)
    valid = np.broadcast_to(whole.valid, whole.data.shape)
    assert valid.any()
    np.testing.assert_array_equal(tiles.valid, valid)
    np.testing.assert_array_equal(tiles.data[valid], whole.data[valid])


@pytest.mark.parametrize("method", [MosaicMethod.CENTER, MosaicMethod.NADIR])
def test_tiles_of_view_dependent_methods_show_the_nearest_raster_at_each_pixel(
    mosaic: ImageService, method: MosaicMethod
) -> None:
    level = 13
    row, col, span = _tile_corner(mosaic, level)
    view = View(tile=TileAddress(level=level, row=row, col=col))
    encoding = Encoding(format="png")
    rule = MosaicRule(method=method)
    got = _pixels(mosaic, ImageRequest(view=view, encoding=encoding, mosaic=rule))
    x = col * span - 20037508.342789244 + (np.arange(256) + 0.5) * span / 256
    y = 20037508.342789244 - row * span - (np.arange(256) + 0.5) * span / 256
    xs, ys = np.meshgrid(x, y)
    best = np.full((256, 256), np.inf)
    expected = np.zeros((3, 256, 256), np.uint8)
    for item in mosaic.catalog.items_by_id(range(1, 6)):
        lock = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(item.id,))
        alone = _pixels(mosaic, ImageRequest(view=view, encoding=encoding, mosaic=lock))
        distance = (xs - item.center_x) ** 2 + (ys - item.center_y) ** 2
        wins = alone.valid_any() & (distance < best)
        best[wins] = distance[wins]
        expected[:, wins] = alone.data[:, wins]
    np.testing.assert_array_equal(got.valid_any(), np.isfinite(best))
    np.testing.assert_array_equal(got.data[:, np.isfinite(best)], expected[:, np.isfinite(best)])


@pytest.mark.parametrize("operator", list(MosaicOperator))
def test_mosaic_equals_brute_force_over_single_rasters(
    mosaic16: ImageService, operator: MosaicOperator
) -> None:
    extent = mosaic16.summary.extent
    view = View(extent=extent, width=311, height=289)
    encoding = Encoding(format="bsq")
    rule = MosaicRule(operator=operator, method=MosaicMethod.NORTH_WEST)
    got = _pixels(mosaic16, ImageRequest(view=view, encoding=encoding, mosaic=rule))
    items = sorted(
        mosaic16.catalog.items_by_id(range(1, 6)), key=lambda i: (i.center_x - i.center_y, i.id)
    )
    stack, valids = [], []
    for item in items:
        lock = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(item.id,))
        alone = _pixels(mosaic16, ImageRequest(view=view, encoding=encoding, mosaic=lock))
        stack.append(alone.data.astype(np.float64))
        valids.append(np.broadcast_to(alone.valid, alone.data.shape))
    data, valid = np.array(stack), np.array(valids)
    some = valid.any(axis=0)
    np.testing.assert_array_equal(np.broadcast_to(got.valid, got.data.shape), some)
    if operator is MosaicOperator.BLEND:
        low = np.where(valid, data, np.inf).min(axis=0)
        high = np.where(valid, data, -np.inf).max(axis=0)
        assert (got.data[some] >= low[some] - 1).all()
        assert (got.data[some] <= high[some] + 1).all()
        return
    any_band = valid.any(axis=1, keepdims=True)
    order = np.argmax(any_band, axis=0)
    last = len(items) - 1 - np.argmax(any_band[::-1], axis=0)
    pick = {MosaicOperator.FIRST: order, MosaicOperator.LAST: last}
    sums = np.where(valid, data, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        expected = {
            MosaicOperator.MIN: np.where(valid, data, np.inf).min(axis=0),
            MosaicOperator.MAX: np.where(valid, data, -np.inf).max(axis=0),
            MosaicOperator.MEAN: np.floor(sums / valid.sum(axis=0) + 0.5),
            MosaicOperator.SUM: np.minimum(sums, 65535),
        }
    if operator in pick:
        index = np.broadcast_to(pick[operator], data.shape[1:])[np.newaxis]
        want = np.take_along_axis(data, index, axis=0)[0]
    else:
        want = expected[operator]
    assert np.abs(got.data[some] - want[some]).max() <= (
        1 if operator is MosaicOperator.MEAN else 0
    )


@pytest.mark.parametrize("interpolation", list(Interpolation))
def test_native_size_in_the_same_crs_returns_the_sources_own_pixels(
    tmp_path: Path, interpolation: Interpolation
) -> None:
    path = _scenes(tmp_path)[0]
    compile_mosaic([path], tmp_path / "one.zmd", crs="EPSG:32632")
    service = open_service(str(tmp_path / "one.zmd"))
    with rasterio.open(path) as dataset:
        data, bounds = dataset.read(), dataset.bounds
    view = View(extent=Extent(*bounds), width=SIZE, height=SIZE)
    request = ImageRequest(view=view, encoding=Encoding(format="bsq"), interpolation=interpolation)
    got = _pixels(service, request)
    valid = np.broadcast_to(got.valid, got.data.shape)
    np.testing.assert_array_equal(valid, data != 0)
    np.testing.assert_array_equal(got.data[valid], data[valid])


def test_the_two_physical_forms_give_equal_pixels(mosaic: ImageService) -> None:
    for level in (10, 11, 12, 13):
        row, col, _ = _tile_corner(mosaic, level)
        request = ImageRequest(
            view=View(tile=TileAddress(level=level, row=row, col=col)),
            encoding=Encoding(format="png"),
        )
        made = plan(mosaic, request)
        work = Work(mosaic, UNLIMITED)
        fast = _pixels(mosaic, request)
        plain = render_planes(made, work, mosaic.summary.pixel_type)
        np.testing.assert_array_equal(fast.valid_any(), plain.valid_any())
        where = plain.valid_any()
        assert where.any()
        np.testing.assert_array_equal(fast.data[:, where], plain.data[:, where])


def test_masks_do_not_depend_on_the_interpolation(mosaic: ImageService) -> None:
    row, col, _ = _tile_corner(mosaic, 11)
    view = View(tile=TileAddress(level=11, row=row, col=col))
    masks = [
        _pixels(
            mosaic, ImageRequest(view=view, encoding=Encoding(format="bsq"), interpolation=kind)
        ).valid_any()
        for kind in Interpolation
    ]
    assert masks[0].any()
    assert not masks[0].all()
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])


def test_abutting_rasters_leave_no_crack(tmp_path: Path) -> None:
    data = np.full((3, 300, 300), 100, np.uint8)
    paths = []
    for index, x in enumerate((500000, 503000)):
        path = tmp_path / f"{index}.tif"
        profile = {"driver": "GTiff", "width": 300, "height": 300, "count": 3, "dtype": "uint8"}
        place = {"crs": "EPSG:32632", "transform": Affine(10, 0, x, 0, -10, 5200000)}
        with rasterio.open(path, "w", **profile, **place) as dataset:
            dataset.write(data)
        paths.append(path)
    compile_mosaic(paths, tmp_path / "m.zmd")
    service = open_service(str(tmp_path / "m.zmd"))
    extent = service.summary.extent
    middle = Extent(
        extent.center_x - 1200, extent.center_y - 900, extent.center_x + 1200, extent.center_y + 900
    )
    for width in (97, 240, 777):
        view = View(extent=middle, width=width, height=width)
        got = _pixels(service, ImageRequest(view=view, encoding=Encoding(format="png")))
        assert got.valid_any().all()
        assert (got.data == 100).all()


def test_no_data_does_not_bleed_into_data(tmp_path: Path) -> None:
    data = np.full((1, 64, 64), 200, np.uint8)
    data[:, :, 32:] = 0
    path = tmp_path / "half.tif"
    profile = {
        "driver": "GTiff",
        "width": 64,
        "height": 64,
        "count": 1,
        "dtype": "uint8",
        "nodata": 0,
    }
    with rasterio.open(
        path, "w", crs="EPSG:32632", transform=Affine(10, 0, 500000, 0, -10, 5200000), **profile
    ) as dataset:
        dataset.write(data)
    compile_mosaic([path], tmp_path / "m.zmd")
    service = open_service(str(tmp_path / "m.zmd"))
    for interpolation in Interpolation:
        view = View(extent=service.summary.extent, width=311, height=311)
        got = _pixels(
            service,
            ImageRequest(view=view, encoding=Encoding(format="bsq"), interpolation=interpolation),
        )
        assert (got.data[0][got.valid_any()] == 200).all()
        assert 0.4 < got.valid_any().mean() < 0.55
