"""LockRaster: only the named items, in the given order."""

from collections.abc import Sequence

from engine.item import Item
from engine.mosaic.methods.base import OrderView


class LockRaster:
    """Keep the order of the rule's ids."""

    depends_on_view = False

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the locked items in the rule's order, turned where not ascending."""
        place = {object_id: index for index, object_id in enumerate(view.lock_ids)}
        locked = [item for item in items if item.id in place]
        return sorted(locked, key=lambda item: place[item.id], reverse=not view.ascending)
