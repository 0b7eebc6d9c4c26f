"""Center: items whose centre is nearest to the middle of the view first."""

from collections.abc import Sequence

from engine.item import Item
from engine.mosaic.methods.base import OrderView, ordered, squared_distance


class Center:
    """Order by the distance of the footprint's centre to the view's."""

    depends_on_view = True

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items, nearest centre first."""
        return ordered(
            items, view, lambda item: squared_distance(item.center_x, item.center_y, view.center)
        )
