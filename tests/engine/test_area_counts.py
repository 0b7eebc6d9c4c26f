"""Statistics and histograms of areas, against numpy over the pixels that pictures get.

Covers engine.area_blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from config.definition import Interpolation
from engine import area_blocks
from engine import area_counts as module
from engine.answer import answer
from engine.area_counts import area_counts
from engine.budget import UNLIMITED
from engine.errors import Cancelled, InvalidParameter
from engine.extent import Extent
from engine.function_rules import ConvolutionRule, NdviRule, SlopeRule, StretchRule
from engine.geometry.projection import operation, transform
from engine.pixel_type import PixelType
from engine.render_work import Work
from engine.request import AreaCountsRequest
from engine.request_parts import MosaicRule, RenderingRule
from engine.results import AreaCountsResult
from tests.engine.chain_services import pixels_of, view_of
from tests.engine.conftest import EAST, WEST
from tests.engine.rasters import ramp, single_service, write_raster
from tests.engine.test_mosaic_process import service_with

if TYPE_CHECKING:
    from pathlib import Path

    from engine.results import BandCounts
    from engine.service import ImageService

LEFT, TOP = 500_000.0, 5_200_000.0
NDVI = RenderingRule(
    function="NDVI", arguments=NdviRule(visible_band=2, infrared_band=3, scientific_output=True)
)


@pytest.fixture(scope="module")
def bands(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters of four bands of U16 side by side: 200 × 200 pixels of 10 m."""
    return service_with(tmp_path_factory.mktemp("counts"), [], bands=4)


def _counts(service: ImageService, shape: Any = None, **changes: Any) -> AreaCountsResult:
    wkb = b"" if shape is None else bytes(shapely.to_wkb(shape))
    return area_counts(AreaCountsRequest(geometry=wkb, **changes), Work(service, UNLIMITED))


def _check(found: BandCounts, samples: np.ndarray, tolerance: float = 0.0) -> None:
    """Compare a band with numpy over its samples."""
    values = samples.astype(np.float64)
    statistics = found.statistics
    assert statistics.count == values.size
    assert (statistics.min, statistics.max) == (values.min(), values.max())
    assert statistics.mean == pytest.approx(values.mean(), rel=1e-12)
    assert statistics.std == pytest.approx(values.std(), rel=1e-9, abs=1e-12)
    assert found.median == pytest.approx(np.median(values), abs=tolerance)
    histogram = found.histogram
    assert len(histogram.counts) == 256
    if samples.dtype.itemsize == 1:
        assert histogram.counts == tuple(np.bincount(samples.ravel(), minlength=256).tolist())
        assert (histogram.min, histogram.max) == (-0.5, 255.5)
        return
    assert (histogram.min, histogram.max) == (values.min(), values.max())
    counts, _ = np.histogram(values, 256, (values.min(), values.max()))
    np.testing.assert_array_equal(histogram.counts, counts)


def _view(service: ImageService, box: Extent, **changes: Any) -> Any:
    size = round(box.width / 10), round(box.height / 10)
    request = view_of(box, *size, interpolation=None, **changes)
    return pixels_of(service, request)


def test_a_box_has_the_statistics_of_the_picture_of_it(bands: ImageService) -> None:
    box = Extent(LEFT + 300, TOP - 1500, LEFT + 1700, TOP - 200)
    got = _counts(bands, shapely.box(*_corners(box)))
    block = _view(bands, box)
    assert got.skip == 1
    assert len(got.bands) == 4
    for band, found in enumerate(got.bands):
        _check(found, block.data[band][block.valid_all()])


def _corners(box: Extent) -> tuple[float, float, float, float]:
    return box.xmin, box.ymin, box.xmax, box.ymax


