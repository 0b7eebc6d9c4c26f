"""What a mosaic method is: it orders items; the first is on top.

Every order is ZOrder (lowest first, none last), the band of ground pixel size (finer first), the
method's own key (missing last, whichever way it runs), then OBJECTID: total and the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.item import Item
from engine.results import AttributeValue
from engine.size_bands import band_of

OwnKey = float | str | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """What an order may depend on beside the items.

    Attributes
    ----------
    center : (x, y)
        Middle of the view in service CRS.
    viewpoint : (x, y) or None
        Asked for, in service CRS.
    ascending : bool
        False turns the method's own key, nothing else.
    size_edges : tuple of float
        Edges of the service's bands of ground pixel size.
    attribute_values : mapping
        Value of the sort field by OBJECTID; dates as milliseconds.
    sort_value : number, text or None
        Nearest to this first; None = plain order of the field.
    lock_ids : tuple of int
        The order given by a LockRaster rule.
    """

    center: tuple[float, float] = (0.0, 0.0)
    viewpoint: tuple[float, float] | None = None
    ascending: bool = True
    size_edges: tuple[float, ...] = ()
    attribute_values: Mapping[int, AttributeValue] = field(default_factory=dict)
    sort_value: float | str | None = None
    lock_ids: tuple[int, ...] = ()


class MosaicMethod(Protocol):
    """One way of ordering."""

    @property
    def depends_on_view(self) -> bool:
        """Whether the order changes as the view moves."""
        ...

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items, topmost first."""
        ...


def ordered(
    items: Sequence[Item],
    view: OrderView,
    own_key: Callable[[Item], OwnKey],
    *,
    key_before_size: bool = False,
) -> list[Item]:
    """Sort by ZOrder, size band, the method's key and OBJECTID.

    Parameters
    ----------
    own_key
        None = missing: after all others of its group.
    key_before_size
        The Attribute method compares its key before the size.
    """
    keys = {item.id: own_key(item) for item in items}
    ranks = _ranks(keys, ascending=view.ascending)

    def sort_key(item: Item) -> tuple[float, float, float, int]:
        rank = ranks[item.id]
        size = float(band_of(item.ground_size_m, view.size_edges))
        first, second = (rank, size) if key_before_size else (size, rank)
        return (math.inf if item.z_order is None else item.z_order, first, second, item.id)

    return sorted(items, key=sort_key)


def _ranks(keys: Mapping[int, OwnKey], *, ascending: bool) -> dict[int, float]:
    """Return each item's rank by its own key; equal keys rank equal, missing ones last."""
    present = {key for key in keys.values() if key is not None}
    texts = any(isinstance(key, str) for key in present)
    ordered_keys = sorted(present, key=str if texts else float, reverse=not ascending)
    rank_of = {key: float(rank) for rank, key in enumerate(ordered_keys)}
    return {name: math.inf if key is None else rank_of[key] for name, key in keys.items()}


def squared_distance(x: float, y: float, point: tuple[float, float]) -> float:
    """Return the squared distance of a place to a point, in map units."""
    return (x - point[0]) ** 2 + (y - point[1]) ** 2


def nadir_of(item: Item) -> tuple[float, float]:
    """Return the nadir point of an item, its centre where none is known."""
    if item.nadir_x is None or item.nadir_y is None:
        return item.center_x, item.center_y
    return item.nadir_x, item.nadir_y
