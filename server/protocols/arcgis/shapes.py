"""WKB footprints on their way out: Esri rings and GeoJSON, rounded and thinned as asked.

Runs in instances; shapely is imported inside because the front imports the operations too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Rings: TypeAlias = list[list[list[float]]]
# Of shapely.get_type_id.
_POLYGON = 3


@dataclass(frozen=True, slots=True)
class Drawing:
    """How outlines are written: decimals kept (None = all) and a tolerance for thinning (0 = none)."""

    precision: int | None = None
    max_offset: float = 0.0

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Drawing:
        """Read what the front put into a job's options."""
        precision = options.get("precision", "")
        return cls(
            precision=int(precision) if precision else None,
            max_offset=float(options.get("max_offset", "0")),
        )


def any_geometry(wkb: bytes) -> dict[str, Any]:
    """Return a point, lines or polygons as Esri writes them, all digits kept; {} for other shapes."""
    import shapely  # noqa: PLC0415 -- see the module's head

    shape = shapely.from_wkb(wkb)
    if shape.geom_type == "Point":
        return {"x": shape.x, "y": shape.y}
    if shape.geom_type == "MultiPoint":
        return {"points": [[point.x, point.y] for point in shape.geoms]}
    lines = [part for part in shapely.get_parts(shape) if part.geom_type == "LineString"]
    if lines:
        return {"paths": [[[x, y] for x, y, *_ in line.coords] for line in lines]}
    return esri_geometry(wkb, Drawing()) or {}


def esri_geometries(wkbs: Sequence[bytes], drawing: Drawing) -> list[dict[str, Any] | None]:
    """Return `{"rings": …}` of each WKB, outer rings clockwise; None for no or an empty footprint."""
    return [
        {"rings": [ring for polygon in polygons for ring in polygon]} if polygons else None
        for polygons in _outlines(wkbs, drawing, clockwise=True)
    ]


def esri_geometry(wkb: bytes, drawing: Drawing) -> dict[str, Any] | None:
    """Return the geometry of one WKB; see `esri_geometries`."""
    return esri_geometries([wkb], drawing)[0]


def geojson_geometries(wkbs: Sequence[bytes], drawing: Drawing) -> list[dict[str, Any] | None]:
    """Return a Polygon or MultiPolygon of each WKB, outer rings counter-clockwise (RFC 7946, 3.1.6)."""
    return [_geojson(polygons) for polygons in _outlines(wkbs, drawing, clockwise=False)]


def _geojson(polygons: list[_Rings]) -> dict[str, Any] | None:
    if not polygons:
        return None
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _outlines(wkbs: Sequence[bytes], drawing: Drawing, *, clockwise: bool) -> list[list[_Rings]]:
    """Return the polygons of each WKB as rings of points, the outer ring first, turning as asked.

    All at once: a page has a thousand footprints, and a call for each costs more than all the rest.
    """
    import numpy as np  # noqa: PLC0415 -- see the module's head
    import shapely  # noqa: PLC0415 -- see the module's head

    shapes = shapely.from_wkb(np.array([wkb or None for wkb in wkbs], object))
    if drawing.max_offset > 0:
        shapes = shapely.simplify(shapes, drawing.max_offset, preserve_topology=True)
    parts, owners = shapely.get_parts(shapes, return_index=True)
    is_drawn = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
    parts, owners = parts[is_drawn], owners[is_drawn]
    rings, part_of = shapely.get_rings(parts, return_index=True)
    coordinates, ring_of = shapely.get_coordinates(rings, return_index=True)
    if drawing.precision is not None:
        coordinates = np.round(coordinates, drawing.precision)
    points = coordinates.tolist()
    ends = np.searchsorted(ring_of, np.arange(len(rings)), side="right").tolist()
    is_outer = np.diff(part_of, prepend=-1) != 0
    is_turned = (shapely.is_ccw(rings) == is_outer) == clockwise
    polygons: list[_Rings] = [[] for _ in parts]
    first = 0
    for part, end, turned in zip(part_of.tolist(), ends, is_turned.tolist(), strict=True):
        ring = points[first:end]
        polygons[part].append(ring[::-1] if turned else ring)
        first = end
    found: list[list[_Rings]] = [[] for _ in wkbs]
    for owner, polygon in zip(owners.tolist(), polygons, strict=True):
        found[owner].append(polygon)
    return found
