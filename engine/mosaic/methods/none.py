"""None: by OBJECTID alone."""

from collections.abc import Sequence

from engine.item import Item
from engine.mosaic.methods.base import OrderView


class NoMethod:
    """Order by OBJECTID."""

    depends_on_view = False

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items by OBJECTID, turned where not ascending."""
        return sorted(items, key=lambda item: item.id, reverse=not view.ascending)
