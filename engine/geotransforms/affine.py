"""The affine geotransform: shift, scale, rotation and shear, six numbers in GDAL's order."""

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

# Below this share of its entries' size a determinant is rounding noise.
_FLAT = 1e-12


class Affine(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="Affine",
):
    """An affine transform, given from source to output.

    Attributes
    ----------
    source_to_output : 6 floats
        GDAL order: x = g[0] + col·g[1] + row·g[2], y = g[3] + col·g[4] + row·g[5], (col, row) being a
        source position with the corner origin.
    """

    source_to_output: tuple[float, ...]

    def bind(self) -> AffineTransform:
        """Check the numbers.

        Raises
        ------
        InvalidParameter
            Not six finite numbers, or a determinant of zero.
        """
        x0, a, b, y0, c, d = checked_numbers("source_to_output", self.source_to_output, (6,))
        determinant = a * d - b * c
        if not abs(determinant) > _FLAT * (abs(a * d) + abs(b * c)):
            raise InvalidParameter(
                "source_to_output", self.source_to_output, "a determinant that is not zero"
            )
        inverse = np.array([d, -b, -c, a]) / determinant
        return AffineTransform(
            np.array([0.0, 0.0, *inverse, -x0, -y0]), np.array([x0, y0, a, b, c, d, 0.0, 0.0])
        )


@dataclass(frozen=True, slots=True)
class AffineTransform:
    """An affine transform and its inverse.

    Attributes
    ----------
    inverse, forward : float64 (8,)
        x0, y0, xx, xy, yx, yy, and what is added to positions before: far from the origin (metres of a
        UTM zone) subtracting first keeps the last digits.
    """

    is_smooth: ClassVar[bool] = True

    inverse: Floats
    forward: Floats

    def to_source(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where output positions come from."""
        return _transform(x, y, self.inverse)

    def to_output(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where source positions go to; exact."""
        return _transform(x, y, self.forward)


def _transform(x: Floats, y: Floats, numbers: Floats) -> tuple[Floats, Floats]:
    x, y = as_positions(x, y)
    out_x, out_y = np.empty_like(x), np.empty_like(y)
    _transform_affine_kernel(x, y, numbers, out_x, out_y)
    return out_x, out_y


@kernel
def _transform_affine_kernel(x, y, numbers, out_x, out_y):
    x0, y0, xx, xy = numbers[0], numbers[1], numbers[2], numbers[3]
    yx, yy, shift_x, shift_y = numbers[4], numbers[5], numbers[6], numbers[7]
    for i in range(x.size):
        u, v = x[i] + shift_x, y[i] + shift_y
        out_x[i] = x0 + xx * u + xy * v
        out_y[i] = y0 + yx * u + yy * v
