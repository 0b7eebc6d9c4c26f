"""Seamline: items clipped to their seamlines, so the order shows only where none is.

There it is that of NorthWest; `ascending` does not count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.mosaic.methods import north_west

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView
    from engine.mosaic.ranking import Ranking

depends_on_view = False


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items as NorthWest orders them."""
    return north_west.order(items, replace(view, ascending=True))


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog."""
    return north_west.rank(replace(view, ascending=True))
