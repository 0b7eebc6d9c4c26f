"""Nadir: the item whose nadir is nearest to the middle of the view is on top.

Items without a known nadir are taken at their centre.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.mosaic.methods.base import nadir_distance, order_by_distance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView

depends_on_view = True


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by distance of their nadir from the view's middle."""
    return order_by_distance(items, view, lambda item: nadir_distance(item, view.center))
