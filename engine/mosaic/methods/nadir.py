"""Nadir: the item whose nadir is nearest to the middle of the view is on top.

The nadir of a frame camera is the place below it; that of a satellite's image the place over which the
satellite stood (the item's NadirLongitude and NadirLatitude), far outside the image for oblique views, so
the steepest of several views is on top. Items without a known nadir are taken at their centre.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.mosaic.methods.base import nadir_distance, order_by_distance
from engine.mosaic.ranking import NADIR_X, NADIR_Y, rank_by_distance, squared_distance_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView
    from engine.mosaic.ranking import Ranking

depends_on_view = True


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by distance of their nadir from the view's middle."""
    return order_by_distance(items, view, lambda item: nadir_distance(item, view.center))


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog."""
    distance = squared_distance_sql(NADIR_X, NADIR_Y, view.center)
    return rank_by_distance(view.size_edges, distance, ascending=view.ascending)
