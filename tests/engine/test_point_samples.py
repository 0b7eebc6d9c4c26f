"""Samples at places, against rasterio and scipy over the files themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from scipy import ndimage

from config.definition import Interpolation
from engine.budget import UNLIMITED
from engine.errors import Cancelled, InvalidParameter
from engine.function_rules import NdviRule, StretchRule
from engine.geometry.projection import operation, transform
from engine.point_samples import point_samples
from engine.render_work import Work
from engine.request import PointSamplesRequest
from engine.request_parts import MosaicRule, RenderingRule
from tests.engine.conftest import EAST, WEST
from tests.engine.rasters import ramp, single_service, write_raster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.results import PointSamplesResult
    from engine.service import ImageService

LEFT, TOP = 500_000.0, 5_200_000.0
RNG = np.random.default_rng(8)


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = ramp(80, 90, "uint16", 3)
    data[:, 30:35, 30:40] = 0
    path = tmp_path_factory.mktemp("samples") / "a.tif"
    return write_raster(path, data, nodata=0)


@pytest.fixture(scope="module")
def service(raster: Path) -> Iterator[ImageService]:
    found = single_service(raster)
    yield found
    found.close()


def _samples(service: ImageService, shape: Any, **changes: Any) -> PointSamplesResult:
    request = PointSamplesRequest(geometry=bytes(shapely.to_wkb(shape)), **changes)
    return point_samples(request, Work(service, UNLIMITED))


def _places(count: int = 200) -> np.ndarray:
    # Away from edges of pixels, where nearest may be either.
    cols, rows = RNG.integers(0, 90, count), RNG.integers(0, 80, count)
    shares = RNG.uniform(0.05, 0.95, (count, 2))
    return np.column_stack([LEFT + 10 * (cols + shares[:, 0]), TOP - 10 * (rows + shares[:, 1])])


def test_points_have_the_values_that_rasterio_finds(service: ImageService, raster: Path) -> None:
    places = _places()
    got = {each.place: each for each in _samples(service, shapely.MultiPoint(places)).samples}
    with rasterio.open(raster) as file:
        for number, values in enumerate(file.sample(places, masked=True)):
            if values.mask.all():
                assert number not in got
            else:
                assert got[number].values == tuple(values.tolist())
                assert (got[number].x, got[number].y) == tuple(places[number])
    assert {round(each.resolution, 6) for each in got.values()} == {10.0}
    assert {each.item for each in got.values()} == {1}


def test_between_pixels_values_are_interpolated(tmp_path: Path) -> None:
    data = RNG.normal(size=(1, 80, 90)).astype(np.float32)
    service = single_service(write_raster(tmp_path / "a.tif", data))
    places = _places(50)
    places = places[(np.abs(places - places.mean(axis=0)) < 300).all(axis=1)]
    found = _samples(
        service, shapely.MultiPoint(places), interpolation=Interpolation.BILINEAR
    ).samples
    rows, cols = (TOP - places[:, 1]) / 10 - 0.5, (places[:, 0] - LEFT) / 10 - 0.5
    want = ndimage.map_coordinates(data[0].astype(float), [rows, cols], order=1)
    got = np.array([each.values[0] for each in found if each.values], np.float64)
    np.testing.assert_allclose(got, want, atol=2e-2)


def test_lines_are_sampled_in_their_order(service: ImageService) -> None:
    line = shapely.LineString([(LEFT + 5, TOP - 5), (LEFT + 205, TOP - 5)])
    found = _samples(service, line, distance=10.0).samples
    data = ramp(80, 90, "uint16", 3)
    assert [each.place for each in found] == list(range(21))
    assert [each.values[1] for each in found if each.values] == data[1, 0, :21].tolist()
    assert [each.place for each in _samples(service, line).samples] == [0, 1]


def test_areas_are_sampled_where_there_is_data(service: ImageService) -> None:
    box = shapely.box(LEFT - 450, TOP - 800, LEFT + 450, TOP)
    found = _samples(service, box, count=100).samples
    assert 40 <= len(found) <= 60
    assert all(each.x >= LEFT for each in found)


def test_places_may_be_in_another_crs(service: ImageService) -> None:
    places = _places(20)
    pipeline = operation(service.summary.crs, "EPSG:4326").pipeline
    there = np.column_stack(transform(pipeline, places[:, 0].copy(), places[:, 1].copy()))
    here = _samples(service, shapely.MultiPoint(places)).samples
    got = _samples(service, shapely.MultiPoint(there), crs="EPSG:4326").samples
    assert [each.values for each in got] == [each.values for each in here]
    assert [each.place for each in got] == [each.place for each in here]
    assert (got[0].x, got[0].y) == tuple(there[got[0].place])


def test_the_first_value_or_that_of_each_raster(pair: ImageService) -> None:
    places = shapely.MultiPoint([(LEFT + 100, TOP - 300), (LEFT + 500, TOP - 300)])
    found = _samples(pair, places).samples
    assert [(each.item, each.values and each.values[0]) for each in found] == [(1, WEST)] * 2
    found = _samples(pair, places, first_only=False).samples
    told = [(each.place, each.item, each.values and each.values[0]) for each in found]
    assert told == [(0, 1, WEST), (1, 1, WEST), (1, 2, EAST)]
    turned = _samples(pair, places, mosaic=MosaicRule(ascending=False)).samples
    assert [each.item for each in turned] == [1, 2]


def test_attributes_come_where_they_are_asked_for(pair: ImageService) -> None:
    point = shapely.Point(LEFT + 100, TOP - 300)
    assert _samples(pair, point).samples[0].attributes == {}
    (found,) = _samples(pair, point, out_fields=("OBJECTID",)).samples
    assert found.attributes == {"OBJECTID": 1}
    with pytest.raises(InvalidParameter, match="outFields"):
        _samples(pair, point, out_fields=("Nothing",))


def test_rules_are_applied(service: ImageService) -> None:
    rule = RenderingRule(
        function="NDVI",
        arguments=NdviRule(visible_band=0, infrared_band=1, scientific_output=True),
        inputs=(),
    )
    point = shapely.Point(LEFT + 105, TOP - 105)
    (found,) = _samples(service, point, rendering=rule).samples
    red, infrared = ramp(80, 90, "uint16", 3)[:2, 10, 10].astype(float)
    assert found.values is not None
    assert found.values[0] == pytest.approx((infrared - red) / (infrared + red), rel=1e-6)
    stretch = RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, statistics=((0.0, 65535.0, 1.0, 1.0),)),
    )
    (other,) = _samples(service, point, rendering=stretch).samples
    assert other.values is not None
    assert other.values[0] == round(red / 65535 * 255)


def test_places_beside_the_map_are_left_out_or_named(service: ImageService) -> None:
    assert _samples(service, shapely.Point(0, 0)).samples == ()
    with pytest.raises(InvalidParameter, match="geometry"):
        _samples(service, shapely.Point(9, 100), crs="EPSG:4326")


def test_the_work_ends_between_places_when_nobody_waits(service: ImageService) -> None:
    class Impatient:
        def check(self) -> None:
            raise Cancelled

        def remaining_s(self) -> float:
            return 1.0

    request = PointSamplesRequest(geometry=bytes(shapely.to_wkb(shapely.Point(LEFT, TOP))))
    with pytest.raises(Cancelled):
        point_samples(request, Work(service, Impatient()))
