"""Poles inside boxes, the end of Web Mercator, and the rows of a view that have a place on Earth."""

from __future__ import annotations

import pytest

from engine.extent import Extent
from engine.geometry.locator import MapLocator
from engine.geometry.projection import LONLAT, MERCATOR, operation
from engine.pole_boxes import holds_pole, is_cut, is_own_map, rows_between_poles, searched
from engine.target_grid import HALF_WORLD_M, grid_of_extent

AROUND = Extent(-1e5, -2e5, 3e5, 1e5)


@pytest.mark.parametrize(
    ("crs", "box", "poles"),
    [
        ("EPSG:3031", AROUND, (True, False)),
        ("EPSG:3413", AROUND, (False, True)),
        ("EPSG:3413", Extent(1e5, 1e5, 2e5, 2e5), (False, False)),
        (
            MERCATOR,
            Extent(-HALF_WORLD_M, -HALF_WORLD_M, HALF_WORLD_M, HALF_WORLD_M),
            (False, False),
        ),
    ],
)
def test_boxes_hold_the_poles_that_lie_in_them(
    crs: str, box: Extent, poles: tuple[bool, bool]
) -> None:
    assert (holds_pole(crs, box, -90.0), holds_pole(crs, box, 90.0)) == poles


def test_boxes_beyond_web_mercator_are_searched_at_its_end() -> None:
    beyond = Extent(-1.0, -3e7, 1.0, -2.5e7)
    assert not is_cut(LONLAT, beyond)
    edge = Extent(-1.0, -HALF_WORLD_M, 1.0, 0.0)
    assert is_cut(MERCATOR, edge)
    found = searched(MERCATOR, beyond)
    assert found.intersects(edge)
    assert searched(LONLAT, beyond) == beyond
    inside = Extent(-1.0, -5.0, 1.0, 5.0)
    assert searched(MERCATOR, inside) == inside


def test_rows_of_degrees_end_at_the_poles() -> None:
    grid = grid_of_extent(LONLAT, Extent(-10, -92, 10, 91), 20, 183)
    assert rows_between_poles(grid) == (1, 181)
    assert rows_between_poles(grid.rows_of(100, 83)) == (0, 81)
    metres = grid_of_extent("EPSG:3031", AROUND, 20, 30)
    assert rows_between_poles(metres) == (0, 30)


def test_a_map_is_its_own() -> None:
    assert is_own_map(MapLocator("proj=noop"))
    assert not is_own_map(MapLocator(operation(LONLAT, MERCATOR).pipeline))
