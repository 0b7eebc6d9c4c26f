"""WKB footprints on their way out: Esri rings and GeoJSON, rounded and thinned as asked.

Runs in instances; shapely is imported inside because the front imports the operations too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry import Polygon
    from shapely.geometry.base import BaseGeometry


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


def esri_geometry(wkb: bytes, drawing: Drawing) -> dict[str, Any] | None:
    """Return `{"rings": …}` with outer rings clockwise; None for no or an empty footprint."""
    polygons = _polygons(wkb, drawing)
    rings = []
    for polygon in polygons:
        rings.append(_ring(polygon.exterior.coords, drawing))
        rings.extend(_ring(hole.coords, drawing) for hole in polygon.interiors)
    return {"rings": rings} if rings else None


def geojson_geometry(wkb: bytes, drawing: Drawing) -> dict[str, Any] | None:
    """Return a Polygon or MultiPolygon with outer rings counter-clockwise (RFC 7946, 3.1.6)."""
    parts = []
    for polygon in _polygons(wkb, drawing):
        rings = [polygon.exterior, *polygon.interiors]
        parts.append([_ring(reversed(ring.coords), drawing) for ring in rings])
    if not parts:
        return None
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _polygons(wkb: bytes, drawing: Drawing) -> list[Polygon]:
    """Return the polygons of a WKB, exteriors clockwise."""
    if not wkb:
        return []
    import shapely  # noqa: PLC0415 -- see the module's head
    from shapely.geometry.polygon import orient  # noqa: PLC0415 -- see the module's head

    geometry: BaseGeometry = shapely.from_wkb(wkb)
    if drawing.max_offset > 0:
        geometry = shapely.simplify(geometry, drawing.max_offset, preserve_topology=True)
    parts = shapely.get_parts(geometry)
    return [
        orient(part, sign=-1.0)
        for part in parts
        if part.geom_type == "Polygon" and not part.is_empty
    ]


def _ring(coordinates: Any, drawing: Drawing) -> list[list[float]]:
    if drawing.precision is None:
        return [[vertex[0], vertex[1]] for vertex in coordinates]
    digits = drawing.precision
    return [[round(vertex[0], digits), round(vertex[1], digits)] for vertex in coordinates]
