"""Pyramids inside the definition: for rasters that lack levels, never beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio
from rasterio import Affine

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.pyramid_file import PyramidJob, make_pyramid
from engine.build.pyramids import lacks_levels
from engine.build.raster_record import (
    NewItem,
    RasterDefinition,
    SourceDefinition,
    raster_to_text,
)
from engine.read_view import read_view
from engine.readers.header import read_header
from engine.request_parts import View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.raster_types.definitions import built_service, raw_pixels, whole_view
from tests.synthetic import ramp, slanted_valid, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path

PYRAMIDS = BuildOptions(overviews="none", pyramids=True)
# Outlines are a pixel of full resolution off; here validity is what the levels say.
EXACT = BuildOptions(overviews="none", pyramids=True, footprints="extent")


def _folder(tmp_path: Path, *files: Path) -> DefinitionFolder:
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=list(files)))
    return folder


def test_a_raster_gets_the_levels_it_lacks_and_its_folder_stays_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.mkdir()
    path = write_geotiff(source / "a.tif", ramp(1500, 2001))
    folder = _folder(tmp_path, path)
    assert build_definition(folder, PYRAMIDS).pyramids == 1
    assert [entry.name for entry in source.iterdir()] == ["a.tif"]
    with folder.table() as table:
        row = next(table.rows())
    (pyramid,) = row.built.pyramids
    assert pyramid.first_level == 1
    sizes = [(level.width, level.height) for level in pyramid.levels]
    assert sizes[0] == (1001, 750)
    assert max(sizes[-1]) <= 512
    assert row.attributes["HighPS"] == pytest.approx(10 * 2001 / sizes[-1][0])
    assert build_definition(folder, PYRAMIDS).pyramids == 0


def test_levels_average_and_masks_stay(tmp_path: Path) -> None:
    valid = slanted_valid(1200, 1200)
    path = write_geotiff(tmp_path / "a.tif", ramp(1200, 1200), mask=valid)
    job = PyramidJob(
        id=1, header=read_header(str(path)), folder=str(tmp_path), thematic=False, first_level=1
    )
    (tmp_path / "pyramids").mkdir()
    made = make_pyramid(job)
    with rasterio.open(tmp_path / made.path) as dataset:
        data, mask = dataset.read(1), dataset.read_masks(1) != 0
        assert dataset.shape == (600, 600)
    expected = ramp(1200, 1200)[0].reshape(600, 2, 600, 2).mean(axis=(1, 3))
    inner = mask & (slanted_valid(600, 600, 0.2))
    assert np.abs(data[inner] - expected[inner]).max() <= 1
    assert (mask != valid[::2, ::2]).mean() < 0.01
    assert not list((tmp_path / "pyramids").glob("*.msk"))


def test_only_rasters_that_lack_levels_get_any(tmp_path: Path) -> None:
    full = write_geotiff(tmp_path / "full.tif", ramp(1000, 1000), overviews=(2, 4))
    small = write_geotiff(tmp_path / "small.tif", ramp(400, 400))
    assert not lacks_levels(read_header(str(full)))
    assert not lacks_levels(read_header(str(small)))
    assert build_definition(_folder(tmp_path, full, small), PYRAMIDS).pyramids == 0


def test_a_service_reads_the_levels_of_its_pyramids(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(2048, 2048, 3))
    folder = _folder(tmp_path, path)
    build_definition(folder, PYRAMIDS)
    out = tmp_path / "d.zmd"
    compile_definition(folder.path, out)
    service = open_service(str(out))
    item = service.catalog.items_by_id([1], None)[0]
    assert item.sources[0].pyramid is not None
    assert [level.width for level in item.levels] == [2048, 1024, 512, 256]
    block = read_view(service, View(extent=service.summary.extent, width=256, height=256))
    expected = ramp(2048, 2048)[0].reshape(256, 8, 256, 8).mean(axis=(1, 3))
    assert block.valid.all()
    assert np.abs(block.data[0].astype(float) - expected).mean() < 1.5
    service.close()


def _write_band(path: Path, data: np.ndarray, pixel: int, **options: object) -> Path:
    profile = {
        "driver": "GTiff",
        "width": data.shape[1],
        "height": data.shape[0],
        "count": 1,
        "dtype": data.dtype.name,
        "crs": "EPSG:32634",
        "transform": Affine(pixel, 0, 300000, 0, -pixel, 5700000),
        **options,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(data, 1)
    return path


def _holed(size: int, seed: int) -> np.ndarray:
    """Return noise with no data (0) along an edge, in a corner and in single pixels."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[0:size, 0:size] / size
    smooth = 2000 + 900 * np.sin(rows * 9) * np.cos(cols * 7) + rng.normal(0, 20, (size, size))
    data = smooth.astype(np.uint16)
    data[rows * 0.3 + cols < 0.3] = 0
    data[(rows > 0.8) & (cols > 0.8)] = 0
    holes = rng.integers(0, size, (2, 40))
    data[holes[0], holes[1]] = 0
    return data


