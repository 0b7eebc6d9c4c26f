"""Nadir: items whose nadir point is nearest to the middle of the view first."""

from collections.abc import Sequence

from engine.item import Item
from engine.mosaic.methods.base import OrderView, nadir_of, ordered, squared_distance


class Nadir:
    """Order by the distance of the sensor's ground nadir to the view's centre."""

    depends_on_view = True

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items, nearest nadir first."""
        return ordered(items, view, lambda item: squared_distance(*nadir_of(item), view.center))
