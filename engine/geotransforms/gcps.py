"""Ground control points, and least squares through them.

Everything is fitted in centred and scaled coordinates: the cubes of UTM northings would leave float64 no
digits. Positions of points are level-0 pixels with the corner origin, like everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.geotransforms.positions import Floats

# Of the singular values of the equations: below it the points do not determine the fit. Points on a
# line give 1e-16 to 1e-8 (their coordinates are rounded), usable sets 1e-4 and more.
_RANK = 1e-6
# Axes are scaled each by itself, but not by more than this: of points on a line along one axis, the
# rounding errors of the other would else look like a spread.
_FLATTEST = 1e-3
_TERMS = {1: 3, 2: 6, 3: 10}


class Gcp(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A ground control point: where a position in the image lies in output coordinates.

    Attributes
    ----------
    col, row : float
        Position in the source, corner origin.
    x, y : float
        Output coordinates.
    z : float or None
        Height in metres, where the point has one; transforms in the plane do not use it.
    """

    col: float
    row: float
    x: float
    y: float
    z: float | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A shift and scales that bring coordinates to about -1 to 1.

    Attributes
    ----------
    center, scale : float64 (2,)
        local = (coordinate - center) / scale
    """

    center: Floats
    scale: Floats

    def local(self, positions: Floats) -> Floats:
        """Return positions (n, 2) in the frame."""
        return (positions - self.center) / self.scale


@dataclass(frozen=True, slots=True)
class ControlPoints:
    """Checked control points as arrays.

    Attributes
    ----------
    source, output : float64 (n, 2)
        (col, row) and (x, y).
    """

    source: Floats
    output: Floats


def checked_gcps(gcps: Sequence[Gcp], least: int) -> ControlPoints:
    """Return points as arrays, each place in the output once.

    Raises
    ------
    InvalidParameter
        Fewer than `least` different points, a value that is not finite.
    """
    for gcp in gcps:
        numbers = (gcp.col, gcp.row, gcp.x, gcp.y)
        if not all(math.isfinite(number) for number in numbers):
            raise InvalidParameter("gcps", _named(gcp), "finite positions and coordinates")
    rows = np.array([(p.col, p.row, p.x, p.y) for p in gcps], np.float64).reshape(-1, 4)
    _, first = np.unique(rows, axis=0, return_index=True)
    if first.size < least:
        raise InvalidParameter("gcps", f"{first.size} different points", f"at least {least}")
    rows = rows[np.sort(first)]
    return ControlPoints(np.ascontiguousarray(rows[:, :2]), np.ascontiguousarray(rows[:, 2:]))


def check_unique_places(gcps: Sequence[Gcp]) -> None:
    """Refuse two points at one place of the output or of the source that differ in the other.

    Raises
    ------
    InvalidParameter
    """
    by_output: dict[tuple[float, float], Gcp] = {}
    by_source: dict[tuple[float, float], Gcp] = {}
    for gcp in gcps:
        here, there = (gcp.x, gcp.y), (gcp.col, gcp.row)
        known = by_output.setdefault(here, gcp)
        other = by_source.setdefault(there, gcp)
        clash = known if (known.col, known.row) != there else other
        if (clash.x, clash.y, clash.col, clash.row) != (*here, *there):
            both = f"{_named(clash)} and {_named(gcp)}"
            raise InvalidParameter("gcps", both, "one position in the source for each place")


def frame_of(positions: Floats, *, uniform: bool) -> Frame:
    """Return the frame in which positions (n, 2) reach from -1 to 1.

    Parameters
    ----------
    uniform
        One scale for both axes (thin-plate splines are not invariant to anything else).
    """
    low, high = positions.min(axis=0), positions.max(axis=0)
    scale = (high - low) / 2
    scale = np.maximum(scale, scale.max() * (1.0 if uniform else _FLATTEST))
    return Frame((low + high) / 2, np.where(scale > 0, scale, 1.0))


def polynomial_terms(local: Floats, order: int) -> Floats:
    """Return 1, u, v, u², uv, v², u³, u²v, uv², v³ up to `order`, as (n, terms)."""
    u, v = local[:, 0], local[:, 1]
    terms = [np.ones_like(u), u, v, u * u, u * v, v * v, u**3, u * u * v, u * v * v, v**3]
    return np.stack(terms[: _TERMS[order]], axis=1)


def term_count(order: int) -> int:
    """Return how many terms a polynomial of an order in two variables has.

    Raises
    ------
    InvalidParameter
        The order is not 1, 2 or 3.
    """
    if order not in _TERMS:
        raise InvalidParameter("order", order, "1, 2 or 3")
    return _TERMS[order]


def least_squares(local: Floats, targets: Floats, order: int) -> Floats:
    """Fit polynomials of `local` to `targets` (both (n, 2)); return (2, terms).

    Raises
    ------
    InvalidParameter
        The points do not determine the polynomial: on one line (order 1), one conic (2), one cubic (3).
    """
    terms = polynomial_terms(local, order)
    answer, _, _, singular = np.linalg.lstsq(terms, targets, rcond=None)
    if singular[-1] <= _RANK * singular[0]:
        curve = {1: "one line", 2: "one conic (line, circle …)", 3: "one cubic curve"}[order]
        raise InvalidParameter(
            "gcps", f"{len(local)} points on {curve}", "points spread in the plane"
        )
    return np.ascontiguousarray(answer.T)


def _named(gcp: Gcp) -> str:
    name = f"{gcp.id} " if gcp.id else ""
    return f"{name}({gcp.col:g}, {gcp.row:g}) at ({gcp.x:.10g}, {gcp.y:.10g})"
