"""Center: the item whose centre is nearest to the middle of the view is on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.mosaic.methods.base import order_by_distance, squared_distance
from engine.mosaic.ranking import rank_by_distance, squared_distance_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView
    from engine.mosaic.ranking import Ranking

depends_on_view = True


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by distance of their centre from the view's."""
    return order_by_distance(
        items, view, lambda item: squared_distance(item.center_x, item.center_y, view.center)
    )


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog."""
    distance = squared_distance_sql("k.x", "k.y", view.center)
    return rank_by_distance(view.size_edges, distance, ascending=view.ascending)
