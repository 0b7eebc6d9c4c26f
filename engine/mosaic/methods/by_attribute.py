"""ByAttribute: by a field of the service table, nearest to a value first where one is given."""

from collections.abc import Sequence

from engine.dates import parse_date
from engine.item import Item
from engine.mosaic.methods.base import OrderView, OwnKey, ordered


class ByAttribute:
    """Order by a field; with a sort value by the absolute difference to it."""

    depends_on_view = False

    def order(self, items: Sequence[Item], view: OrderView) -> list[Item]:
        """Return the items by the field's value."""
        target = view.sort_value

        def own_key(item: Item) -> OwnKey:
            value = view.attribute_values.get(item.id)
            if target is None or target == "" or value is None or isinstance(value, str):
                return value
            return abs(float(value) - _number(target))

        return ordered(items, view, own_key, key_before_size=True)


def _number(target: float | str) -> float:
    if isinstance(target, str):
        try:
            return float(target)
        except ValueError:
            return float(parse_date(target, "sortValue"))
    return float(target)
