"""Pixels of areas, on the lattice of the service; covers engine.asked_place too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from engine.asked_area import asked_area
from engine.asked_place import asked_pixel_size, in_own_units
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.request import AreaCountsRequest
from engine.target_grid import grid_of_extent

if TYPE_CHECKING:
    from engine.service import ImageService

LEFT, TOP, MANY = 500_000.0, 5_200_000.0, 1 << 20


def _wkb(shape: shapely.Geometry) -> bytes:
    return bytes(shapely.to_wkb(shape))


def test_the_whole_service_has_the_pixels_of_its_extent(pair: ImageService) -> None:
    area = asked_area(pair, (b"", ""), None, MANY)
    assert (area.width, area.height, area.skip, area.rings) == (96, 64, 1, None)
    assert area.extent == Extent(LEFT, TOP - 640, LEFT + 960, TOP)


def test_boxes_take_the_pixels_whose_centres_they_hold(pair: ImageService) -> None:
    box = shapely.box(LEFT + 4, TOP - 26, LEFT + 36, TOP - 4)
    area = asked_area(pair, (_wkb(box), ""), None, MANY)
    assert area.extent == Extent(LEFT, TOP - 30, LEFT + 40, TOP)
    box = shapely.box(LEFT + 6, TOP - 24, LEFT + 34, TOP - 6)
    area = asked_area(pair, (_wkb(box), ""), None, MANY)
    assert area.extent == Extent(LEFT + 10, TOP - 20, LEFT + 30, TOP - 10)


def test_a_box_reaches_no_farther_than_the_service(pair: ImageService) -> None:
    box = shapely.box(LEFT - 1e6, TOP - 1e6, LEFT + 1e6, TOP + 1e6)
    area = asked_area(pair, (_wkb(box), ""), None, MANY)
    assert (area.width, area.height) == (96, 64)


def test_pixels_are_doubled_until_there_are_few_enough(pair: ImageService) -> None:
    area = asked_area(pair, (b"", ""), None, 400)
    assert (area.width, area.height, area.skip) == (24, 16, 4)
    assert asked_area(pair, (b"", ""), (40.0, 40.0), 400).skip == 1


def test_pixels_are_no_finer_than_those_of_the_service(pair: ImageService) -> None:
    area = asked_area(pair, (b"", ""), (1e-9, 20.0), MANY)
    assert (area.width, area.height, area.skip) == (96, 32, 1)


def test_polygons_are_cut_by_their_rings(pair: ImageService) -> None:
    triangle = shapely.Polygon([(LEFT, TOP), (LEFT + 300, TOP), (LEFT, TOP - 300)])
    area = asked_area(pair, (_wkb(triangle), ""), None, MANY)
    assert area.extent is not None
    grid = grid_of_extent(pair.summary.crs, area.extent, area.width, area.height)
    inside = area.inside(grid)
    assert inside is not None
    x, y = np.meshgrid(np.arange(area.width), np.arange(area.height))
    np.testing.assert_array_equal(inside, x + y + 1 < 30)


def test_what_holds_no_centre_is_the_pixel_around(pair: ImageService) -> None:
    needle = shapely.Polygon([(LEFT + 1, TOP - 1), (LEFT + 3, TOP - 1), (LEFT + 1, TOP - 3)])
    area = asked_area(pair, (_wkb(needle), ""), None, MANY)
    assert (area.extent, area.rings) == (Extent(LEFT, TOP - 10, LEFT + 10, TOP), None)


def test_beside_the_service_there_are_no_pixels(pair: ImageService) -> None:
    for shape in (shapely.Point(0, 0), shapely.box(0, 0, 9, 9), shapely.Point(0, 0).buffer(3)):
        area = asked_area(pair, (_wkb(shape), ""), None, MANY)
        assert (area.extent, area.width, area.height) == (None, 0, 0)


def test_an_empty_shape_is_named(pair: ImageService) -> None:
    with pytest.raises(InvalidParameter, match="geometry"):
        asked_area(pair, (_wkb(shapely.Polygon()), ""), None, MANY)


def test_pixel_sizes_in_degrees_are_measured_where_they_are_asked_for(pair: ImageService) -> None:
    x, y = asked_pixel_size(pair, (0.001, 0.001), "EPSG:4326", (9.0, 46.9))
    assert y == pytest.approx(111.2, rel=0.01)
    assert x == pytest.approx(111.3 * np.cos(np.radians(46.9)), rel=0.01)


@pytest.mark.parametrize("geometry", [b"", shapely.Point(LEFT, TOP).wkb])
def test_a_pixel_size_may_be_in_units_of_its_own(pair: ImageService, geometry: bytes) -> None:
    asked = AreaCountsRequest(
        geometry=geometry, pixel_size=(0.001, 0.002), pixel_size_crs="EPSG:4326"
    )
    found = in_own_units(pair, asked)
    assert found.pixel_size_crs == ""
    assert found.pixel_size == pytest.approx((76.2, 222.3), rel=0.01)
    same = AreaCountsRequest(geometry=geometry, pixel_size=(5, 5), pixel_size_crs="EPSG:32632")
    assert in_own_units(pair, same).pixel_size == (5, 5)
    plain = AreaCountsRequest(geometry=geometry, pixel_size=(5, 5))
    assert in_own_units(pair, plain) == plain


def test_a_pixel_size_that_is_none_on_the_map_is_named(pair: ImageService) -> None:
    asked = AreaCountsRequest(pixel_size=(1e9, 1e9), pixel_size_crs="EPSG:4326")
    with pytest.raises(InvalidParameter, match="pixelSize"):
        in_own_units(pair, asked)
    unknown = AreaCountsRequest(pixel_size=(1, 1), pixel_size_crs="EPSG:999999")
    with pytest.raises(InvalidParameter, match=r"pixelSize\.spatialReference"):
        in_own_units(pair, unknown)
