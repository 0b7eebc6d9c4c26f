"""What all items of a service, or one of them, have in common: the key properties that functions ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from engine.item import PRIMARY
from engine.request import ItemInput
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.catalog import Catalog
    from engine.functions.base import BandsInfo
    from engine.request import MosaicInput
    from engine.service import ImageService

Properties: TypeAlias = tuple[tuple[str, str | float], ...]

# Esri's names of fields; functions look for no others.
_FIELDS = (
    "SensorName",
    "PlatformName",
    "ProductName",
    "Values",
    "SunElevation",
    "ReflectanceGain",
    "ReflectanceBias",
)
# Of larger catalogs it takes too long to see whether all items agree.
_MOST_ITEMS = 200_000


def with_properties(
    info: BandsInfo, service: ImageService, leaf: MosaicInput | ItemInput
) -> BandsInfo:
    """Return what is known of a leaf of a rule with its key properties."""
    number = leaf.item if isinstance(leaf, ItemInput) else None
    known = service.properties_known
    if number not in known:
        known[number] = _properties(service.catalog, number)
    return replace(info, properties=known[number])


def _properties(catalog: Catalog, item: int | None) -> Properties:
    fields = {field.name.casefold(): field.name for field in catalog.fields}
    names = [fields[name.casefold()] for name in _FIELDS if name.casefold() in fields]
    if not names:
        return ()
    if item is not None:
        values = catalog.attributes_of([item]).get(item, {})
        return _told({name: values.get(name) for name in names})
    if catalog.summary.item_count > _MOST_ITEMS:
        return ()
    columns = ", ".join(f"MIN({quote(name)}), MAX({quote(name)})" for name in names)
    # Thermal and panchromatic companions, and overviews, have facts of their own.
    own = f" WHERE {quote(fields['category'])} = {PRIMARY}" if "category" in fields else ""
    (row,) = catalog.rows(f"SELECT {columns} FROM items{own}")
    pairs = zip(names, row[::2], row[1::2], strict=True)
    return _told({name: low for name, low, high in pairs if low == high})


def _told(values: dict[str, object]) -> Properties:
    return tuple(
        (name.casefold(), value)
        for name, value in values.items()
        if isinstance(value, str | int | float) and value != ""
    )
