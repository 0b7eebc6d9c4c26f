"""What the catalog knows of the sensor, the sun and the clouds: of one item, or where all items agree.

References
----------
ArcGIS REST API, image service: key properties (names of acquisition properties).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from engine.item import PRIMARY
from engine.results import KeyPropertiesResult
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.catalog import Catalog
    from engine.render_work import Work
    from engine.request import KeyPropertiesRequest
    from engine.results import AttributeValue
    from engine.service import ImageService

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
)
# Of larger catalogs it takes too long to see whether all items agree.
_MOST_ITEMS = 200_000


class _Kept:
    """What all items have in common, by service; one that is closed takes its own along."""

    by_service: ClassVar[WeakKeyDictionary[ImageService, dict[str, AttributeValue]]] = (
        WeakKeyDictionary()
    )


def key_properties(request: KeyPropertiesRequest, work: Work) -> KeyPropertiesResult:
    """Return the properties that are known, under Esri's names.

    Raises
    ------
    ItemNotFound
    """
    catalog = work.service.catalog
    fields = {field.name.casefold(): field.name for field in catalog.fields}
    asked = {name: fields[name.casefold()] for name in _FIELDS if name.casefold() in fields}
    if request.item is not None:
        catalog.item(request.item)
        values = catalog.attributes_of([request.item]).get(request.item, {})
        return _told({name: values.get(field) for name, field in asked.items()})
    known = _Kept.by_service.get(work.service)
    if known is None:
        known = _Kept.by_service[work.service] = _common(catalog, asked)
    return _told(known)


def _told(values: dict[str, AttributeValue]) -> KeyPropertiesResult:
    return KeyPropertiesResult(
        properties={name: value for name, value in values.items() if _is_told(value)}
    )


def _common(catalog: Catalog, asked: dict[str, str]) -> dict[str, AttributeValue]:
    """Return what all primaries have in common."""
    if not asked or catalog.summary.item_count > _MOST_ITEMS:
        return {}
    has_category = any(field.name.casefold() == "category" for field in catalog.fields)
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
