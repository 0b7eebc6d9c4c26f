"""NorthWest: the item farthest to the north-west is on top, whatever the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.mosaic.methods.base import order_by_distance
from engine.mosaic.ranking import Ranking, rank_by_distance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView

depends_on_view = False


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by distance of their centre from a point infinitely far north-west.

    For a point at infinity the distance is the position along the diagonal, x - y.
    """
    return order_by_distance(items, view, lambda item: item.center_x - item.center_y)


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog."""
    return rank_by_distance(view.size_edges, Ranking("k.x - k.y"), ascending=view.ascending)
