"""What all items of a service, or one of them, have in common: the key properties that clients and functions ask for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.item import PRIMARY
from engine.request_parts import ItemInput
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.catalog import Catalog
    from engine.functions.base import BandsInfo
    from engine.request_parts import MosaicInput
    from engine.results import AttributeValue
    from engine.service import ImageService

# Esri's names of fields.
_FIELDS = (
    "SensorName",
    "PlatformName",
    "ProductName",
    "AcquisitionDate",
    "AcqDate",
    "CloudCover",
    "SunAzimuth",
    "SunElevation",
    "SensorAzimuth",
    "SensorElevation",
    "OffNadir",
    "GroundSampleDistance",
    "ReflectanceGain",
    "ReflectanceBias",
    "Values",
)
# What may stand in a condition on key properties, in lower case.
KEY_FIELDS = frozenset(name.casefold() for name in _FIELDS)
# Of larger catalogs it takes too long to see whether all items agree.
_MOST_ITEMS = 200_000


def with_properties(
    info: BandsInfo, service: ImageService, leaf: MosaicInput | ItemInput
) -> BandsInfo:
    """Return what is known of a leaf of a rule with its key properties."""
    known = known_values(service, leaf.item if isinstance(leaf, ItemInput) else None)
    properties = tuple(
        (name.casefold(), value)
        for name, value in known.items()
        if isinstance(value, str | int | float)
    )
    return replace(info, properties=properties)


def known_values(service: ImageService, item: int | None) -> Mapping[str, AttributeValue]:
    """Return what is known of an item, or (None) what all primaries have in common, by Esri's names."""
    kept = service.properties_known
    found = kept.get(item)
    if found is None:
        found = kept[item] = _values(service.catalog, item)
    return found


def _values(catalog: Catalog, item: int | None) -> dict[str, AttributeValue]:
    fields = {field.name.casefold(): field.name for field in catalog.fields}
    asked = {name: fields[name.casefold()] for name in _FIELDS if name.casefold() in fields}
    if item is not None:
        own = catalog.attributes_of([item]).get(item, {})
        values = {name: own.get(field) for name, field in asked.items()}
    else:
        values = _common(catalog, asked, has_category="category" in fields)
    return {name: value for name, value in values.items() if _is_told(value)}


def _common(
    catalog: Catalog, asked: dict[str, str], *, has_category: bool
) -> dict[str, AttributeValue]:
    """Return what all primaries have in common; companions and overviews have facts of their own."""
    if not asked or catalog.summary.item_count > _MOST_ITEMS:
        return {}
    where = f" WHERE coalesce(Category, {PRIMARY}) = {PRIMARY}" if has_category else ""
    columns = ", ".join(
        f"MIN({quote(field)}), MAX({quote(field)}), COUNT(*) - COUNT({quote(field)})"
        for field in asked.values()
    )
    (row,) = catalog.rows(f"SELECT {columns} FROM items{where}")
    groups = zip(asked, row[::3], row[1::3], row[2::3], strict=True)
    return {name: low for name, low, high, missing in groups if low == high and not missing}


def _is_told(value: AttributeValue) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return value not in (None, "")
