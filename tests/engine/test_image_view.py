"""Pictures in the image space of a raster: its own pixels, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

from config.definition import Interpolation, MosaicMethod
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.compile_raster import compile_raster
from engine.errors import InvalidParameter, ItemNotFound, SourceError
from engine.explain import explain
from engine.extent import Extent
from engine.geotransforms.affine import Affine
from engine.geotransforms.polynomial import Polynomial
from engine.pixels import PixelBlock
from engine.plan import plan
from engine.render import render
from engine.render_work import Work
from engine.request import ImageRequest, PictureInfoRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import open_service
from tests.engine.chain_services import chain_service
from tests.engine.image_pairs import COLS, ROWS, moved, pair_service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.results import PictureInfoResult
    from engine.service import ImageService

WHOLE = Extent(-0.5, 0.5 - ROWS, COLS - 0.5, 0.5)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return pair_service(tmp_path_factory.mktemp("pair"))


def _request(
    extent: Extent | None, size: tuple[int, int], crs: str = "ICS:1", **more: object
) -> ImageRequest:
    view = View(extent=extent, extent_crs=crs, out_crs=crs, width=size[0], height=size[1])
    return ImageRequest(view=view, encoding=Encoding(format="bsq"), **more)  # type: ignore[arg-type]  # -- a shorthand


def _samples(service: ImageService, request: ImageRequest) -> np.ndarray:
    bands, view = len(service.summary.bands), request.view
    body = bytes(answer(service, request, UNLIMITED).body)
    count = bands * view.width * view.height
    dtype = service.summary.pixel_type.dtype_name
    return np.frombuffer(body, dtype, count).reshape(bands, view.height, view.width)


def _pixels(service: ImageService, item: int = 1) -> np.ndarray:
    with rasterio.open(service.catalog.item(item).sources[0].path) as file:
        return file.read()


@pytest.mark.parametrize("item", [1, 2])
@pytest.mark.parametrize(
    "how", [Interpolation.NEAREST, Interpolation.BILINEAR, Interpolation.CUBIC]
)
def test_the_whole_image_is_its_source_bit_for_bit(
    item: int, how: Interpolation, pair: ImageService
) -> None:
    request = _request(WHOLE, (COLS, ROWS), f"ICS:{item}", interpolation=how)
    assert np.array_equal(_samples(pair, request), _pixels(pair, item))


def test_a_part_of_the_image_has_negative_rows(pair: ImageService) -> None:
    # 130 columns from column 100, 90 rows from row 47 on.
    box = Extent(99.5, -136.5, 229.5, -46.5)
    found = _samples(pair, _request(box, (130, 90)))
    assert np.array_equal(found, _pixels(pair)[:, 47:137, 100:230])


def test_beyond_the_image_there_is_nothing(pair: ImageService) -> None:
    box = Extent(-10.5, -9.5, 9.5, 10.5)
    found = _samples(pair, _request(box, (20, 20)))
    assert np.array_equal(found[:, 10:, 10:], _pixels(pair)[:, :10, :10])
    assert not found[:, :10].any()
    assert not found[:, :, :10].any()


def test_without_a_box_it_is_the_whole_image(pair: ImageService) -> None:
    info: PictureInfoResult = answer(  # type: ignore[assignment]  # -- its kind of record
        pair, PictureInfoRequest(image=_request(None, (COLS, ROWS))), UNLIMITED
    ).record
    assert (info.extent, info.crs) == (WHOLE, "ICS:1")


def test_half_the_size_is_made_of_the_right_pixels(pair: ImageService) -> None:
    request = _request(WHOLE, (COLS // 2, ROWS // 2), interpolation=Interpolation.BILINEAR)
    found = _samples(pair, request).astype(float)
    means = _pixels(pair).reshape(2, ROWS // 2, 2, COLS // 2, 2).mean(axis=(2, 4))
    assert np.abs(found - means).max() <= 1


def test_a_box_on_the_map_is_taken_over_the_terrain(pair: ImageService) -> None:
    box = Extent(499_800.0, 4_982_800.0, 500_200.0, 4_983_200.0)
    view = View(extent=box, out_crs="ICS:1", width=40, height=40)
    request = PictureInfoRequest(image=ImageRequest(view=view, encoding=Encoding(format="bsq")))
    found: PictureInfoResult = answer(pair, request, UNLIMITED).record  # type: ignore[assignment]  # -- its kind of record
    centre = moved(pair, np.array([[500_000.0, 4_983_000.0]]), to_crs="ICS:1")[0]
    assert found.extent.xmin < centre[0] < found.extent.xmax
    assert found.extent.ymin < centre[1] < found.extent.ymax
    assert 60 < found.extent.width < 120


def test_a_box_of_the_image_is_drawn_on_the_map(pair: ImageService) -> None:
    view = View(extent=Extent(100, -200, 200, -100), extent_crs="ICS:1", width=50, height=50)
    request = ImageRequest(view=view, encoding=Encoding(format="tiff"))
    with MemoryFile(bytes(answer(pair, request, UNLIMITED).body)) as file, file.open() as dataset:
        assert dataset.crs.to_epsg() == 32631
        assert (dataset.read(1) > 0).any()


def test_a_tiff_of_image_space_has_pixels_and_no_place_on_earth(pair: ImageService) -> None:
    view = _request(WHOLE, (COLS, ROWS)).view
    request = ImageRequest(view=view, encoding=Encoding(format="tiff"))
    with MemoryFile(bytes(answer(pair, request, UNLIMITED).body)) as file, file.open() as dataset:
        assert dataset.crs is None
        assert dataset.transform == rasterio.Affine(1, 0, -0.5, 0, -1, 0.5)
        assert np.array_equal(dataset.read(), _pixels(pair))


def test_other_rasters_cannot_be_locked_in_the_space_of_one(pair: ImageService) -> None:
    lock = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(2,))
    with pytest.raises(InvalidParameter, match="lockRasterIds"):
        answer(pair, _request(WHOLE, (10, 10), mosaic=lock), UNLIMITED)
    own = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(2, 1))
    found = _samples(pair, _request(WHOLE, (COLS, ROWS), mosaic=own))
    assert np.array_equal(found, _pixels(pair))


def test_a_condition_that_leaves_the_raster_out_leaves_nothing(pair: ImageService) -> None:
    none = MosaicRule(where="Name = 'right'")
    assert not _samples(pair, _request(WHOLE, (10, 10), mosaic=none)).any()


def test_an_unknown_raster_and_a_box_without_ground_are_named(pair: ImageService) -> None:
    with pytest.raises(ItemNotFound, match="9"):
        answer(pair, _request(WHOLE, (10, 10), "ICS:9"), UNLIMITED)
    far = View(extent=Extent(0, 0, 10, 10), out_crs="ICS:1", width=5, height=5)
    with pytest.raises(InvalidParameter, match="bbox"):
        answer(pair, ImageRequest(view=far, encoding=Encoding(format="bsq")), UNLIMITED)
    flat = View(extent=Extent(0, 0, 0, 10), extent_crs="ICS:1", out_crs="ICS:1")
    with pytest.raises(InvalidParameter, match="bbox"):
        answer(pair, ImageRequest(view=flat, encoding=Encoding(format="bsq")), UNLIMITED)


def test_the_plan_of_a_picture_in_image_space_is_explained(pair: ImageService) -> None:
    found = explain(_request(WHOLE, (COLS, ROWS)), Work(pair, UNLIMITED))
    (raster,) = found.rasters
    assert (raster.id, raster.operation) == (1, "image space")
    assert raster.grid_step_px >= 64
    assert raster.grid_error_px < 1e-3
    assert (found.crs, found.method, found.operator) == ("ICS:1", "LockRaster", "First")


def test_a_turned_map_raster_has_its_own_image_space_too(tmp_path: Path) -> None:
    turn = rasterio.Affine(10, 0, 500000, 0, -10, 5e6) @ rasterio.Affine.rotation(30)
    data = np.random.default_rng(3).integers(1, 255, (3, 70, 90), np.uint8)
    profile = {"driver": "GTiff", "width": 90, "height": 70, "count": 3, "dtype": "uint8"}
    with rasterio.open(tmp_path / "a.tif", "w", **profile, crs="EPSG:32633", transform=turn) as f:
        f.write(data)
    compile_raster(tmp_path / "a.tif", tmp_path / "a.zmd")
    service = open_service(str(tmp_path / "a.zmd"))
    request = _request(Extent(-0.5, -69.5, 89.5, 0.5), (90, 70))
    for how in (Interpolation.NEAREST, Interpolation.BILINEAR):
        found = _samples(service, _request(request.view.extent, (90, 70), interpolation=how))
        assert np.array_equal(found, data)


def test_strips_of_a_large_export_are_the_same_pixels(pair: ImageService) -> None:
    whole = plan(pair, _request(WHOLE, (COLS, ROWS)))
    part = whole.rows_of(90, 70)
    samples = render(part, Work(pair, UNLIMITED), pair.summary.pixel_type)
    assert isinstance(samples, PixelBlock)
    assert np.array_equal(samples.data, _pixels(pair)[:, 90:160])


def test_an_image_under_a_chain_of_geotransforms_keeps_its_pixels(tmp_path: Path) -> None:
    bend = Polynomial(
        to_source_col=(0.0, 1.0, 0.0, 2e-5, 1e-5, 0.0),
        to_source_row=(0.0, 0.0, 1.0, 0.0, 1e-5, -2e-5),
    )
    spot = Affine(source_to_output=(500000.0, 10.0, 0.4, 5.2e6, 0.3, -10.0))
    data = np.random.default_rng(8).integers(1, 9999, (1, 120, 150)).astype(np.uint16)
    profile = {"driver": "GTiff", "width": 150, "height": 120, "count": 1, "dtype": "uint16"}
    place = rasterio.Affine(10, 0, 500000, 0, -10, 5.2e6)
    path = tmp_path / "a.tif"
    with rasterio.open(path, "w", **profile, crs="EPSG:32632", transform=place) as file:
        file.write(data)
    service = chain_service(tmp_path, path, [bend, spot], {"crs": "EPSG:3857"}, crs="EPSG:32632")
    found = _samples(service, _request(Extent(-0.5, -119.5, 149.5, 0.5), (150, 120)))
    assert np.array_equal(found, data)
    image = np.array([[0.0, 0.0], [149.0, -119.0], [70.0, -31.5]])
    ground = moved(service, image, from_crs="ICS:1", to_crs="EPSG:32632")
    col, row = bend.bind().to_source(*spot.bind().to_source(ground[:, 0], ground[:, 1]))
    assert np.allclose(np.column_stack([col - 0.5, 0.5 - row]), image, atol=1e-6)
    assert np.isnan(ground[:, 2]).all()
    assert np.allclose(
        moved(service, ground, from_crs="EPSG:32632", to_crs="ICS:1")[:, :2], image, atol=1e-6
    )


def test_without_its_terrain_an_image_still_shows_its_pixels(tmp_path: Path) -> None:
    pair_service(tmp_path).close()
    (tmp_path / "hills.tif").unlink()
    service = open_service(str(tmp_path / "d.zmd"))
    assert np.array_equal(_samples(service, _request(WHOLE, (COLS, ROWS))), _pixels(service))
    with pytest.raises(SourceError):
        moved(service, np.zeros((1, 2)), from_crs="ICS:1")
    with pytest.raises(SourceError):
        moved(service, np.zeros((1, 2)), to_crs="ICS:1")
