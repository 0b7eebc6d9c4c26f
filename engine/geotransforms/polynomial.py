"""Polynomial geotransforms of order 1 to 3, by coefficients or fitted to ground control points.

The polynomials lead from output to source, the direction in which they are evaluated; the inverse is
Newton's method on the same polynomials, so that there and back is exact (GDAL fits a second polynomial
for the way back, which is not the inverse of the first).

A polynomial beyond order 1 folds somewhere outside the points that determine it, and the image would
appear there again, mirrored. Positions beyond a fold are not defined (NaN).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import (
    ControlPoints,
    Frame,
    Gcp,
    checked_gcps,
    frame_of,
    least_squares,
    term_count,
)
from engine.geotransforms.positions import INVERSE_TOLERANCE, as_positions, checked_numbers
from engine.kernel import kernel

if TYPE_CHECKING:
    from engine.geotransforms.positions import Floats

_FLAT = 1e-12


class Polynomial(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="Polynomial",
):
    """A polynomial transform by its coefficients, given from output to source.

    Attributes
    ----------
    to_source_col, to_source_row : 3, 6 or 10 floats
        Coefficients of 1, u, v, u², uv, v², u³, u²v, uv², v³, with u = (x - center[0]) / scale[0] and
        v = (y - center[1]) / scale[1].
    center, scale : 2 floats
        In output units; (0, 0) and (1, 1) where the coefficients take coordinates as they are.
    """

    to_source_col: tuple[float, ...]
    to_source_row: tuple[float, ...]
    center: tuple[float, ...] = (0.0, 0.0)
    scale: tuple[float, ...] = (1.0, 1.0)

    def bind(self) -> PolynomialTransform:
        """Check the numbers.

        Raises
        ------
        InvalidParameter
            Wrong counts, values that are not finite, a scale of zero, or no inverse at the centre.
        """
        cols = checked_numbers("to_source_col", self.to_source_col, (3, 6, 10))
        rows = checked_numbers("to_source_row", self.to_source_row, (3, 6, 10))
        center = checked_numbers("center", self.center, (2,))
        scale = checked_numbers("scale", self.scale, (2,))
        if not scale.all():
            raise InvalidParameter("scale", self.scale, "2 numbers that are not zero")
        return _polynomial_transform(_padded(cols, rows), Frame(center, scale), "to_source_col")


class PolynomialFromGcps(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="PolynomialFromGcps",
):
    """A polynomial transform fitted to ground control points by least squares.

    Attributes
    ----------
    order : 1, 2 or 3
        Needs 3, 6 or 10 points.
    """

    gcps: tuple[Gcp, ...]
    order: int = 1

    def bind(self) -> PolynomialTransform:
        """Fit the polynomial.

        Raises
        ------
        InvalidParameter
            Too few points, points that do not determine it, another order.
        """
        points = checked_gcps(self.gcps, term_count(self.order))
        return fit_polynomial(points, self.order)


def fit_polynomial(points: ControlPoints, order: int) -> PolynomialTransform:
    """Fit polynomials from the output of control points to their source.

    Raises
    ------
    InvalidParameter
        The points do not determine them.
    """
    frame = frame_of(points.output, uniform=False)
    # Pixels are of one size in both axes and far from 1e8: centring is enough for the right-hand side.
    center = points.source.mean(axis=0)
    fitted = least_squares(frame.local(points.output), points.source - center, order)
    least_squares(frame_of(points.source, uniform=False).local(points.source), points.output, 1)
    fitted[:, 0] += center
    return _polynomial_transform(_padded(*fitted), frame, "gcps")


def _padded(cols: Floats, rows: Floats) -> Floats:
    coefficients = np.zeros((2, 10))
    coefficients[0, : cols.size] = cols
    coefficients[1, : rows.size] = rows
    return coefficients


def _polynomial_transform(coefficients: Floats, frame: Frame, name: str) -> PolynomialTransform:
    """Return the transform, given that it has an inverse at the centre of its frame."""
    (a, b), (c, d) = coefficients[0, 1:3], coefficients[1, 1:3]
    determinant = a * d - b * c
    if not abs(determinant) > _FLAT * (abs(a * d) + abs(b * c)):
        raise InvalidParameter(name, "no inverse", "a transform that does not fold at its centre")
    inverse = np.array([d, -b, -c, a]) / determinant
    return PolynomialTransform(coefficients, frame, inverse)


@dataclass(frozen=True, slots=True)
class PolynomialTransform:
    """A polynomial from output to source and its inverse by Newton's method.

    Attributes
    ----------
    coefficients : float64 (2, 10)
        In the frame's coordinates.
    start : float64 (4,)
        Inverse of the linear part at the centre: where the iteration starts.
    """

    is_smooth: ClassVar[bool] = True

    coefficients: Floats
    frame: Frame
    start: Floats

    def to_source(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where output positions come from; NaN beyond a fold."""
        x, y = as_positions(x, y)
        out_x, out_y = np.empty_like(x), np.empty_like(y)
        _evaluate_polynomial_kernel(x, y, self.coefficients, self._numbers(), out_x, out_y)
        return out_x, out_y

    def to_output(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where source positions go to; NaN where the iteration does not converge."""
        x, y = as_positions(x, y)
        out_x, out_y = np.empty_like(x), np.empty_like(y)
        _invert_polynomial_kernel(x, y, self.coefficients, self._numbers(), out_x, out_y)
        return out_x, out_y

    def residuals(self, gcps: tuple[Gcp, ...]) -> Floats:
        """Return by how much control points are missed, fitted minus given.

        Returns
        -------
        float64 (n, 2)
            Columns and rows, pixels of the source.
        """
        places = np.array([(gcp.x, gcp.y) for gcp in gcps], np.float64).reshape(-1, 2)
        given = np.array([(gcp.col, gcp.row) for gcp in gcps], np.float64).reshape(-1, 2)
        return np.stack(self.to_source(places[:, 0], places[:, 1]), axis=1) - given

    def _numbers(self) -> Floats:
        return np.concatenate([self.frame.center, self.frame.scale, self.start])


@kernel
def _value(c, u, v):
    linear = c[0] + u * c[1] + v * c[2]
    return (
        linear
        + u * (u * (c[3] + u * c[6] + v * c[7]) + v * (c[4] + v * c[8]))
        + v * v * (c[5] + v * c[9])
    )


@kernel
def _slope_u(c, u, v):
    return c[1] + u * (2.0 * c[3] + 3.0 * u * c[6] + 2.0 * v * c[7]) + v * (c[4] + v * c[8])


@kernel
def _slope_v(c, u, v):
    return c[2] + v * (2.0 * c[5] + 3.0 * v * c[9] + 2.0 * u * c[8]) + u * (c[4] + u * c[7])


@kernel
def _keeps_side(col, row, u, v):
    """Whether the orientation stays as it is at the centre, all the way from there to (u, v)."""
    center = col[1] * row[2] - col[2] * row[1]
    for step in range(1, 5):
        s, t = u * step * 0.25, v * step * 0.25
        here = _slope_u(col, s, t) * _slope_v(row, s, t) - _slope_v(col, s, t) * _slope_u(row, s, t)
        if not here * center > 0.0:
            return False
    return True


@kernel
def _evaluate_polynomial_kernel(x, y, coefficients, numbers, out_x, out_y):
    col, row = coefficients[0], coefficients[1]
    for i in range(x.size):
        u, v = (x[i] - numbers[0]) / numbers[2], (y[i] - numbers[1]) / numbers[3]
        is_defined = _keeps_side(col, row, u, v)
        out_x[i] = _value(col, u, v) if is_defined else np.nan
        out_y[i] = _value(row, u, v) if is_defined else np.nan


@kernel
def _invert_polynomial_kernel(x, y, coefficients, numbers, out_x, out_y):
    col, row = coefficients[0], coefficients[1]
    for i in range(x.size):
        miss_x, miss_y = x[i] - col[0], y[i] - row[0]
        u = numbers[4] * miss_x + numbers[5] * miss_y
        v = numbers[6] * miss_x + numbers[7] * miss_y
        error = np.inf
        for _ in range(30):
            miss_x, miss_y = x[i] - _value(col, u, v), y[i] - _value(row, u, v)
            before, error = error, abs(miss_x) + abs(miss_y)
            is_settled = error < INVERSE_TOLERANCE and error >= before
            if error == 0.0 or is_settled or not error < np.inf:
                break
            xu, xv = _slope_u(col, u, v), _slope_v(col, u, v)
            yu, yv = _slope_u(row, u, v), _slope_v(row, u, v)
            determinant = xu * yv - xv * yu
            u += (yv * miss_x - xv * miss_y) / determinant
            v += (xu * miss_y - yu * miss_x) / determinant
        is_found = error < INVERSE_TOLERANCE and _keeps_side(col, row, u, v)
        out_x[i] = numbers[0] + u * numbers[2] if is_found else np.nan
        out_y[i] = numbers[1] + v * numbers[3] if is_found else np.nan
