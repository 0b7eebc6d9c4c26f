"""Bands of several resolutions in one item: pixels equal numpy's, whatever is asked and however it is cut.

Covers engine.readers.area_reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from engine.build.build_options import BuildOptions
from engine.build.raster_record import NewItem, RasterDefinition, SourceDefinition
from engine.extent import Extent
from engine.readers.header import read_header
from engine.request_parts import View
from tests.raster_types.definitions import built_service, new_definition, raw_pixels, whole_view

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.definition_folder import DefinitionFolder
    from engine.service import ImageService

SIZE = 960
FACTORS = {"b60": 6, "b10": 1, "b20": 2, "c10": 1}


def _samples(name: str) -> np.ndarray:
    """Return the samples of a band; 0 is no data, in each band elsewhere."""
    factor = FACTORS[name]
    count = SIZE // factor
    rng = np.random.default_rng(sum(map(ord, name)))
    data = rng.integers(1, 5000, (count, count)).astype(np.uint16)
    rows, cols = np.mgrid[0:count, 0:count] * factor
    data[(rows // 96 + cols // 96) % 10 == factor] = 0
    return data


def _write(folder: Path, name: str, *, overviews: bool) -> Path:
    factor = FACTORS[name]
    path = folder / f"{name}.tif"
    data = _samples(name)
    profile = {
        "driver": "GTiff",
        "width": data.shape[1],
        "height": data.shape[0],
        "count": 1,
        "dtype": "uint16",
        "crs": "EPSG:32634",
        "transform": Affine(10 * factor, 0, 300000, 0, -10 * factor, 5700000),
        "nodata": 0,
        "tiled": True,
        "blockxsize": 128,
        "blockysize": 128,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(data, 1)
        if overviews:
            file.build_overviews([2, 4, 8], rasterio.enums.Resampling.nearest)
    return path


def _definition(tmp_path: Path, *, overviews: bool) -> DefinitionFolder:
    paths = [_write(tmp_path, name, overviews=overviews) for name in FACTORS]
    folder = new_definition(tmp_path / "m.isdef")
    sources = tuple(SourceDefinition(path=str(path)) for path in paths)
    item = NewItem(
        name="scene",
        raster=RasterDefinition(raster_type="stack", sources=sources),
        headers=tuple(read_header(str(path)) for path in paths),
    )
    with folder.table() as table, table.batch():
        table.insert(item)
    return folder


def multi_resolution_service(folder: Path) -> ImageService:
    """Return a service of one item with bands of 60, 10, 20 and 10 m."""
    return built_service(_definition(folder, overviews=True), BuildOptions(overviews="none"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return multi_resolution_service(tmp_path_factory.mktemp("multi"))


def _wide(name: str) -> np.ndarray:
    factor = FACTORS[name]
    return np.repeat(np.repeat(_samples(name), factor, 0), factor, 1)


def test_full_resolution_equals_repeated_samples_with_no_data_by_band(
    service: ImageService,
) -> None:
    found = raw_pixels(service, whole_view(service, 10.0))
    valid = np.broadcast_to(found.valid, found.data.shape)
    for index, name in enumerate(FACTORS):
        expected = _wide(name)
        np.testing.assert_array_equal(valid[index], expected != 0)
        np.testing.assert_array_equal(found.data[index][valid[index]], expected[valid[index]])


@pytest.mark.parametrize("bands", [(0,), (2,), (1,), (2, 0), (3, 0, 2, 1)])
def test_some_bands_are_the_same_as_of_all(service: ImageService, bands: tuple[int, ...]) -> None:
    view = View(extent=Extent(300510, 5692310, 308410, 5698910), width=790, height=660)
    every = raw_pixels(service, view)
    some = raw_pixels(service, view, bands)
    np.testing.assert_array_equal(some.data, every.data[list(bands)])
    valid = np.broadcast_to(every.valid, every.data.shape)[list(bands)]
    np.testing.assert_array_equal(np.broadcast_to(some.valid, some.data.shape), valid)


@pytest.mark.parametrize("pixel_size", [10.0, 20.0, 40.0, 80.0])
def test_pieces_side_by_side_equal_one_export_at_every_level(
    service: ImageService, pixel_size: float
) -> None:
    whole = raw_pixels(service, whole_view(service, pixel_size))
    extent = service.summary.extent
    step = 24 * pixel_size
    count = round((extent.xmax - extent.xmin) / step)
    for row, col in [(0, 0), (1, 2), (count - 1, count - 1), (2, 0)]:
        x, y = extent.xmin + col * step, extent.ymax - row * step
        view = View(extent=Extent(x, y - step, x + step, y), width=24, height=24)
        piece = raw_pixels(service, view)
        part = (..., slice(row * 24, row * 24 + 24), slice(col * 24, col * 24 + 24))
        valid = np.broadcast_to(whole.valid, whole.data.shape)[part]
        np.testing.assert_array_equal(np.broadcast_to(piece.valid, piece.data.shape), valid)
        np.testing.assert_array_equal(piece.data[valid], whole.data[part][valid])


@pytest.mark.parametrize(("pixel_size", "level"), [(20.0, 1), (40.0, 2), (80.0, 3)])
def test_levels_take_the_coarse_files_own_levels(
    service: ImageService, pixel_size: float, level: int
) -> None:
    found = raw_pixels(service, whole_view(service, pixel_size))
    valid = np.broadcast_to(found.valid, found.data.shape)
    count = SIZE >> level
    places = (np.arange(count) + 0.5) * 2**level
    for index, name in enumerate(FACTORS):
        # Overviews made by taking nearest samples are slices; the finest that is not coarser counts.
        factor = FACTORS[name]
        own = max(n for n in range(4) if n == 0 or factor * 2**n <= 2**level)
        with rasterio.open(
            service_path(service, name), **({"overview_level": own - 1} if own else {})
        ) as file:
            data = file.read(1)
        take = np.floor(places / factor * (data.shape[0] / (SIZE // factor))).astype(int)
        expected = data[np.ix_(take, take)]
        np.testing.assert_array_equal(valid[index], expected != 0)
        np.testing.assert_array_equal(found.data[index][valid[index]], expected[valid[index]])


def service_path(service: ImageService, name: str) -> str:
    """Return the file of a band."""
    item = service.catalog.item(1)
    return next(source.path for source in item.sources if source.path.endswith(f"{name}.tif"))


def test_files_without_levels_give_the_mean_of_their_own_pixels(tmp_path: Path) -> None:
    folder = _definition(tmp_path, overviews=False)
    service = built_service(folder, BuildOptions(overviews="none"))
    found = raw_pixels(service, whole_view(service, 80.0))
    valid = np.broadcast_to(found.valid, found.data.shape)
    for index, name in enumerate(FACTORS):
        data, factor = _samples(name).astype(float), FACTORS[name]
        if factor == 6:
            # No whole number of its pixels makes one of 80 m: the one at the centre counts.
            take = ((np.arange(120) + 0.5) * 8 / 6).astype(int)
            expected = data[np.ix_(take, take)]
        else:
            side = 8 // factor
            parts = data.reshape(120, side, 120, side)
            counts = np.maximum((parts > 0).sum((1, 3)), 1)
            expected = parts.sum((1, 3)) / counts
        np.testing.assert_array_equal(valid[index], expected > 0)
        difference = np.abs(found.data[index] - expected)[valid[index]]
        assert difference.max() <= 0.5001, name


def test_statistics_and_footprint_are_those_of_the_samples(service: ImageService) -> None:
    for index, name in enumerate(FACTORS):
        data = _samples(name)
        found = service.summary.statistics[index]
        assert found.min == data[data != 0].min()
        assert found.max == data[data != 0].max()
        assert abs(found.mean - data[data != 0].mean()) < 1e-6
    assert service.summary.extent == Extent(300000, 5690400, 309600, 5700000)
