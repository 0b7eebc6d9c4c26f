"""The displacement grid: a regular grid of shifts, interpolated bilinearly between its nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.positions import INVERSE_TOLERANCE, as_positions, checked_numbers
from engine.kernel import kernel

if TYPE_CHECKING:
    from engine.geotransforms.positions import Floats

Shifts = tuple[tuple[float | None, ...], ...]


class DisplacementGrid(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="DisplacementGrid",
):
    """Shifts from output to source on a regular grid: source = output + shift(output).

    Source and output count in the same units: pixels of an image, or a map's.

    Attributes
    ----------
    origin : 2 floats
        Where in the output the first node stands (nodes are points, not cells).
    step : 2 floats
        From a node to the next along x, and from a row of nodes to the next along y (negative where
        rows run southwards on a map).
    dx, dy : rows of columns of floats
        None = not known here; quads with such a node are not defined.
    """

    origin: tuple[float, ...]
    step: tuple[float, ...]
    dx: Shifts
    dy: Shifts

    def bind(self) -> DisplacementGridTransform:
        """Check the numbers.

        Raises
        ------
        InvalidParameter
            Fewer than 2 × 2 nodes, rows of different lengths, values that are not finite, no quad
            whose four nodes are known.
        """
        origin = checked_numbers("origin", self.origin, (2,))
        step = checked_numbers("step", self.step, (2,))
        if not step.all():
            raise InvalidParameter("step", self.step, "2 numbers that are not zero")
        dx, dy = _checked_shifts("dx", self.dx), _checked_shifts("dy", self.dy)
        if dx.shape != dy.shape:
            given = "{} × {}".format(*dy.shape)
            raise InvalidParameter("dy", given, "{} × {} nodes like dx".format(*dx.shape))
        shifts = np.ascontiguousarray(np.stack([dx, dy], axis=2))
        known = np.asarray(np.isfinite(shifts).all(axis=2))
        if not (known[:-1, :-1] & known[:-1, 1:] & known[1:, :-1] & known[1:, 1:]).any():
            raise InvalidParameter("dx", "no quad with four known nodes", "at least one")
        return DisplacementGridTransform(shifts, np.concatenate([origin, step]))


def _checked_shifts(name: str, rows: Shifts) -> Floats:
    lengths = sorted({len(row) for row in rows})
    if len(rows) < 2 or len(lengths) != 1 or lengths[0] < 2:
        given = f"{len(rows)} rows of {' and '.join(map(str, lengths))} columns"
        raise InvalidParameter(name, given, "at least 2 rows of one length, at least 2")
    for row in rows:
        for value in row:
            if value is not None and not math.isfinite(value):
                raise InvalidParameter(name, value, "finite numbers, or null where not known")
    return np.array([[np.nan if v is None else v for v in row] for row in rows], np.float64)


@dataclass(frozen=True, slots=True)
class DisplacementGridTransform:
    """Shifts from output to source, and back by Newton's method.

    Attributes
    ----------
    shifts : float64 (rows, cols, 2)
    numbers : float64 (4,)
        Origin and step.
    """

    is_pieced: ClassVar[bool] = True
    shifts: Floats
    numbers: Floats

    def to_source(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where output positions come from; NaN beside the grid."""
        x, y = as_positions(x, y)
        out_x, out_y = np.empty_like(x), np.empty_like(y)
        _add_shift_kernel(x, y, self.shifts, self.numbers, out_x, out_y)
        return out_x, out_y

    def to_output(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where source positions go to; NaN where the iteration does not converge."""
        x, y = as_positions(x, y)
        out_x, out_y = np.empty_like(x), np.empty_like(y)
        _remove_shift_kernel(x, y, self.shifts, self.numbers, out_x, out_y)
        return out_x, out_y


# Rounding in (position - origin) / step must not put a position on the last node beside the grid.
_EDGE = 1e-9


@kernel
def _add_shift_kernel(x, y, shifts, numbers, out_x, out_y):
    last_row, last_col = shifts.shape[0] - 1, shifts.shape[1] - 1
    for i in range(x.size):
        u, v = (x[i] - numbers[0]) / numbers[2], (y[i] - numbers[1]) / numbers[3]
        if not (-_EDGE <= u <= last_col + _EDGE and -_EDGE <= v <= last_row + _EDGE):
            out_x[i], out_y[i] = np.nan, np.nan
            continue
        u, v = min(max(u, 0.0), float(last_col)), min(max(v, 0.0), float(last_row))
        col, row = min(int(u), last_col - 1), min(int(v), last_row - 1)
        p, q = u - col, v - row
        nw, ne = shifts[row, col], shifts[row, col + 1]
        sw, se = shifts[row + 1, col], shifts[row + 1, col + 1]
        north, south = nw[0] + p * (ne[0] - nw[0]), sw[0] + p * (se[0] - sw[0])
        out_x[i] = x[i] + north + q * (south - north)
        north, south = nw[1] + p * (ne[1] - nw[1]), sw[1] + p * (se[1] - sw[1])
        out_y[i] = y[i] + north + q * (south - north)


@kernel
def _shift_and_slopes(u, v, shifts, numbers, s):
    """Shift at a place of the grid, the nearest where beside it, and slopes of the source there."""
    last_row, last_col = shifts.shape[0] - 1, shifts.shape[1] - 1
    u, v = min(max(u, 0.0), float(last_col)), min(max(v, 0.0), float(last_row))
    col, row = min(int(u), last_col - 1), min(int(v), last_row - 1)
    p, q = u - col, v - row
    for axis in range(2):
        nw, ne = shifts[row, col, axis], shifts[row, col + 1, axis]
        sw, se = shifts[row + 1, col, axis], shifts[row + 1, col + 1, axis]
        north, south = nw + p * (ne - nw), sw + p * (se - sw)
        s[axis] = north + q * (south - north)
        s[2 + 2 * axis] = (ne - nw) + q * ((se - sw) - (ne - nw))
        s[3 + 2 * axis] = south - north
    s[2] += numbers[2]
    s[5] += numbers[3]


@kernel
def _remove_shift_kernel(x, y, shifts, numbers, out_x, out_y):
    last_row, last_col = shifts.shape[0] - 1, shifts.shape[1] - 1
    s = np.empty(6)
    for i in range(x.size):
        u, v = (x[i] - numbers[0]) / numbers[2], (y[i] - numbers[1]) / numbers[3]
        error = np.inf
        for _ in range(60):
            if not (np.isfinite(u) and np.isfinite(v)):
                error = np.inf
                break
            _shift_and_slopes(u, v, shifts, numbers, s)
            miss_x = x[i] - (numbers[0] + u * numbers[2] + s[0])
            miss_y = y[i] - (numbers[1] + v * numbers[3] + s[1])
            before, error = error, abs(miss_x) + abs(miss_y)
            if error == 0.0 or (error < INVERSE_TOLERANCE and error >= before):
                break
            determinant = s[2] * s[5] - s[3] * s[4]
            u += (s[5] * miss_x - s[3] * miss_y) / determinant
            v += (s[2] * miss_y - s[4] * miss_x) / determinant
        is_inside = -_EDGE <= u <= last_col + _EDGE and -_EDGE <= v <= last_row + _EDGE
        is_found = error < INVERSE_TOLERANCE and is_inside
        out_x[i] = numbers[0] + u * numbers[2] if is_found else np.nan
        out_y[i] = numbers[1] + v * numbers[3] if is_found else np.nan