def _means(data: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the valid pixels of each cell, and where there are any."""
    side = data.shape[0] // factor
    cells = data.reshape(side, factor, side, factor)
    count = (cells > 0).sum((1, 3))
    return cells.sum((1, 3)) / np.maximum(count, 1), count > 0


def _assert_of_valid_pixels(found: np.ndarray, data: np.ndarray, factor: int) -> None:
    """Hold a level to full resolution: within what each cell's valid pixels span, whole ones their mean."""
    side = data.shape[0] // factor
    cells = data.reshape(side, factor, side, factor).astype(float)
    least, most = np.where(cells > 0, cells, np.inf).min((1, 3)), cells.max((1, 3))
    mean, any_valid = _means(data, factor)
    assert (found[any_valid] >= least[any_valid] - 1).all()
    assert (found[any_valid] <= most[any_valid] + 1).all()
    whole = (cells > 0).all((1, 3))
    assert np.abs(found - mean)[whole].max() <= 2


def _one_item(folder: DefinitionFolder, *sources: SourceDefinition) -> None:
    headers = tuple(read_header(source.path) for source in sources)
    raster = RasterDefinition(raster_type="stack", sources=sources)
    with folder.table() as table, table.batch():
        table.insert(NewItem(name="scene", raster=raster, headers=headers))


def test_each_file_of_an_item_gets_the_levels_it_lacks(tmp_path: Path) -> None:
    bands = {"c": (20, 1024), "a": (10, 2048), "b": (10, 2048), "d": (40, 512)}
    data = {name: _holed(size, place) for place, (name, (_, size)) in enumerate(bands.items())}
    paths = [
        _write_band(tmp_path / f"{name}.tif", data[name], pixel)
        for name, (pixel, _) in bands.items()
    ]
    with rasterio.open(paths[1], "r+") as file:
        # One file has levels already, which know nothing of what the author says of no-data.
        file.build_overviews([2, 4, 8], rasterio.enums.Resampling.nearest)
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    _one_item(folder, *(SourceDefinition(path=str(path), no_data="0") for path in paths))
    report = build_definition(folder, EXACT)
    # The finest and the next; the fourth is small, the second has its own.
    assert (report.pyramids, report.pyramid_notes) == (2, ())
    with folder.table() as table:
        row = next(table.rows())
    assert sorted(made.source for made in row.built.pyramids) == [0, 2]
    assert row.attributes["HighPS"] == pytest.approx(80)
    assert build_definition(folder, PYRAMIDS).pyramids == 0
    service = built_service(folder, EXACT)
    for pixel_size in (20.0, 40.0, 80.0):
        found = raw_pixels(service, whole_view(service, pixel_size))
        valid = np.broadcast_to(found.valid, found.data.shape)
        for index, (name, (pixel, _)) in enumerate(bands.items()):
            if name == "a" or pixel > pixel_size:
                continue
            _, any_valid = _means(data[name], int(pixel_size / pixel))
            if name == "d" and pixel_size > 40:
                continue
            np.testing.assert_array_equal(valid[index], any_valid, err_msg=f"{name} {pixel_size}")
            _assert_of_valid_pixels(found.data[index], data[name], int(pixel_size / pixel))
    service.close()


def test_bands_in_another_order_are_those_of_the_file(tmp_path: Path) -> None:
    data = np.stack([np.full((1200, 1200), value, np.uint8) for value in (10, 20, 30)])
    path = write_geotiff(tmp_path / "a.tif", data)
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    _one_item(folder, SourceDefinition(path=str(path), bands=(3, 1)))
    service = built_service(folder, EXACT)
    found = raw_pixels(service, whole_view(service, 40.0))
    assert [np.unique(band).tolist() for band in found.data] == [[30], [10]]
    service.close()


def test_what_is_said_of_no_data_makes_other_levels(tmp_path: Path) -> None:
    path = _write_band(tmp_path / "a.tif", _holed(1024, 5), 10)
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    _one_item(folder, SourceDefinition(path=str(path)))
    assert build_definition(folder, PYRAMIDS).pyramids == 1
    with folder.table() as table, table.batch():
        row = next(table.rows())
        source = msgspec.structs.replace(row.raster.sources[0], no_data="0")
        raster = msgspec.structs.replace(row.raster, sources=(source,))
        table.update(row.id, {"Raster": raster_to_text(raster)})
    assert build_definition(folder, PYRAMIDS).pyramids == 1
    assert build_definition(folder, PYRAMIDS).pyramids == 0


def test_items_that_cannot_have_levels_are_counted_with_the_reason(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(1200, 1200, 2))
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    _one_item(folder, SourceDefinition(path=str(path), band_no_data=("0", "")))
    report = build_definition(folder, PYRAMIDS)
    assert report.pyramids == 0
    assert report.pyramid_notes == (
        "No levels were made for 1 items that have a file whose bands differ in no-data.",
    )


@pytest.mark.parametrize("reversible", ["YES", "NO"])
def test_levels_of_wavelets_never_mix_no_data_into_pixels(tmp_path: Path, reversible: str) -> None:
    data = _holed(2048, 8)
    quality = 100 if reversible == "YES" else 50
    path = _write_band(
        tmp_path / "a.jp2", data, 10, driver="JP2OpenJPEG", REVERSIBLE=reversible, QUALITY=quality
    )
    with rasterio.open(path) as file:
        stored = file.read(1)
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    # What the filter that loses something leaves in holes is no reflectance.
    stated = SourceDefinition(path=str(path), no_data="0", valid_range=(200, 65535))
    _one_item(folder, stated)
    stored[stored < 200] = 0
    assert build_definition(folder, PYRAMIDS).pyramids == 1
    service = built_service(folder, EXACT)
    for factor in (2, 4, 8):
        _, any_valid = _means(stored, factor)
        found = raw_pixels(service, whole_view(service, 10.0 * factor))
        np.testing.assert_array_equal(found.valid[0], any_valid)
        _assert_of_valid_pixels(found.data[0], stored, factor)
    service.close()


def test_without_pyramids_wavelet_levels_lose_two_pixels_beside_no_data(tmp_path: Path) -> None:
    data = _holed(2048, 8)
    # Holes of single pixels are within the wavelet's levels for good: only full resolution shows them.
    rows, cols = np.mgrid[0:2048, 0:2048] / 2048
    away = (data == 0) & ~((rows * 0.3 + cols < 0.3) | ((rows > 0.8) & (cols > 0.8)))
    data[away] = 2000
    path = _write_band(
        tmp_path / "a.jp2", data, 10, driver="JP2OpenJPEG", REVERSIBLE="YES", QUALITY=100
    )
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    _one_item(folder, SourceDefinition(path=str(path), no_data="0"))
    service = built_service(folder, BuildOptions(overviews="none", footprints="extent"))
    for factor in (2, 4, 8):
        mean, any_valid = _means(data, factor)
        found = raw_pixels(service, whole_view(service, 10.0 * factor))
        valid = found.valid[0]
        assert not (valid & ~any_valid).any()
        # The levels as they are stray by all of it.
        assert np.abs(found.data[0] - mean)[valid].max() < 0.15 * mean.max()
        side = data.shape[0] // factor
        whole = (data.reshape(side, factor, side, factor) > 0).all((1, 3))
        lost = whole & ~valid
        near = whole
        for _ in range(2):
            wide = np.pad(near, 1, constant_values=True)
            near = np.lib.stride_tricks.sliding_window_view(wide, (3, 3)).all((2, 3))
        assert not (lost & near).any()
    service.close()