def test_bytes_are_counted_by_value_and_float_rules_in_bins(bands: ImageService) -> None:
    box = Extent(LEFT, TOP - 2000, LEFT + 2000, TOP)
    got = _counts(bands, rendering=NDVI)
    block = _view(bands, box, rendering=NDVI)
    _check(got.bands[0], block.data[0], tolerance=2 / 65536)
    stretch = RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, statistics=((0.0, 60000.0, 1.0, 1.0),)),
    )
    got = _counts(bands, rendering=stretch)
    block = _view(bands, box, rendering=stretch)
    assert block.data.dtype == np.uint8
    for band, found in enumerate(got.bands):
        _check(found, block.data[band])


def test_functions_with_neighbours_meet_at_the_edges_of_squares(
    bands: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=12))
    monkeypatch.setattr(area_blocks, "_SQUARE_BYTES", 1)
    monkeypatch.setattr(module, "_KEPT_BYTES", 0)
    for each in (rule, RenderingRule(function="NDVI", inputs=(rule,), arguments=NDVI.arguments)):
        got = _counts(bands, rendering=each)
        block = _view(bands, Extent(LEFT, TOP - 2000, LEFT + 2000, TOP), rendering=each)
        for band, found in enumerate(got.bands):
            samples = block.data[band][block.valid_any()]
            _check(found, samples, tolerance=float(np.ptp(samples)) / 60000)


def test_a_polygon_holds_the_pixels_whose_centres_lie_inside(bands: ImageService) -> None:
    place = shapely.Point(LEFT + 900, TOP - 800)
    ring = place.buffer(617.3).difference(place.buffer(211.7))
    got = _counts(bands, ring)
    block = _view(bands, Extent(LEFT, TOP - 2000, LEFT + 2000, TOP))
    x, y = np.meshgrid(LEFT + 10 * (np.arange(200) + 0.5), TOP - 10 * (np.arange(200) + 0.5))
    inside = shapely.contains_xy(ring, x, y)
    for band, found in enumerate(got.bands):
        _check(found, block.data[band][inside])


def test_a_polygon_may_be_in_another_crs(bands: ImageService) -> None:
    pipeline = operation(bands.summary.crs, "EPSG:4326").pipeline
    circle = shapely.Point(LEFT + 900, TOP - 800).buffer(500.0)
    there = shapely.transform(
        circle, lambda p: np.column_stack(transform(pipeline, p[:, 0].copy(), p[:, 1].copy()))
    )
    here = _counts(bands, circle).bands[0].statistics
    other = _counts(bands, there, crs="EPSG:4326").bands[0].statistics
    assert other.count == pytest.approx(here.count, rel=0.01)
    assert other.mean == pytest.approx(here.mean, rel=0.01)


def test_a_point_and_a_sliver_are_the_pixel_they_lie_in(bands: ImageService) -> None:
    block = _view(bands, Extent(LEFT, TOP - 2000, LEFT + 2000, TOP))
    x, y = LEFT + 10 * 57 + 1, TOP - 10 * 31 - 1
    for shape in (shapely.Point(x, y), shapely.box(x, y - 1, x + 1, y)):
        found = _counts(bands, shape).bands[2]
        assert found.statistics.count == 1
        assert found.median == found.mode == block.data[2, 31, 57]


def test_beside_the_data_nothing_is_counted(bands: ImageService) -> None:
    for shape in (
        shapely.Point(LEFT - 9e3, TOP),
        shapely.box(LEFT - 9e3, TOP, LEFT - 8e3, TOP + 9),
    ):
        for found in _counts(bands, shape).bands:
            assert found.statistics.is_empty
            assert found.median is None
            assert sum(found.histogram.counts) == 0


def test_lines_and_points_of_several_are_refused(bands: ImageService) -> None:
    with pytest.raises(InvalidParameter, match="geometry"):
        _counts(bands, shapely.LineString([(LEFT, TOP), (LEFT + 10, TOP)]))


def test_the_mosaic_rule_decides_whose_pixels_are_counted(pair: ImageService) -> None:
    got = _counts(pair).bands[0]
    assert got.histogram.counts[WEST] == 64 * 64
    assert got.histogram.counts[EAST] == 32 * 64
    got = _counts(pair, mosaic=MosaicRule(ascending=False)).bands[0]
    assert got.histogram.counts[EAST] == 64 * 64
    assert got.mode == EAST
    got = _counts(pair, mosaic=MosaicRule(fids=(1,))).bands[0]
    assert (got.median, got.statistics.count) == (WEST, 64 * 64)


