"""Identify: values of the mosaic at a place, and the items there from the top down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from engine.budget import UNLIMITED
from engine.errors import InvalidParameter, RequestTooLarge
from engine.function_rules import StretchRule
from engine.geometry.projection import operation, transform
from engine.identify import identify
from engine.pixels import PixelBlock
from engine.point_plan import samples_of
from engine.render_work import Work
from engine.request import IdentifyRequest
from engine.request_parts import MosaicRule, RenderingRule
from engine.service import open_service
from tests.engine.conftest import EAST, WEST
from tests.engine.mosaics import compile_mosaic
from tests.engine.rasters import single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.results import IdentifyResult
    from engine.service import ImageService

_LEFT, _TOP = 500000.0, 5200000.0
_NORTH = _TOP - 300


def _identify(service: ImageService, shape: shapely.Geometry, **changes: object) -> IdentifyResult:
    request = IdentifyRequest(geometry=shapely.to_wkb(shape), **changes)  # type: ignore[arg-type]  # -- a shorthand
    return identify(request, Work(service, UNLIMITED))


def test_a_point_gives_the_topmost_value_and_all_items_there(pair: ImageService) -> None:
    both = _identify(pair, shapely.Point(_LEFT + 500, _NORTH))
    assert both.values == (WEST, WEST + 1, WEST + 2)
    assert [item.id for item in both.items] == [1, 2]
    assert [item.values for item in both.items] == [(50, 51, 52), (200, 201, 202)]
    assert [item.visibility for item in both.items] == [1.0, 0.0]
    one = _identify(pair, shapely.Point(_LEFT + 800, _NORTH))
    assert one.values == (EAST, EAST + 1, EAST + 2)
    assert [item.id for item in one.items] == [2]


def test_the_mosaic_rule_turns_the_order(pair: ImageService) -> None:
    rule = MosaicRule(ascending=False)
    found = _identify(pair, shapely.Point(_LEFT + 500, _NORTH), mosaic=rule)
    assert found.values == (EAST, EAST + 1, EAST + 2)
    assert [item.id for item in found.items] == [2, 1]


def test_beside_the_data_there_is_neither_value_nor_item(pair: ImageService) -> None:
    found = _identify(pair, shapely.Point(_LEFT - 5000, _NORTH))
    assert (found.values, found.items) == (None, ())


def test_a_place_in_another_crs_is_the_same_place(pair: ImageService) -> None:
    pipeline = operation(pair.summary.crs, "EPSG:4326").pipeline
    x, y = transform(pipeline, np.array([_LEFT + 800]), np.array([_NORTH]))
    found = _identify(pair, shapely.Point(x[0], y[0]), crs="EPSG:4326")
    assert found.values == (EAST, EAST + 1, EAST + 2)
    assert (found.x, found.y) == (x[0], y[0])
    (item,) = found.items
    footprint = shapely.from_wkb(item.footprint)
    assert footprint.is_empty or footprint.contains(shapely.Point(x[0], y[0]))


def test_an_area_is_valued_at_its_middle_and_its_items_weighed_by_what_is_seen(
    pair: ImageService,
) -> None:
    # West up to 640 m, east behind it from 320 m on to 960 m.
    area = shapely.box(_LEFT, _TOP - 640, _LEFT + 960, _TOP)
    found = _identify(pair, area)
    assert found.values == (WEST, WEST + 1, WEST + 2)
    shares = {item.id: item.visibility for item in found.items}
    assert shares[1] == pytest.approx(2 / 3, abs=0.07)
    assert shares[2] == pytest.approx(1 / 3, abs=0.07)


def test_items_of_an_area_have_the_values_of_its_middle(pair: ImageService) -> None:
    # Its middle lies where the west alone has data.
    area = shapely.box(_LEFT, _TOP - 640, _LEFT + 600, _TOP)
    found = _identify(pair, area, renderings=(RenderingRule(),))
    assert [item.id for item in found.items] == [1, 2]
    assert [item.values for item in found.items] == [(50, 51, 52), None]
    assert [item.processed for item in found.items] == [((50, 51, 52),), (None,)]


def test_an_area_has_the_items_that_show_at_the_pixel_size_asked_for(tmp_path: Path) -> None:
    # The third stands for the others from pixels of 20 m on, as overviews do.
    paths = [
        write_raster(tmp_path / f"{value}.tif", np.full((1, 64, 64), value, np.uint8))
        for value in (5, 6, 7)
    ]
    fine, coarse = (0.0, 20.0, 10.0, 40.0), (20.0, 0.0, 10.0, 40.0)
    sizes = {1: fine, 2: fine, 3: coarse}
    compile_mosaic(paths, tmp_path / "m.zmd", crs="EPSG:32632", pixel_sizes=sizes)
    service = open_service(str(tmp_path / "m.zmd"))
    area = shapely.box(_LEFT, _TOP - 640, _LEFT + 640, _TOP)
    found = _identify(service, area)
    assert found.values == (5,)
    assert [(item.id, item.visibility) for item in found.items] == [(1, 1.0), (2, 0.0)]
    assert [item.values for item in found.items] == [(5,), (6,)]
    found = _identify(service, area, pixel_size=(30.0, 30.0))
    assert found.values == (7,)
    assert [(item.id, item.visibility, item.values) for item in found.items] == [(3, 1.0, (7,))]
    service.close()


def test_points_have_the_items_of_all_and_the_value_of_the_first(pair: ImageService) -> None:
    points = shapely.MultiPoint(
        [(_LEFT + 800, _NORTH), (_LEFT + 500, _NORTH), (_LEFT + 100, _NORTH), (0, 0)]
    )
    found = _identify(pair, points)
    assert (found.x, found.y) == (_LEFT + 800, _NORTH)
    assert found.values == (EAST, EAST + 1, EAST + 2)
    assert [(item.id, item.visibility) for item in found.items] == [(2, 0.25), (1, 0.5)]
    assert [item.values for item in found.items] == [(200, 201, 202), None]
    assert [item.id for item in _identify(pair, points, max_items=1).items] == [2]


def test_too_many_points_are_refused(pair: ImageService) -> None:
    points = shapely.MultiPoint([(_LEFT + x, _NORTH) for x in range(1001)])
    with pytest.raises(RequestTooLarge, match="1000"):
        _identify(pair, points)


def test_values_after_a_rendering_rule_stand_beside_the_samples(pair: ImageService) -> None:
    rule = RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, statistics=((0.0, 100.0, 50.0, 10.0),) * 3),
    )
    rules = (RenderingRule(), rule)
    found = _identify(pair, shapely.Point(_LEFT + 10, _NORTH), renderings=rules)
    assert found.values == found.processed[0] == (50, 51, 52)
    assert found.processed[1] is not None
    assert found.processed[1][0] == pytest.approx(127.5, abs=1)


@pytest.mark.parametrize("switch", ["return_values", "return_items"])
def test_what_is_not_asked_for_is_not_given(pair: ImageService, switch: str) -> None:
    found = _identify(pair, shapely.Point(_LEFT + 500, _NORTH), **{switch: False})
    assert (found.values is None) is (switch == "return_values")
    assert (found.items == ()) is (switch == "return_items")


def test_no_more_items_are_looked_at_than_asked_for(pair: ImageService) -> None:
    found = _identify(pair, shapely.Point(_LEFT + 500, _NORTH), max_items=1)
    assert [item.id for item in found.items] == [1]


@pytest.mark.parametrize("shape", [shapely.Point(), shapely.Polygon()])
def test_an_empty_place_is_named(pair: ImageService, shape: shapely.Geometry) -> None:
    with pytest.raises(InvalidParameter, match="geometry"):
        _identify(pair, shape)


def test_a_place_that_is_not_on_the_map_is_named(pair: ImageService) -> None:
    with pytest.raises(InvalidParameter, match="geometry"):
        _identify(pair, shapely.Point(9.0, 100.0), crs="EPSG:4326")


def test_a_single_raster_has_values_and_no_items(tmp_path: Path) -> None:
    data = np.full((2, 8, 8), -1.5, np.float32)
    service = single_service(write_raster(tmp_path / "a.tif", data))
    found = _identify(service, shapely.Point(_LEFT + 5, _TOP - 5))
    assert (found.values, found.items) == ((-1.5, -1.5), ())


def test_bands_without_data_have_no_sample() -> None:
    data = np.array([[[7]], [[9]]], np.int16)
    half = PixelBlock(data, np.array([[[True]], [[False]]]))
    assert samples_of(half) == (7, None)
    assert samples_of(PixelBlock(data, np.zeros((1, 1, 1), np.bool_))) is None
