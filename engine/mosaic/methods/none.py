"""None: by OBJECTID, whatever the view, pixel size and ZOrder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.mosaic.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView

depends_on_view = False


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by OBJECTID, the last one on top when not ascending."""
    return sorted(items, key=lambda item: item.id, reverse=not view.ascending)


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog."""
    return Ranking("k.id" if view.ascending else "k.id DESC")
