"""The box and pixel sizes searched for a view hold every pixel of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from engine.geometry.projection import operation, transform
from engine.request_parts import TileAddress
from engine.target_grid import grid_of_extent, grid_of_tile
from engine.view_area import view_area

if TYPE_CHECKING:
    from engine.service import ImageService
    from engine.target_grid import TargetGrid


def _tile(service: ImageService, level: int) -> TargetGrid:
    """The Mercator tile over the middle of the service."""
    box = service.summary.extent
    pipeline = operation(service.summary.crs, "EPSG:3857").pipeline
    x, y = transform(pipeline, np.array([box.center_x]), np.array([box.center_y]))
    half = 20037508.342789244
    side = 2 * half / 2**level
    row, col = int((half - y[0]) // side), int((x[0] + half) // side)
    return grid_of_tile(TileAddress(level=level, row=row, col=col))


def test_in_the_services_own_crs_the_area_is_the_view(pair: ImageService) -> None:
    box = pair.summary.extent
    area = view_area(pair, grid_of_extent(pair.summary.crs, box, 48, 64))
    assert area is not None
    assert area.extent == pytest.approx(box)
    assert area.ps_min == area.ps_max == pytest.approx((box.width / 48 * box.height / 64) ** 0.5)


@pytest.mark.parametrize("level", [6, 9, 13, 17])
def test_every_pixel_of_a_tile_lies_in_the_box_that_is_searched(
    pair: ImageService, level: int
) -> None:
    grid = _tile(pair, level)
    area = view_area(pair, grid)
    assert area is not None
    box = grid.extent
    xs, ys = np.meshgrid(np.linspace(box.xmin, box.xmax, 60), np.linspace(box.ymin, box.ymax, 60))
    x, y = transform(operation("EPSG:3857", pair.summary.crs).pipeline, xs, ys)
    seen = np.isfinite(x) & np.isfinite(y)
    assert seen.any()
    found = area.extent
    assert ((x >= found.xmin) & (x <= found.xmax))[seen].all()
    assert ((y >= found.ymin) & (y <= found.ymax))[seen].all()


def test_pixel_sizes_are_bounded_where_overviews_must_be_told_apart(pair: ImageService) -> None:
    pair.summary = msgspec.structs.replace(pair.summary, overview_ps=40.0)
    grid = _tile(pair, 12)
    area = view_area(pair, grid)
    assert area is not None
    # A Mercator pixel is longer than the ground by 1/cos(latitude), 47° north here.
    true = grid.lattice.pixel_x * np.cos(np.radians(46.95))
    assert area.ps_min < true < area.ps_max
    assert area.ps_max < 2.5 * area.ps_min


def test_the_area_of_a_grid_is_worked_out_once(pair: ImageService) -> None:
    grid = _tile(pair, 12)
    assert view_area(pair, grid) is view_area(pair, grid)
