"""Center: the item whose centre is nearest to the middle of the view is on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.mosaic.methods.base import order_by_distance, squared_distance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView

depends_on_view = True


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by distance of their centre from the view's."""
    return order_by_distance(
        items, view, lambda item: squared_distance(item.center_x, item.center_y, view.center)
    )
