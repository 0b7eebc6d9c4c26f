"""Means and covariances of classes, against numpy over the pixels that pictures get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.class_statistics import Moments
from engine.function_rules import NdviRule
from engine.measure_requests import ClassArea, ClassStatisticsRequest
from engine.request_parts import RenderingRule
from tests.engine.rasters import single_service, write_raster

if TYPE_CHECKING:
    from engine.measurements import ClassStatistics
    from engine.service import ImageService

LEFT, TOP, PIXEL = 500000.0, 5200000.0, 10.0
ROWS, COLS = 300, 400


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    rng = np.random.default_rng(5)
    common = rng.normal(0, 200, (ROWS, COLS))
    bands = [1000 + common * share + rng.normal(0, 50, (ROWS, COLS)) for share in (1, 0.5, -0.7)]
    found = np.stack(bands).clip(1, 60000).astype(np.uint16)
    # A corner without data in one band alone.
    found[1, :20, :20] = 0
    return found


@pytest.fixture(scope="module")
def service(data: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    path = write_raster(tmp_path_factory.mktemp("c") / "a.tif", data, nodata=0)
    return single_service(path)


def _box(first_row: int, end_row: int, first_col: int, end_col: int) -> shapely.Polygon:
    return shapely.box(
        LEFT + first_col * PIXEL,
        TOP - end_row * PIXEL,
        LEFT + end_col * PIXEL,
        TOP - first_row * PIXEL,
    )


def _found(service: ImageService, *shapes: Any, **changes: Any) -> list[ClassStatistics]:
    classes = tuple(
        ClassArea(id=number, name=f"class {number}", geometry=bytes(shapely.to_wkb(shape)))
        for number, shape in enumerate(shapes, start=1)
    )
    request = ClassStatisticsRequest(classes=classes, **changes)
    record = answer(service, request, UNLIMITED).record
    return list(record.classes)  # type: ignore[attr-defined]  # -- a ClassStatisticsResult


def test_classes_have_the_means_and_covariances_of_their_pixels(
    service: ImageService, data: np.ndarray
) -> None:
    found = _found(service, _box(50, 290, 30, 380), _box(100, 110, 200, 230))
    for each, part in zip(found, (data[:, 50:290, 30:380], data[:, 100:110, 200:230]), strict=True):
        samples = part.reshape(3, -1).astype(float)
        assert each.count == samples.shape[1]
        assert each.means == pytest.approx(samples.mean(axis=1).tolist(), rel=1e-12)
        np.testing.assert_allclose(each.covariances, np.cov(samples), rtol=1e-9)
    assert [(each.id, each.name) for each in found] == [(1, "class 1"), (2, "class 2")]


def test_pixels_count_that_have_all_bands(service: ImageService, data: np.ndarray) -> None:
    (found,) = _found(service, _box(0, 40, 0, 40))
    assert found.count == 40 * 40 - 20 * 20
    valid = data[1, :40, :40] > 0
    assert found.means[0] == pytest.approx(data[0, :40, :40][valid].mean())


def test_a_class_beside_the_data_is_empty(service: ImageService) -> None:
    (found,) = _found(service, shapely.box(0, 0, 10, 10))
    assert (found.count, found.means) == (0, (0, 0, 0))


def test_a_rule_comes_first(service: ImageService, data: np.ndarray) -> None:
    rule = RenderingRule(
        function="NDVI", arguments=NdviRule(visible_band=0, infrared_band=1, scientific_output=True)
    )
    (found,) = _found(service, _box(50, 90, 30, 80), rendering=rule)
    red, near = data[:2, 50:90, 30:80].astype(float)
    assert len(found.means) == 1
    assert found.means[0] == pytest.approx(((near - red) / (near + red)).mean(), rel=1e-5)


def test_parts_are_as_good_as_all_at_once() -> None:
    rng = np.random.default_rng(2)
    samples = rng.normal(1e6, 3.0, (4, 1000))
    samples[2, 7] = np.nan
    moments = Moments(4)
    for part in (samples[:, :1], samples[:, 1:1], samples[:, 1:400], samples[:, 400:]):
        moments.add(part)
    kept = np.delete(samples, 7, axis=1)
    assert moments.count == 999
    np.testing.assert_allclose(moments.means, kept.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(moments.covariances(), np.cov(kept), rtol=1e-7)


def test_a_single_pixel_does_not_vary() -> None:
    moments = Moments(2)
    moments.add(np.array([[3.0], [4.0]]))
    assert moments.means.tolist() == [3, 4]
    assert not moments.covariances().any()
