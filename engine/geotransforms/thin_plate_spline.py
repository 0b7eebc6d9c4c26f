"""The thin-plate spline: bends as little as it can while it meets every ground control point.

References
----------
Bookstein (1989), Principal warps: thin-plate splines and the decomposition of deformations,
doi:10.1109/34.24792.
Wahba (1990), Spline models for observational data, section 4.2 (leaving one point out).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import (
    Frame,
    Gcp,
    check_unique_places,
    checked_gcps,
    frame_of,
    least_squares,
    polynomial_terms,
)
from engine.geotransforms.positions import INVERSE_TOLERANCE, as_positions
from engine.kernel import kernel

if TYPE_CHECKING:
    from engine.geotransforms.positions import Floats

# Each evaluation visits all points, and the system grows with their square: 72 MB at this many.
MAX_POINTS = 3000


class ThinPlateSpline(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="ThinPlateSpline",
):
    """A thin-plate spline through ground control points, at least three that are not on one line."""

    gcps: tuple[Gcp, ...]

    def bind(self) -> ThinPlateSplineTransform:
        """Solve for the spline.

        Raises
        ------
        InvalidParameter
            Too few or too many points, all on one line, or two that contradict each other.
        """
        if len(self.gcps) > MAX_POINTS:
            raise InvalidParameter("gcps", f"{len(self.gcps)} points", f"at most {MAX_POINTS}")
        points = checked_gcps(self.gcps, 3)
        check_unique_places(self.gcps)
        to_source = _fit(points.output, points.source)
        return ThinPlateSplineTransform(to_source, _fit(points.source, points.output))


@dataclass(frozen=True, slots=True)
class Spline:
    """One direction of a spline.

    Attributes
    ----------
    knots : float64 (n, 2)
        In the frame's coordinates.
    weights : float64 (n + 3, 2)
        Of the knots, then of 1, u, v.
    left_out : float64 (n, 2)
        By how much each point would be missed by the spline through the others.
    """

    frame: Frame
    knots: Floats
    weights: Floats
    left_out: Floats

    def numbers(self) -> Floats:
        """Return the frame as the kernels take it."""
        return np.concatenate([self.frame.center, self.frame.scale])


def _fit(places: Floats, values: Floats) -> Spline:
    """Return the spline that is `values` at `places`, both (n, 2)."""
    frame = frame_of(places, uniform=True)
    knots = np.ascontiguousarray(frame.local(places))
    own = frame_of(places, uniform=False)
    # Refuses points on one line, whatever the scales of the axes.
    least_squares(own.local(places), values, 1)
    count = len(knots)
    terms = polynomial_terms(knots, 1)
    system = np.zeros((count + 3, count + 3))
    squares = np.subtract.outer(knots[:, 0], knots[:, 0]) ** 2
    squares += np.subtract.outer(knots[:, 1], knots[:, 1]) ** 2
    system[:count, :count] = squares * np.log(np.where(squares > 0, squares, 1.0))
    system[:count, count:] = terms
    system[count:, :count] = terms.T
    center = values.mean(axis=0)
    right = np.zeros((count + 3, 2))
    right[:count] = values - center
    try:
        inverse = np.linalg.inv(system)
    except np.linalg.LinAlgError as error:
        raise _nearly_one_place(count) from error
    weights = inverse @ right
    # One step of refinement: the inverse alone loses digits where points stand close together.
    weights += inverse @ (right - system @ weights)
    diagonal = np.diagonal(inverse)[:count, np.newaxis]
    bends = np.abs(diagonal) > 1e-12
    left_out = np.where(bends, -weights[:count] / np.where(bends, diagonal, 1.0), np.nan)
    weights[count] += center
    if not np.isfinite(weights).all():
        raise _nearly_one_place(count)
    return Spline(frame, knots, weights, left_out)


def _nearly_one_place(count: int) -> InvalidParameter:
    return InvalidParameter("gcps", f"{count} points", "points that do not nearly share a place")


@dataclass(frozen=True, slots=True)
class ThinPlateSplineTransform:
    """A spline from output to source; the spline of the other direction starts its inverse."""

    spline: Spline
    reverse: Spline

    def to_source(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where output positions come from."""
        return _evaluate(self.spline, x, y)

    def to_output(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where source positions go to; NaN where the iteration does not converge."""
        x, y = as_positions(x, y)
        out_x, out_y = _evaluate(self.reverse, x, y)
        spline = self.spline
        _invert_spline_kernel(
            np.stack([x, y]), spline.knots, spline.weights, spline.numbers(), out_x, out_y
        )
        return out_x, out_y

    def left_out_residuals(self) -> Floats:
        """Return by how much each point would be missed if it had been left out.

        A spline meets its own points, so its residuals say nothing; these find a bad point.

        Returns
        -------
        float64 (n, 2)
            Predicted minus given, columns and rows in pixels of the source, in the order of the points
            without repeated ones. NaN for a point without which the rest is on one line.
        """
        return self.spline.left_out


def _evaluate(spline: Spline, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    x, y = as_positions(x, y)
    out_x, out_y = np.empty_like(x), np.empty_like(y)
    _evaluate_spline_kernel(
        np.stack([x, y]), spline.knots, spline.weights, spline.numbers(), out_x, out_y
    )
    return out_x, out_y


@kernel
def _evaluate_spline_kernel(places, knots, weights, numbers, out_x, out_y):
    count = knots.shape[0]
    for i in range(places.shape[1]):
        u, v = (places[0, i] - numbers[0]) / numbers[2], (places[1, i] - numbers[1]) / numbers[3]
        sum_x = weights[count, 0] + weights[count + 1, 0] * u + weights[count + 2, 0] * v
        sum_y = weights[count, 1] + weights[count + 1, 1] * u + weights[count + 2, 1] * v
        for k in range(count):
            du, dv = u - knots[k, 0], v - knots[k, 1]
            square = du * du + dv * dv
            if square > 0.0:
                bend = square * math.log(square)
                sum_x += weights[k, 0] * bend
                sum_y += weights[k, 1] * bend
        out_x[i], out_y[i] = sum_x, sum_y


@kernel
def _slopes(u, v, knots, weights, slopes):
    """Values and slopes of both splines at one place: x, y, dx/du, dx/dv, dy/du, dy/dv."""
    count = knots.shape[0]
    for axis in range(2):
        a, b, c = weights[count, axis], weights[count + 1, axis], weights[count + 2, axis]
        slopes[axis] = a + b * u + c * v
        slopes[2 + 2 * axis], slopes[3 + 2 * axis] = b, c
    for k in range(count):
        du, dv = u - knots[k, 0], v - knots[k, 1]
        square = du * du + dv * dv
        if square > 0.0:
            log = math.log(square)
            steep = 2.0 * (log + 1.0)
            for axis in range(2):
                weight = weights[k, axis]
                slopes[axis] += weight * square * log
                slopes[2 + 2 * axis] += weight * steep * du
                slopes[3 + 2 * axis] += weight * steep * dv


@kernel
def _invert_spline_kernel(sources, knots, weights, numbers, out_x, out_y):
    """Newton's method from the places in out_x, out_y."""
    s = np.empty(6)
    for i in range(sources.shape[1]):
        u, v = (out_x[i] - numbers[0]) / numbers[2], (out_y[i] - numbers[1]) / numbers[3]
        error = np.inf
        for _ in range(30):
            _slopes(u, v, knots, weights, s)
            miss_x, miss_y = sources[0, i] - s[0], sources[1, i] - s[1]
            before, error = error, abs(miss_x) + abs(miss_y)
            is_settled = error < INVERSE_TOLERANCE and error >= before
            if error == 0.0 or is_settled or not error < np.inf:
                break
            determinant = s[2] * s[5] - s[3] * s[4]
            u += (s[5] * miss_x - s[3] * miss_y) / determinant
            v += (s[2] * miss_y - s[4] * miss_x) / determinant
        is_found = error < INVERSE_TOLERANCE
        out_x[i] = numbers[0] + u * numbers[2] if is_found else np.nan
        out_y[i] = numbers[1] + v * numbers[3] if is_found else np.nan
