"""Weights along seamlines against shapely, whatever part of a cell is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from config.definition import BlendSide
from engine.footprint import pack_rings
from engine.geometry.position_grid import WHOLE_CELL, NodeGrid
from engine.item import Item, Level
from engine.mosaic.seam_weight import SeamPlace, SeamWeights, seam_edge
from engine.pixel_type import PixelType
from engine.samplers.placement import CanvasPart

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 64
# The west half of the raster and a bay; its edges to the west, north and south are the raster's own.
SEAM = np.array([[0.0, 0.0], [30.0, 0.0], [36.5, 20.0], [22.0, 33.0], [31.0, 64.0], [0.0, 64.0]])
LINE = shapely.LineString(SEAM[1:5])


def _item(seam: NDArray[np.float64] = SEAM, footprint: bytes = b"") -> Item:
    return Item(
        id=1,
        name="a",
        category=1,
        sources=(),
        bands=(),
        crs="",
        geotransform=(0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        levels=(Level(SIDE, SIDE, SIDE, SIDE),),
        pixel_type=PixelType.U8,
        no_data=(),
        footprint=footprint,
        seamline=pack_rings([seam]),
    )


def _part(
    step: int, rows: tuple[int, int] = (0, 64), cols: tuple[int, int] = (0, 64)
) -> CanvasPart:
    axis = np.arange(0.0, SIDE + 1, step) + 0.5
    x, y = np.meshgrid(axis, axis)
    quads = np.ones((len(axis) - 1, len(axis) - 1), np.uint8)
    nodes = NodeGrid(x, y, quads, step, WHOLE_CELL, 0.0)
    return CanvasPart(nodes, 0, 0, *cols, *rows)


def _weights(
    width: float, side: BlendSide, part: CanvasPart, item: Item | None = None
) -> SeamWeights:
    item = item or _item()
    return SeamPlace(seam_edge(item, width, side), item, part).weights()


def _expected(width: float, side: BlendSide) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Work it out pixel by pixel: distance to the inner line, faded towards the raster's edge."""
    cols, rows = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    points = shapely.points(cols, rows)
    distance = shapely.distance(LINE, points)
    distance = np.where(shapely.contains(shapely.Polygon(SEAM), points), distance, -distance)
    start = {BlendSide.BOTH: 0.5, BlendSide.INSIDE: 0.0, BlendSide.OUTSIDE: 1.0}[side]
    fade = width / 2 if side is BlendSide.BOTH else width
    margin = shapely.distance(shapely.box(0, 0, SIDE, SIDE).exterior, points)
    ramp = np.clip(margin / fade, 1e-4, 1.0)
    share = np.clip(distance / width + start, 0.0, 1.0) * ramp
    return share, np.clip(distance / width + 1.0, 0.0, 1.0) * ramp


@pytest.mark.parametrize("side", list(BlendSide))
@pytest.mark.parametrize(("width", "step"), [(6.0, 64), (21.0, 4), (0.5, 1), (200.0, 16)])
def test_weights_are_those_of_the_distance_to_the_line(
    side: BlendSide, width: float, step: int
) -> None:
    got = _weights(width, side, _part(step))
    share, claim = _expected(width, side)
    np.testing.assert_allclose(got.share, share, atol=1e-9)
    np.testing.assert_allclose(got.claim, claim, atol=1e-9)


def test_any_part_has_the_weights_of_the_whole_bit_for_bit() -> None:
    whole = _weights(9.0, BlendSide.BOTH, _part(16))
    for rows, cols in (((3, 29), (11, 53)), ((31, 32), (0, 64)), ((40, 64), (29, 30))):
        part = _weights(9.0, BlendSide.BOTH, _part(16, rows, cols))
        cut = slice(*rows), slice(*cols)
        np.testing.assert_array_equal(part.share, whole.share[cut])
        np.testing.assert_array_equal(part.claim, whole.claim[cut])


def test_neighbours_that_meet_share_each_pixel_whole() -> None:
    east = np.vstack([SEAM[1:5], [[64.0, 64.0], [64.0, 0.0]]])
    one = _weights(10.0, BlendSide.BOTH, _part(64))
    other = _weights(10.0, BlendSide.BOTH, _part(64), _item(east))
    inner = slice(5, -5), slice(5, -5)
    np.testing.assert_allclose((one.share + other.share)[inner], 1.0, atol=1e-12)


def test_a_part_away_from_the_line_needs_no_distances() -> None:
    item, edge = _item(), seam_edge(_item(), 4.0, BlendSide.BOTH)
    west = SeamPlace(edge, item, _shifted(_part(64), 4.0, 8.0, 0.1))
    assert west.is_far
    assert not west.is_outside
    east = SeamPlace(edge, item, _shifted(_part(64), 48.0, 8.0, 0.1))
    assert east.is_far
    assert east.is_outside


def test_positions_that_are_no_numbers_have_no_weight() -> None:
    part = _part(32)
    part.nodes.x[0, 0] = np.nan
    got = _weights(9.0, BlendSide.BOTH, part)
    assert not got.share[:32, :32].any()
    assert got.share[40, 10] == 1.0
    part.nodes.x[:] = np.nan
    assert SeamPlace(seam_edge(_item(), 9.0, BlendSide.BOTH), _item(), part).is_outside


def _shifted(part: CanvasPart, x: float, y: float, scale: float) -> CanvasPart:
    """Return a part whose pixels lie closer together, from a place on."""
    nodes = part.nodes
    moved = NodeGrid(
        nodes.x * scale + x, nodes.y * scale + y, nodes.quads, nodes.step, nodes.window, 0.0
    )
    return CanvasPart(moved, 0, 0, 0, SIDE, 0, SIDE)
