"""Where a service lies, in each CRS that capabilities list for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.extent import WORLD, Extent
from server.protocols.wms.coordinate_systems import MapCrs, named_crs

if TYPE_CHECKING:
    from engine.summary import ServiceSummary
    from server.protocols.wms.versions import Version

_EVERYWHERE = ("EPSG:3857", "EPSG:4326", "EPSG:4269")
# Wider than this a service is in no UTM zone.
_MOST_DEGREES = 12.0
_UTM_LATITUDES = (-80.0, 84.0)


@dataclass(frozen=True, slots=True)
class LayerBox:
    """The box of a service in a CRS, x east and y north; None = it has no place there."""

    crs: MapCrs
    box: Extent | None


def lonlat_box(summary: ServiceSummary) -> Extent:
    """Return longitudes and latitudes from -180 to 180: all of them where a service lies across the edge."""
    box = summary.extent_lonlat
    inside = None if box is None else box.intersection(WORLD)
    if box is None or inside is None:
        return WORLD
    if box.xmin < WORLD.xmin or box.xmax > WORLD.xmax:
        return Extent(WORLD.xmin, inside.ymin, WORLD.xmax, inside.ymax)
    return inside


def layer_boxes(summary: ServiceSummary, version: Version) -> tuple[LayerBox, ...]:
    """Return the CRSs to list, the service's own first."""
    own = summary.crs if ":" in summary.crs and "[" not in summary.crs else ""
    area = lonlat_box(summary)
    keys = [own, *_EVERYWHERE, _utm_zone(area)]
    known = {summary.crs: summary.extent, "EPSG:4326": area}
    if summary.extent_mercator is not None:
        known.setdefault("EPSG:3857", summary.extent_mercator)
    found = [
        LayerBox(
            named_crs(key, version),
            known[key] if key in known else _transformed(summary.crs, key, summary.extent, area),
        )
        for key in dict.fromkeys(keys)
        if key
    ]
    if version == "1.3.0":
        found.append(LayerBox(named_crs("CRS:84", version), area))
    return tuple(found)


def _utm_zone(area: Extent) -> str:
    south, north = _UTM_LATITUDES
    if area.width > _MOST_DEGREES or area.ymin < south or area.ymax > north:
        return ""
    zone = min(60, math.floor((area.center_x + 180.0) / 6.0) + 1)
    return f"EPSG:{32600 + zone if area.center_y >= 0 else 32700 + zone}"


@lru_cache(maxsize=1024)
def _transformed(from_crs: str, to_crs: str, extent: Extent, area: Extent) -> Extent | None:
    # The front must stay light until somebody asks.
    from engine.geometry.extent_transform import transform_extent  # noqa: PLC0415 -- see above
    from engine.geometry.projection import operation  # noqa: PLC0415 -- see above

    try:
        box = transform_extent(operation(from_crs, to_crs, area).pipeline, extent)
    except InvalidParameter:
        return None
    return box if box is not None and box.is_finite else None
