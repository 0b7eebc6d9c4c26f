"""Where an asset lies by its item, for files that do not say themselves.

References
----------
STAC extension projection 1 and 2: proj:epsg, proj:code, proj:wkt2, proj:shape, proj:transform, proj:bbox.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter
from engine.geometry.projection import canonical_crs, crs_of_wkt
from raster_types.stac_files.stac_document import listed, mapping

if TYPE_CHECKING:
    from engine.readers.header import RasterHeader
    from raster_types.stac_files.stac_document import Json


def placed_header(header: RasterHeader, asset: Json, item: Json) -> RasterHeader:
    """Return a file's header, placed as its item says where the file does not."""
    if header.geotransform is not None and header.crs:
        return header
    places = (asset, mapping(item.get("properties")))
    changes: dict[str, object] = {}
    if not header.crs:
        changes["crs"] = _crs(places)
    if header.geotransform is None and not header.has_rpcs:
        found = _geotransform(places, header)
        if found is not None:
            changes["geotransform"] = found
    return msgspec.structs.replace(header, **changes)


def _crs(places: tuple[Json, ...]) -> str:
    for place in places:
        code, number, wkt = place.get("proj:code"), place.get("proj:epsg"), place.get("proj:wkt2")
        try:
            if isinstance(code, str) and code:
                return canonical_crs(code, "proj:code")
            if isinstance(number, int):
                return canonical_crs(f"EPSG:{number}", "proj:epsg")
            if isinstance(wkt, str) and wkt:
                return crs_of_wkt(wkt)
        except InvalidParameter:
            continue
    return ""


def _geotransform(
    places: tuple[Json, ...], header: RasterHeader
) -> tuple[float, float, float, float, float, float] | None:
    for place in places:
        t = _numbers(place.get("proj:transform"))
        shape = _numbers(place.get("proj:shape"))
        if len(t) >= 6 and t[0] * t[4] - t[1] * t[3] != 0:
            # The file may be a reduced copy of what the item describes.
            rows, cols = shape if len(shape) == 2 else (header.height, header.width)
            x, y = cols / header.width, rows / header.height
            return t[2], t[0] * x, t[1] * y, t[5], t[3] * x, t[4] * y
        box = _numbers(place.get("proj:bbox"))
        if len(box) == 4 and box[0] < box[2] and box[1] < box[3]:
            step_x, step_y = (box[2] - box[0]) / header.width, (box[3] - box[1]) / header.height
            return box[0], step_x, 0.0, box[3], 0.0, -step_y
    return None


def _numbers(value: object) -> list[float]:
    """Return the numbers of a JSON list, [] where it holds anything else."""
    found = [
        float(each)
        for each in listed(value)
        if isinstance(each, int | float) and math.isfinite(each)
    ]
    return found if len(found) == len(listed(value)) else []
