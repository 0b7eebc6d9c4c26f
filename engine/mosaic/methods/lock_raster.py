"""LockRaster: the listed items alone, in the listed order, whatever their pixel sizes and ZOrder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.mosaic.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView

depends_on_view = False


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the locked items, first listed on top; `ascending` does not count."""
    by_id = {item.id: item for item in items}
    return [by_id[key] for key in dict.fromkeys(view.lock_ids) if key in by_id]


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog; items that are not listed come last."""
    ids = dict.fromkeys(view.lock_ids)
    if not ids:
        return Ranking("k.id")
    places = " ".join(f"WHEN {key:d} THEN {place:d}" for place, key in enumerate(ids))
    return Ranking(f"CASE k.id {places} ELSE {len(ids):d} END, k.id")
