"""The items between which seamlines run, and which of two wins a place by itself.

Rules: ZOrder comes first, then the ground pixel size in bands of a factor of two, as in all mosaic
orders: seamlines run between items of one rank, and others get what those above leave.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely

from engine.size_bands import size_band, size_edges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from engine.build.item_row import PrimaryRow
    from engine.results import AttributeValue

Shape = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An item.

    Attributes
    ----------
    rank : tuple
        Of two items with different ranks the lesser wins wherever they overlap.
    shape : polygon or multipolygon
        Its footprint, valid.
    fixed : polygon, multipolygon or None
        A seamline drawn by hand, which stays.
    low_ps : float
        Its finest pixel size.
    fingerprint : str
        Of its rasters as built.
    """

    id: int
    rank: tuple[object, ...]
    shape: Shape
    low_ps: float
    fixed: Shape = None
    fingerprint: str = ""

    @property
    def power(self) -> tuple[float, float, float]:
        """Centre x, y and the square of half the side of a square as large.

        Borders where distances from centres, less these squares, are equal run through the overlap of
        items of different sizes, too.
        """
        center = shapely.centroid(self.shape)
        return float(center.x), float(center.y), float(shapely.area(self.shape)) / 4.0


def make_members(
    rows: Iterable[PrimaryRow],
    chosen: Collection[int] | None,
    fixed: dict[int, bytes],
    order: tuple[str, bool] | None,
) -> list[Member]:
    """Return the items with a footprint, in order of OBJECTID.

    Parameters
    ----------
    chosen
        OBJECTIDs; None = all.
    fixed
        Seamlines that stay, WKB.
    order : (field, descending) or None
        Rank by a field, null last, so that no two are equal; "" = by OBJECTID alone.
    """
    kept = [row for row in rows if row.wkb and (chosen is None or row.id in chosen)]
    edges = size_edges(row.low_ps for row in kept if row.low_ps > 0)
    ranks = _ordered(kept, order, edges) if order else _tiers(kept, edges)
    members = []
    for row in kept:
        shape = _valid(shapely.from_wkb(row.wkb))
        if shape is None:
            continue
        drawn = fixed.get(row.id)
        members.append(
            Member(
                id=row.id,
                rank=ranks[row.id],
                shape=shape,
                low_ps=row.low_ps,
                fixed=_valid(shapely.from_wkb(drawn)) if drawn else None,
                fingerprint=row.fingerprint,
            )
        )
    return members


def _tiers(rows: Sequence[PrimaryRow], edges: Sequence[float]) -> dict[int, tuple[object, ...]]:
    return {row.id: (_z(dict(row.attributes)), size_band(row.low_ps, edges)) for row in rows}


def _ordered(
    rows: Sequence[PrimaryRow], order: tuple[str, bool], edges: Sequence[float]
) -> dict[int, tuple[object, ...]]:
    """Rank as the mosaic method ByAttribute: ZOrder, field (null last), size, OBJECTID."""
    field, descending = order
    keys = {}
    for row in rows:
        attributes = dict(row.attributes)
        value = row.id if field in ("", "OBJECTID") else attributes.get(field)
        keys[row.id] = (attributes, value, size_band(row.low_ps, edges))
    values = sorted(
        {_comparable(value) for _, value, _ in keys.values() if value is not None},
        reverse=descending,
    )
    place = {value: number for number, value in enumerate(values)}
    return {
        fid: (
            _z(attributes),
            len(place) if value is None else place[_comparable(value)],
            band,
            fid,
        )
        for fid, (attributes, value, band) in keys.items()
    }


def _comparable(value: AttributeValue) -> tuple[bool, float, str]:
    """Return numbers before texts; dates are ISO text, which orders as it is."""
    is_text = isinstance(value, str)
    return is_text, 0.0 if is_text else float(value or 0), str(value) if is_text else ""


def _z(attributes: dict[str, AttributeValue]) -> float:
    value = attributes.get("ZOrder")
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _valid(shape: Shape) -> Shape:
    """Return the polygons of a shape, None where there are none."""
    if not shapely.is_valid(shape):
        shape = shapely.make_valid(shape)
    parts = [
        part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 0
    ]
    if not parts:
        parts = [
            each
            for part in shapely.get_parts(shape)
            for each in shapely.get_parts(part)
            if each.geom_type == "Polygon" and each.area > 0
        ]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