def test_large_areas_are_looked_at_in_larger_pixels(
    bands: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_SAMPLES", 4 * 2500)
    got = _counts(bands)
    assert got.skip == 4
    assert got.bands[0].statistics.count == 50 * 50
    block = pixels_of(
        bands, view_of(Extent(LEFT, TOP - 2000, LEFT + 2000, TOP), 50, 50, interpolation=None)
    )
    _check(got.bands[0], block.data[0])
    # A pixel size that is asked for is kept as long as can be.
    assert _counts(bands, pixel_size=(10.0, 10.0)).skip == 1
    got = _counts(bands, pixel_size=(20.0, 20.0))
    assert (got.skip, got.bands[0].statistics.count) == (1, 100 * 100)


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
)
def test_every_type_is_counted(tmp_path: Path, dtype: str) -> None:
    data = ramp(40, 50, dtype)
    got = _counts(single_service(write_raster(tmp_path / "a.tif", data))).bands[0]
    values = data[0].astype(np.float64)
    assert got.statistics.count == values.size
    assert got.statistics.mean == pytest.approx(values.mean())
    assert got.median == pytest.approx(np.median(values), abs=np.ptp(values) / 65536)
    assert sum(got.histogram.counts) == values.size
    assert got.histogram.min <= values.min() <= values.max() <= got.histogram.max


@pytest.mark.parametrize("value", [0.0, 1e-300, -7.25, 3e38, np.nan])
def test_single_values_and_nan_have_histograms(tmp_path: Path, value: float) -> None:
    data = np.full((1, 8, 8), value, np.float64)
    got = _counts(single_service(write_raster(tmp_path / "a.tif", data))).bands[0]
    count = 0 if np.isnan(value) else 64
    assert got.statistics.count == sum(got.histogram.counts) == count
    if count:
        assert got.median == got.mode == value
        assert got.histogram.min < value < got.histogram.max


def test_no_data_is_not_counted(tmp_path: Path) -> None:
    data = ramp(20, 20, "int16")
    data[:, :5] = -999
    service = single_service(write_raster(tmp_path / "a.tif", data, nodata=-999))
    _check(_counts(service).bands[0], data[0, 5:])


def test_a_dynamic_stretch_looks_at_the_whole_area(
    bands: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = RenderingRule(
        function="Stretch", arguments=StretchRule(stretch_type=5, dynamic_range=True)
    )
    monkeypatch.setattr(area_blocks, "_SQUARE_BYTES", 1)
    block = _view(bands, Extent(LEFT, TOP - 2000, LEFT + 2000, TOP), rendering=rule)
    _check(_counts(bands, rendering=rule).bands[1], block.data[1])


def test_the_work_ends_between_squares_when_nobody_waits(bands: ImageService) -> None:
    class Impatient:
        def check(self) -> None:
            raise Cancelled

        def remaining_s(self) -> float:
            return 1.0

    with pytest.raises(Cancelled):
        area_counts(AreaCountsRequest(), Work(bands, Impatient()))


def test_slope_of_an_area_is_that_of_the_picture(tmp_path: Path) -> None:
    data = ramp(60, 60, "float32")
    service = single_service(write_raster(tmp_path / "a.tif", data))
    rule = RenderingRule(function="Slope", arguments=SlopeRule())
    got = _counts(service, rendering=rule).bands[0]
    block = _view(service, service.summary.extent, rendering=rule)
    _check(got, block.data[0][block.valid_any()], tolerance=90 / 65536)


def test_the_engine_answers_with_a_record(pair: ImageService) -> None:
    found = answer(pair, AreaCountsRequest(), UNLIMITED)
    assert isinstance(found.record, AreaCountsResult)
    assert not found.truncated
    assert Interpolation.BILINEAR is pair.interpolation
    assert pair.summary.pixel_type is PixelType.U8
