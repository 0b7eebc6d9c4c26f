"""Viewpoint: the item whose nadir is nearest to a point the caller names is on top.

The order is the same for all views of one viewpoint; without one the middle of the view stands in.
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

depends_on_view = False


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by distance of their nadir from the viewpoint."""
    point = view.center if view.viewpoint is None else view.viewpoint
    return order_by_distance(items, view, lambda item: nadir_distance(item, point))


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog."""
    point = view.center if view.viewpoint is None else view.viewpoint
    distance = squared_distance_sql(NADIR_X, NADIR_Y, point)
    return rank_by_distance(view.size_edges, distance, ascending=view.ascending)
