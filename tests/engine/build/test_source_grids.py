"""Files of one item: which is the finest, and how others lie in its grid."""

from __future__ import annotations

import pytest

from engine.build.band_mapping import map_bands
from engine.build.raster_record import RasterDefinition, SourceDefinition
from engine.build.source_grids import arranged, grid_on
from engine.item import Level
from engine.pixel_type import PixelType
from engine.readers.header import BandHeader, RasterHeader


def _header(
    name: str, step: float, size: tuple[int, int], corner: tuple[float, float] = (0.0, 0.0)
) -> RasterHeader:
    x, y = corner
    return RasterHeader(
        path=f"/nowhere/{name}.tif",
        driver="GTiff",
        size=1,
        mtime_ns=1,
        width=size[0],
        height=size[1],
        geotransform=(x, step, 0.0, y, 0.0, -step),
        crs="EPSG:32632",
        bands=(BandHeader(pixel_type=PixelType.U16),),
        levels=(Level(*size, 256, 256),),
    )


def _raster(*headers: RasterHeader) -> RasterDefinition:
    sources = tuple(SourceDefinition(path=header.path) for header in headers)
    return RasterDefinition(raster_type="stack", sources=sources)


def test_the_finest_file_comes_first_and_bands_keep_their_order() -> None:
    headers = (_header("b1", 60, (20, 20)), _header("b2", 10, (120, 120)))
    raster = _raster(*headers)
    found = arranged(raster, headers, map_bands(raster, headers, 2))
    assert [source.path for source in found.raster.sources] == [headers[1].path, headers[0].path]
    assert [band.source for band in found.mapping.bands] == [1, 0]
    assert found.grids[0] is None
    assert found.grids[1] is not None
    assert (found.grids[1].factor, found.grids[1].offset_x) == (6, 0.0)


def test_files_on_one_grid_need_no_arrangement() -> None:
    headers = (_header("b1", 10, (120, 120)), _header("b2", 10, (120, 120)))
    raster = _raster(*headers)
    found = arranged(raster, headers, map_bands(raster, headers, 2))
    assert found.grids == (None, None)
    assert found.raster == raster


def test_the_panchromatic_band_of_landsat_is_half_a_pixel_off() -> None:
    pan = _header("b8", 15, (15501, 15681), (7.5, -7.5))
    other = _header("b1", 30, (7751, 7841))
    grid = grid_on(pan, other)
    assert grid is not None
    assert (grid.factor, grid.offset_x, grid.offset_y) == (2, -0.5, -0.5)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (_header("b1", 25, (48, 48)), "2.5 times as large"),
        (_header("b1", 20, (30, 60)), "cover different areas"),
        (_header("b1", 20, (60, 60), (400.0, 0.0)), "cover different areas"),
    ],
)
def test_files_that_do_not_lie_on_each_other_are_refused(other: RasterHeader, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        grid_on(_header("b2", 10, (120, 120)), other)


def test_a_disabled_file_counts_for_nothing() -> None:
    headers = (_header("b1", 60, (20, 20)), _header("b2", 25, (48, 48)))
    first = SourceDefinition(path=headers[0].path)
    second = SourceDefinition(path=headers[1].path, enabled=False)
    raster = RasterDefinition(raster_type="stack", sources=(first, second))
    found = arranged(raster, headers, map_bands(raster, headers, 1))
    assert found.raster.sources[0] == first
    assert found.grids == (None, None)
