"""Viewpoint: items whose nadir point is nearest to a given point first."""

from collections.abc import Sequence

from engine.item import Item
from engine.mosaic.methods.base import OrderView, nadir_of, ordered, squared_distance


class Viewpoint:
    """Order by the distance of the nadir to the viewpoint; the view's centre where none is given."""

    depends_on_view = False

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items, nearest nadir first."""
        point = view.viewpoint or view.center
        return ordered(items, view, lambda item: squared_distance(*nadir_of(item), point))
