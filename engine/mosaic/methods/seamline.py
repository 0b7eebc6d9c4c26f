"""Seamline: items are clipped by their seamline polygons, so few overlap; the rest is NorthWest."""

from collections.abc import Sequence

from engine.item import Item
from engine.mosaic.methods.base import OrderView, ordered


class Seamline:
    """Order of items that are clipped by seamlines; `ascending` has no effect."""

    depends_on_view = False

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items with a seamline first, each group from the north-west."""
        fixed = OrderView(size_edges=view.size_edges)
        by_place = ordered(items, fixed, lambda item: item.center_x - item.center_y)
        return sorted(by_place, key=lambda item: not item.seamline)
