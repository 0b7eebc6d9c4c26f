"""Cut footprints into areas where one item wins: what others take of each is cut off it.

Each cell is worked out from an item and its neighbours alone, in bounded memory; borders are the same
lines seen from both sides, so cells neither overlap nor leave a gap but by rounding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.seamlines.members import Member, Shape

# Slivers of rounding, as a share of a pixel of the item.
_SLIVER = 1e-4


class Neighbours:
    """Which members overlap which."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self._tree = shapely.STRtree([member.shape for member in members])

    def of(self, number: int) -> list[int]:
        """Return the numbers of the members that overlap one, in order."""
        found = self._tree.query(self.members[number].shape, predicate="intersects")
        return sorted(int(n) for n in found if n != number)


def voronoi_cells(members: Sequence[Member]) -> Iterator[tuple[int, Shape]]:
    """Yield OBJECTID and area of each item, None where nothing is left of it.

    Of items of one rank the one whose centre is nearest wins, sizes taken into account.
    """
    neighbours = Neighbours(members)
    powers = [member.power for member in members]
    for number, member in enumerate(members):
        if member.fixed is not None:
            continue
        taken = []
        for other in neighbours.of(number):
            rival = members[other]
            if rival.fixed is not None:
                taken.append(rival.fixed)
            if rival.fixed is not None or rival.rank > member.rank:
                # One that is drawn by hand has what was drawn, and no more where others are.
                continue
            if rival.rank < member.rank:
                taken.append(rival.shape)
                continue
            half = _nearer_side(members, powers, other, number)
            if half is not None:
                taken.append(shapely.intersection(rival.shape, half))
        yield member.id, carved(member, taken)


def carved(member: Member, taken: Sequence[Shape]) -> Shape:
    """Return what others leave of a footprint, None for nothing."""
    left = member.shape
    if taken:
        left = shapely.difference(left, shapely.union_all(taken))
    return polygons_of(left, (_SLIVER * member.low_ps) ** 2)


def polygons_of(shape: Shape, least_area: float) -> Shape:
    """Return the polygons of a shape as one multipolygon, None for none."""
    parts: list[Any] = []
    for part in shapely.get_parts(shape):
        singles = shapely.get_parts(part) if part.geom_type != "Polygon" else [part]
        parts.extend(p for p in singles if p.geom_type == "Polygon" and p.area > least_area)
    return shapely.MultiPolygon(parts) if parts else None


def _nearer_side(
    members: Sequence[Member],
    powers: Sequence[tuple[float, float, float]],
    one: int,
    other: int,
) -> Shape:
    """Return the half plane, as far as both reach, where `one` is nearer than `other`; None = nowhere."""
    # The line is always worked out in the same order of the two: it must be the same from both sides.
    first, second = sorted((one, other), key=lambda n: members[n].id)
    (x0, y0, p0), (x1, y1, p1) = powers[first], powers[second]
    dx, dy = x1 - x0, y1 - y0
    length = math.hypot(dx, dy)
    boxes = shapely.total_bounds([members[first].shape, members[second].shape])
    reach = 2.0 * math.hypot(boxes[2] - boxes[0], boxes[3] - boxes[1])
    if length < 1e-9 * reach:
        # One upon the other: the larger has more power, then the lower OBJECTID.
        wins = first if p0 >= p1 else second
        return shapely.box(*boxes) if wins == one else None
    along = (length * length + p0 - p1) / (2.0 * length)
    ux, uy = dx / length, dy / length
    along = min(max(along, -reach), reach)
    mx, my = x0 + along * ux, y0 + along * uy
    a, b = (mx - uy * reach, my + ux * reach), (mx + uy * reach, my - ux * reach)
    depth = -2.0 * reach if one == first else 2.0 * reach
    return shapely.Polygon(
        [a, b, (b[0] + ux * depth, b[1] + uy * depth), (a[0] + ux * depth, a[1] + uy * depth)]
    )
