"""What a mosaic method is: the order of items, topmost first.

Rules: a method is a pure function of items and view; the order is total (OBJECTID decides last) and
does not depend on the order in which items come. ZOrder counts first, lowest on top, none as 0; then
the ground pixel size in bands of a factor of two; then the method's own key, the only part that
`ascending` turns. A method that differs says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from engine.size_bands import size_band

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.item import Item
    from engine.mosaic.ranking import Ranking
    from engine.results import AttributeValue


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """What an order may depend on beside the items.

    Attributes
    ----------
    center : (x, y)
        Middle of the view in service CRS.
    viewpoint : (x, y) or None
        In service CRS; None = `center`.
    size_edges : tuple of float
        Edges between bands of ground pixel size (`Catalog.size_edges`).
    attribute_values : mapping of OBJECTID to value
        Of the sort field; absent = null.
    sort_value : number, text or None
        Items are ordered by distance from it; None = by the value itself.
    sort_column : str
        The sort field as a quoted column name; "" = there is none.
    lock_ids : tuple of int
        The items of LockRaster, topmost first.
    """

    center: tuple[float, float] = (0.0, 0.0)
    viewpoint: tuple[float, float] | None = None
    ascending: bool = True
    size_edges: tuple[float, ...] = ()
    attribute_values: Mapping[int, AttributeValue] = field(default_factory=dict)
    sort_value: str | float | None = None
    sort_column: str = ""
    lock_ids: tuple[int, ...] = ()


class MosaicOrder(Protocol):
    """A mosaic method; each is a module of this package."""

    @property
    def depends_on_view(self) -> bool:
        """Whether two views may see two orders: tiles then order by pixel."""
        ...

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items that take part, topmost first."""
        ...

    def rank(self, view: OrderView) -> Ranking:
        """Return the same order said to the catalog."""
        ...


def order_by_distance(
    items: Sequence[Item], view: OrderView, distance: Callable[[Item], float]
) -> list[Item]:
    """Order by ZOrder, band of ground size, distance (turned when not ascending) and OBJECTID."""
    sign = 1.0 if view.ascending else -1.0
    edges = view.size_edges
    return sorted(
        items,
        key=lambda item: (
            item.z_order or 0.0,
            size_band(item.ground_size_m, edges),
            sign * distance(item),
            item.id,
        ),
    )


def squared_distance(x: float, y: float, point: tuple[float, float]) -> float:
    """Return the square of the distance, which orders alike and costs no root."""
    dx, dy = x - point[0], y - point[1]
    return dx * dx + dy * dy


def nadir_distance(item: Item, point: tuple[float, float]) -> float:
    """Return the squared distance of an item's nadir, else its centre, from a point."""
    x = item.center_x if item.nadir_x is None else item.nadir_x
    y = item.center_y if item.nadir_y is None else item.nadir_y
    return squared_distance(x, y, point)
