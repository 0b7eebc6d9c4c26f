"""ByAttribute: by a field of the service table, or by its distance from a value.

The attribute counts before the ground pixel size: the newest scene is on top even where a finer old
one exists. Nulls are last whichever way the order goes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.dates import parse_date_ms
from engine.mosaic.ranking import Ranking, rank_by_size_band
from engine.size_bands import size_band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView
    from engine.results import AttributeValue

depends_on_view = False


def order(items: Sequence[Item], view: OrderView) -> list[Item]:
    """Return the items by ZOrder, attribute, band of ground size and OBJECTID."""
    base = number_of_sort_value(view.sort_value)
    # Stable sorts from the last key to the first: texts have no negative, so a turned order of
    # texts cannot be one key.
    ordered = sorted(
        items, key=lambda item: (size_band(item.ground_size_m, view.size_edges), item.id)
    )
    ordered.sort(
        key=lambda item: _key(view.attribute_values.get(item.id), base), reverse=not view.ascending
    )
    ordered.sort(
        key=lambda item: (item.z_order or 0.0, _is_null(view.attribute_values.get(item.id)))
    )
    return ordered


def number_of_sort_value(value: str | float | None) -> float | None:
    """Return a sort value as the number to take distances from, None where there is none.

    Texts may be numbers or dates (YYYY/MM/DD or ISO, as milliseconds since 1970 UTC); other texts are
    no place to measure from, and the field's own order stands.
    """
    if value is None or isinstance(value, int | float):
        return None if value is None or not math.isfinite(value) else float(value)
    try:
        number = float(value)
    except ValueError:
        date = parse_date_ms(value)
        return None if date is None else float(date)
    return number if math.isfinite(number) else None


def _is_null(value: AttributeValue) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _key(value: AttributeValue, base: float | None) -> tuple[int, float, str]:
    """Return a key that compares for all kinds of values: numbers before texts."""
    if isinstance(value, str):
        return (1, 0.0, value)
    if value is None or _is_null(value):
        return (2, 0.0, "")
    return (0, float(value) if base is None else abs(value - base), "")


def rank(view: OrderView) -> Ranking:
    """Return the same order said to the catalog; SQLite too has numbers before texts."""
    base = number_of_sort_value(view.sort_value)
    value = f"i.{view.sort_column}"
    key = value
    parameters: tuple[float, ...] = ()
    if base is not None:
        key = f"CASE WHEN typeof({value}) = 'text' THEN {value} ELSE abs({value} - ?) END"
        parameters = (base,)
    band = rank_by_size_band(view.size_edges)
    turn = "" if view.ascending else " DESC"
    return Ranking(
        f"k.z, {value} IS NULL, {key}{turn}, {band.sql}, k.id",
        (*parameters, *band.parameters),
        reads_attributes=True,
    )
