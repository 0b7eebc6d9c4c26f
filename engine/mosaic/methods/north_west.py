"""NorthWest: the most north-western centre first, the same for every view."""

from collections.abc import Sequence

from engine.item import Item
from engine.mosaic.methods.base import OrderView, ordered


class NorthWest:
    """Order by the distance of the centre to a point infinitely far north-west."""

    depends_on_view = False

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items, smallest x - y first."""
        return ordered(items, view, lambda item: item.center_x - item.center_y)
