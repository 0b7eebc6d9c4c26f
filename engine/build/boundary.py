"""The boundary: union of all footprints, generalised, so that it stays small however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SIMPLE_ENOUGH = 2000
_CHUNK = 2000


class BoundaryMaker:
    """Unite footprints as they come, in bounded memory.

    Parameters
    ----------
    known : bytes
        WKB of the boundary so far, b"" = none.
    """

    def __init__(self, known: bytes = b"") -> None:
        self._parts: list[shapely.Geometry] = [shapely.from_wkb(known)] if known else []
        self._waiting: list[bytes] = []

    def add(self, wkb: bytes) -> None:
        """Take one footprint."""
        self._waiting.append(wkb)
        if len(self._waiting) >= _CHUNK:
            self._unite()

    def _unite(self) -> None:
        shapes = shapely.from_wkb(self._waiting)
        self._waiting = []
        united = unite(shapes)
        if united is not None:
            self._parts.append(united)
        if len(self._parts) > 16:
            self._parts = [part for part in [unite(self._parts)] if part is not None]

    def result(self, pixel_size: float) -> bytes:
        """Return the boundary as WKB of a MULTIPOLYGON, b"" where nothing was added.

        Parameters
        ----------
        pixel_size : float
            Finest detail worth keeping, service units.
        """
        self._unite()
        united = unite(self._parts)
        if united is None:
            return b""
        return bytes(shapely.to_wkb(generalise(united, pixel_size), byte_order=1))


def unite(
    shapes: Sequence[shapely.Geometry] | Iterable[shapely.Geometry],
) -> shapely.Geometry | None:
    """Return the union of valid, non-empty polygons, None for none."""
    found = np.array(list(shapes), dtype=object)
    if not found.size:
        return None
    found = shapely.make_valid(found)
    found = found[~shapely.is_empty(found)]
    return shapely.union_all(found) if found.size else None


def generalise(shape: shapely.Geometry, pixel_size: float) -> shapely.MultiPolygon:
    """Return the shape with hairlines between neighbours closed and few enough points."""
    tolerance = pixel_size
    # Neighbours that touch leave slits of rounding: closed by growing and shrinking.
    shape = shape.buffer(tolerance, join_style="mitre").buffer(-tolerance, join_style="mitre")
    simple = shape.simplify(tolerance)
    while shapely.get_num_coordinates(simple) > _SIMPLE_ENOUGH and tolerance < 1e9 * pixel_size:
        tolerance *= 4
        simple = shape.buffer(tolerance, join_style="mitre").buffer(-tolerance, join_style="mitre")
        simple = simple.simplify(tolerance)
    parts = [part for part in shapely.get_parts(simple) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon([part for part in parts if not part.is_empty])
