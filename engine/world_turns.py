"""Rasters that leave the map of the world at one side and come in at the other: longitudes 0 to 360.

Rules: a map goes from -180 to 180 degrees, or as far in the metres of a cylindrical CRS. What of a
raster lies beyond shows moved by whole turns: each turn that shows is an item of its own to plan and
render, the same files under a shifted geotransform, so positions are smooth within it. Its number is
not the OBJECTID but tells it (`object_id`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from engine.extent import Extent
from engine.geometry.projection import MERCATOR, describe_crs
from engine.target_grid import world_period
from engine.tile_scheme import HALF_WORLD_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item

# Far above any OBJECTID that fits the records' 32-bit clients, and far below 2**63.
_NUMBERS_OF_A_TURN = 2**48
# An edge at 180.0000001 is one at 180.
_SLACK_PX = 0.01
# Boxes on other maps are measured at 21 points a side: one step between them.
_BOX_MARGIN = 0.05


def raster_box(geotransform: Sequence[float], width: int, height: int) -> Extent:
    """Return the box of a raster in its own CRS."""
    a, b, c, d, e, f = geotransform
    xs = (a, a + width * b, a + height * c, a + width * b + height * c)
    ys = (d, d + width * e, d + height * f, d + width * e + height * f)
    return Extent(min(xs), min(ys), max(xs), max(ys))


def turns_of(crs: str, box: Extent, slack: float = 0.0) -> tuple[int, ...]:
    """Return by how many turns to the west a box must be moved to show on the map: (0,) for most.

    Parameters
    ----------
    slack : float
        What lies beyond the map's edge by no more than this does not count.
    """
    period = world_period(crs)
    if not period or not box.is_finite:
        return (0,)
    first = math.floor((box.xmin + slack) / period + 0.5)
    last = math.ceil((box.xmax - slack) / period - 0.5)
    # Nothing on Earth goes round more than twice: such numbers are no longitudes.
    return tuple(range(first, last + 1)) if 0 <= last - first <= 2 else (0,)


def world_boxes(crs: str, box: Extent, slack: float = 0.0) -> tuple[Extent, ...]:
    """Return the parts of a box on the map of the world; the box itself where it lies within."""
    turns = turns_of(crs, box, slack)
    if turns == (0,):
        return (box,)
    period = world_period(crs)
    found = []
    for turn in turns:
        xmin = max(box.xmin - turn * period, -period / 2)
        xmax = min(box.xmax - turn * period, period / 2)
        found.append(Extent(xmin, box.ymin, xmax, box.ymax))
    return tuple(found)


def shifted(
    crs: str, geotransform: tuple[float, float, float, float, float, float], turn: int
) -> tuple[float, float, float, float, float, float]:
    """Return a geotransform moved by whole turns to the west."""
    return (geotransform[0] - turn * world_period(crs), *geotransform[1:])


def turns_of_raster(
    crs: str, geotransform: Sequence[float], width: int, height: int
) -> Sequence[int]:
    """Return `turns_of` of a raster's box, but for what rounding makes of its edges."""
    box = raster_box(geotransform, width, height)
    return turns_of(crs, box, _SLACK_PX * box.width / max(1, width))


def turned_items(item: Item) -> tuple[Item, ...]:
    """Return an item as often as it shows on the map of the world, itself for most."""
    turns = turns_of_raster(item.crs, item.geotransform, item.width, item.height)
    return tuple(
        item
        if not turn
        else msgspec.structs.replace(
            item,
            id=item.id + turn * _NUMBERS_OF_A_TURN,
            geotransform=shifted(item.crs, item.geotransform, turn),
        )
        for turn in turns
    )


def object_id(number: int) -> int:
    """Return the OBJECTID that the number of a turned item tells."""
    half = _NUMBERS_OF_A_TURN // 2
    return (number + half) % _NUMBERS_OF_A_TURN - half


def around(box: Extent, crs: str) -> Extent:
    """Return a box that holds what lies between the points that `box` was measured at.

    One that spans more than half the world crosses the antimeridian or holds a pole: it goes around.
    """
    grown = box.expand(box.width * _BOX_MARGIN, box.height * _BOX_MARGIN)
    half = HALF_WORLD_M if crs == MERCATOR else 180.0
    if (crs != MERCATOR and not describe_crs(crs).is_geographic) or box.width <= half:
        return grown
    return Extent(min(-half, grown.xmin), grown.ymin, max(half, grown.xmax), grown.ymax)
