"""Fields of a STAC item: its properties, the known ones under Esri's names."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, TypeAlias

from engine.build.catalog_schema import KNOWN_FIELDS, SYSTEM_FIELDS
from raster_types.adding.author_fields import parse_date_text
from raster_types.stac_files.stac_document import listed, mapping

if TYPE_CHECKING:
    from raster_types.stac_files.stac_document import Json

Attributes: TypeAlias = dict[str, str | int | float | None]

_TEXTS = {"platform": "PlatformName", "constellation": "Constellation"}
_NUMBERS = {
    "gsd": "GSD",
    "view:sun_azimuth": "SunAzimuth",
    "view:sun_elevation": "SunElevation",
    "view:azimuth": "SensorAzimuth",
    "view:off_nadir": "OffNadir",
}
_TREATED = {
    *_TEXTS,
    *_NUMBERS,
    "datetime",
    "start_datetime",
    "end_datetime",
    "eo:cloud_cover",
    "view:incidence_angle",
    "instruments",
    "title",
    "description",
}
_RESERVED = {
    name.casefold() for name in (*SYSTEM_FIELDS, *KNOWN_FIELDS, "CloudCover", "Constellation")
}
_MOST_FIELDS = 40
_MOST_CHARS = 500


def fields_of(body: Json) -> Attributes:
    """Return the fields of an item; other scalar properties under their own names, ":" as "_"."""
    properties = mapping(body.get("properties"))
    found: Attributes = {}
    date = properties.get("datetime") or properties.get("start_datetime")
    found["AcquisitionDate"] = parse_date_text(str(date)) if date else None
    for key, field in _TEXTS.items():
        if isinstance(properties.get(key), str):
            found[field] = str(properties[key])
    for key, field in _NUMBERS.items():
        found[field] = _number(properties.get(key))
    clouds = _number(properties.get("eo:cloud_cover"))
    if clouds is not None and 0 <= clouds <= 100:
        found["CloudCover"] = round(clouds / 100, 9)
    incidence = _number(properties.get("view:incidence_angle"))
    if incidence is not None:
        found["SensorElevation"] = 90.0 - abs(incidence)
    instruments = [str(each) for each in listed(properties.get("instruments"))]
    found["SensorName"] = ", ".join(instruments) or None
    collection = body.get("collection")
    found["ProductName"] = collection if isinstance(collection, str) else None
    own = _own(properties)
    return {**own, **{name: value for name, value in found.items() if value not in ("", None)}}


def _own(properties: Json) -> Attributes:
    found: Attributes = {}
    names: set[str] = set()
    for key, value in properties.items():
        name = _field_name(key)
        if key in _TREATED or key.startswith("proj:") or not name or name.casefold() in names:
            continue
        if isinstance(value, bool):
            found[name] = int(value)
        elif isinstance(value, str):
            found[name] = value[:_MOST_CHARS]
        else:
            number = _number(value)
            if number is None:
                continue
            found[name] = number
        names.add(name.casefold())
        if len(found) == _MOST_FIELDS:
            break
    return found


def _field_name(key: str) -> str:
    """Return a property's name as a field's; "" where it cannot be one, or is one of Swath's."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", key)[:60].strip("_")
    if not re.match(r"[A-Za-z]", name):
        return ""
    return f"stac_{name}" if name.casefold() in _RESERVED else name


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
