"""LockRaster: the listed items alone, in the listed order, whatever their pixel sizes and ZOrder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView

depends_on_view = False


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the locked items, first listed on top; `ascending` does not count."""
    by_id = {item.id: item for item in items}
    return [by_id[key] for key in dict.fromkeys(view.lock_ids) if key in by_id]
