"""From views to grids: boxes are projected, aspects kept or adjusted, nonsense is named."""

from __future__ import annotations

import math

import pytest

from engine.errors import InvalidParameter, TileOutsideLimits
from engine.extent import Extent
from engine.request_parts import TileAddress, View
from engine.tile_scheme import HALF_WORLD_M, MOST_LEVELS
from engine.view_grid import grid_of_view
from tests.engine.catalogs import make_summary

_SUMMARY = make_summary(crs="EPSG:32632", extent=Extent(5e5, 5e6, 6e5, 5.1e6), pixel_size_x=10.0)
_BOX = Extent(8.0, 45.0, 9.0, 46.0)


def test_without_a_box_the_view_is_the_service() -> None:
    grid = grid_of_view(View(width=100, height=100), _SUMMARY)
    assert grid.lattice.crs == "EPSG:32632"
    assert (grid.width, grid.height) == (100, 100)
    assert grid.extent == pytest.approx(_SUMMARY.extent)


def test_a_box_of_another_crs_is_held_by_its_place_in_the_output_crs() -> None:
    view = View(extent=_BOX, extent_crs="EPSG:4326", width=50, height=50)
    box = grid_of_view(view, _SUMMARY).extent
    # 9° east is the zone's middle; 45° and 46° north lie at 4983 and 5094 km.
    assert box.xmax == pytest.approx(500000, abs=1)
    assert 4.98e6 < box.ymin < 4.985e6
    assert 5.09e6 < box.ymax < 5.1e6


def test_pixels_are_made_square_only_where_asked() -> None:
    box = Extent(5e5, 5e6, 5.2e5, 5.1e6)
    plain = grid_of_view(View(extent=box, width=100, height=100), _SUMMARY)
    square = grid_of_view(View(extent=box, width=100, height=100, adjust_aspect=True), _SUMMARY)
    assert plain.extent == pytest.approx(box)
    assert square.lattice.pixel_x == square.lattice.pixel_y == 1000.0
    assert square.extent.intersection(box) == pytest.approx(box)
    assert square.extent.center_x == pytest.approx(box.center_x)


def test_a_tile_is_on_the_worlds_lattice_whatever_the_service() -> None:
    grid = grid_of_view(View(tile=TileAddress(level=1, row=0, col=1, scale=2)), _SUMMARY)
    assert (grid.width, grid.height) == (512, 512)
    assert grid.extent == Extent(0.0, 0.0, HALF_WORLD_M, HALF_WORLD_M)


@pytest.mark.parametrize(
    ("level", "row", "col"), [(0, 1, 0), (3, 0, 8), (3, -1, 0), (-1, 0, 0), (MOST_LEVELS, 0, 0)]
)
def test_a_tile_beyond_the_scheme_is_no_tile(level: int, row: int, col: int) -> None:
    with pytest.raises(TileOutsideLimits):
        grid_of_view(View(tile=TileAddress(level=level, row=row, col=col)), _SUMMARY)


@pytest.mark.parametrize(
    "box",
    [
        Extent(0, 0, math.nan, 1),
        Extent(0, 0, math.inf, 1),
        Extent(0, 0, 0, 1),
        Extent(1, 0, 0, 1),
        Extent(0, 0, 1, 1e-310),
        Extent(0, 0, 1e-310, 1),
        Extent(0, 0, 5e-324, 5e-324),
        Extent(-1.7e308, 0, 1.7e308, 1),
    ],
)
@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:3857", "EPSG:4326"])
def test_a_box_without_an_area_is_named(box: Extent, crs: str) -> None:
    view = View(extent=box, extent_crs=crs, out_crs=crs, width=10, height=10)
    with pytest.raises(InvalidParameter, match="bbox"):
        grid_of_view(view, _SUMMARY)


@pytest.mark.parametrize(
    ("name", "changes"),
    [("bboxSR", {"extent_crs": "EPSG:99999999"}), ("imageSR", {"out_crs": "nowhere"})],
)
def test_an_unknown_crs_is_named_with_its_parameter(name: str, changes: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match=name):
        grid_of_view(View(extent=_BOX, width=10, height=10, **changes), _SUMMARY)


def test_a_box_without_a_place_in_the_output_crs_is_named() -> None:
    pole = Extent(0.0, 90.0, 1.0, 90.0000001)
    view = View(extent=pole, extent_crs="EPSG:4326", out_crs="EPSG:3857", width=9, height=9)
    with pytest.raises(InvalidParameter, match="EPSG:3857"):
        grid_of_view(view, _SUMMARY)
