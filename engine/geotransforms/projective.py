"""The projective geotransform: a plane seen in perspective, a matrix of three by three."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.positions import as_positions, checked_numbers
from engine.kernel import kernel

if TYPE_CHECKING:
    from engine.geotransforms.positions import Floats

_FLAT = 1e-12


class Projective(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="Projective",
):
    """A projective transform (homography), given from source to output.

    Attributes
    ----------
    source_to_output : 9 floats
        Rows of the matrix h: x = (h[0]·col + h[1]·row + h[2]) / w, y = (h[3]·col + h[4]·row + h[5]) / w,
        w = h[6]·col + h[7]·row + h[8], (col, row) being a source position with the corner origin. Only
        the side of the horizon w = 0 on which source position (0, 0) lies is defined.
    """

    source_to_output: tuple[float, ...]

    def bind(self) -> ProjectiveTransform:
        """Check the numbers.

        Raises
        ------
        InvalidParameter
            Not nine finite numbers, the last one zero, or a matrix without an inverse.
        """
        numbers = checked_numbers("source_to_output", self.source_to_output, (9,))
        if numbers[8] == 0:
            raise InvalidParameter(
                "source_to_output", self.source_to_output, "a last number that is not zero"
            )
        matrix = (numbers / numbers[8]).reshape(3, 3)
        origin = matrix[:2, 2].copy()
        # Counted from the image of (0, 0), so that coordinates of a map lose no digits in the inverse.
        local = matrix.copy()
        local[:2] -= origin[:, np.newaxis] * matrix[2]
        determinant = local[0, 0] * local[1, 1] - local[0, 1] * local[1, 0]
        size = abs(local[0, 0] * local[1, 1]) + abs(local[0, 1] * local[1, 0])
        if not abs(determinant) > _FLAT * size:
            raise InvalidParameter(
                "source_to_output", self.source_to_output, "a matrix with an inverse"
            )
        return ProjectiveTransform(
            np.concatenate([_inverse(local).ravel(), -origin, [0.0, 0.0]]),
            np.concatenate([local.ravel(), [0.0, 0.0], origin]),
        )


def _inverse(local: Floats) -> Floats:
    """Return the inverse of a matrix whose third column is (0, 0, 1), of that form itself."""
    answer = np.zeros((3, 3))
    answer[:2, :2] = np.linalg.inv(local[:2, :2])
    answer[2, :2] = -local[2, :2] @ answer[:2, :2]
    answer[2, 2] = 1.0
    return answer


@dataclass(frozen=True, slots=True)
class ProjectiveTransform:
    """A projective transform and its inverse.

    Attributes
    ----------
    inverse, forward : float64 (13,)
        The matrix by rows, what is added to positions before, what is added after.
    """

    is_smooth: ClassVar[bool] = True

    inverse: Floats
    forward: Floats

    def to_source(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where output positions come from; NaN at and beyond the horizon."""
        return _transform(x, y, self.inverse)

    def to_output(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where source positions go to; exact, NaN at and beyond the horizon."""
        return _transform(x, y, self.forward)


def _transform(x: Floats, y: Floats, numbers: Floats) -> tuple[Floats, Floats]:
    x, y = as_positions(x, y)
    out_x, out_y = np.empty_like(x), np.empty_like(y)
    _transform_projective_kernel(x, y, numbers, out_x, out_y)
    return out_x, out_y


@kernel
def _transform_projective_kernel(x, y, h, out_x, out_y):
    for i in range(x.size):
        u, v = x[i] + h[9], y[i] + h[10]
        w = h[6] * u + h[7] * v + h[8]
        # w is 1 at the source's (0, 0) in both directions and changes its sign at the horizon.
        w = 1.0 / w if w > 1e-12 else np.nan
        out_x[i] = (h[0] * u + h[1] * v + h[2]) * w + h[11]
        out_y[i] = (h[3] * u + h[4] * v + h[5]) * w + h[12]
