"""A mosaic order said to the catalog, so that the first of very many items are found unread.

Only views with more rasters than a mosaic may have need it. The names are columns of the compiled
definition's table `ranks`, called k: z (ZOrder, none as 0), size (on the ground, metres), x, y (centre)
and nadir_x, nadir_y; attributes are columns of `items`, called i.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NADIR_X = "COALESCE(k.nadir_x, k.x)"
NADIR_Y = "COALESCE(k.nadir_y, k.y)"


@dataclass(frozen=True, slots=True)
class Ranking:
    """An order as the terms of ORDER BY.

    Attributes
    ----------
    reads_attributes : bool
        Whether a term names a column of `items`.
    """

    sql: str
    parameters: tuple[float, ...] = ()
    reads_attributes: bool = False


def rank_by_distance(edges: Sequence[float], distance: Ranking, *, ascending: bool) -> Ranking:
    """Return the order by ZOrder, band of ground size, distance (turned or not) and OBJECTID."""
    band = rank_by_size_band(edges)
    turn = "" if ascending else " DESC"
    return Ranking(
        f"k.z, {band.sql}, {distance.sql}{turn}, k.id", band.parameters + distance.parameters
    )


def rank_by_size_band(edges: Sequence[float]) -> Ranking:
    """Return the number of the band of ground size, as `engine.size_bands.size_band`."""
    crossed = " + ".join(["0", *("(k.size >= ?)" for _ in edges)])
    coarsest = len(edges) + 1
    return Ranking(f"CASE WHEN k.size > 0 THEN {crossed} ELSE {coarsest} END", tuple(edges))


def squared_distance_sql(x: str, y: str, point: tuple[float, float]) -> Ranking:
    """Return the square of the distance of x, y from a point."""
    px, py = point
    return Ranking(f"({x} - ?) * ({x} - ?) + ({y} - ?) * ({y} - ?)", (px, px, py, py))
