"""Lens distortion of frame cameras: Brown-Conrady both ways round, and fisheye.

Each becomes the same twelve numbers for the kernels (`LensNumbers`), the radius up to which it is monotone
among them: beyond it two directions would share a pixel, and a ghost of the ground appear in the image.
"""

from __future__ import annotations

import enum
import math

import msgspec
import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.polynomial import polyroots

from engine.errors import InvalidParameter
from engine.geotransforms.positions import Floats, checked_numbers

_REAL = 1e-9
# A radius of a million focal lengths: there is no image.
_LEAST_ROOT = 1e-12
_LARGEST = 1e9


class LensCode(enum.IntEnum):
    """What the kernels do with the coefficients."""

    PINHOLE = 0
    BROWN = 1
    BROWN_CORRECTION = 2
    FISHEYE = 3


class BrownDistortion(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="lens",
    tag="brown",
):
    """Brown-Conrady as OpenCV, OpenSfM, Metashape and Pix4D have it: from the ideal to the real image.

    x' = x·(1 + k1·r² + k2·r⁴ + k3·r⁶) / (1 + k4·r² + k5·r⁴ + k6·r⁶) + 2·p1·x·y + p2·(r² + 2·x²) and
    y' = y·(…) + p1·(r² + 2·y²) + 2·p2·x·y, with x right and y down, over the focal length.
    """

    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    k4: float = 0.0
    k5: float = 0.0
    k6: float = 0.0
    p1: float = 0.0
    p2: float = 0.0

    def numbers(self, focal_length: float) -> Floats:
        """Return what the kernels want; the focal length does not matter here."""
        del focal_length
        values = (self.k1, self.k2, self.k3, self.k4, self.k5, self.k6, self.p1, self.p2)
        checked = _checked_coefficients(values)
        limit = _monotone_radius(checked[:3], checked[3:6])
        return np.array([LensCode.BROWN, limit, *checked])


class BrownCorrection(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="lens",
    tag="brown_correction",
):
    """Brown-Conrady as calibration reports of aerial cameras have it: from the measured to the ideal image.

    x_ideal = x + x·(k1·r² + k2·r⁴ + k3·r⁶) + p1·(r² + 2·x²) + 2·p2·x·y and
    y_ideal = y + y·(…) + p2·(r² + 2·y²) + 2·p1·x·y, with x right and y up from the principal point, in
    the unit of the interior orientation (millimetres, pixels, longer sides). Reports that subtract the
    correction need the opposite signs.

    References
    ----------
    D. C. Brown, "Close-range camera calibration", Photogrammetric Engineering 37 (8), 1971.
    """

    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    p1: float = 0.0
    p2: float = 0.0

    def numbers(self, focal_length: float) -> Floats:
        """Return what the kernels want: coefficients for coordinates over the focal length, y down."""
        values = (self.k1, self.k2, self.k3, self.p1, self.p2)
        k1, k2, k3, p1, p2 = _checked_coefficients(values).tolist()
        scaled = (k1 * focal_length**2, k2 * focal_length**4, k3 * focal_length**6)
        tangential = (-focal_length * p2, focal_length * p1)
        radial = _checked_coefficients(scaled + tangential)[:3]
        limit = _monotone_radius(radial, np.zeros(3))
        return np.array([LensCode.BROWN_CORRECTION, limit, *radial, 0.0, 0.0, 0.0, *tangential])


class FisheyeDistortion(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="lens",
    tag="fisheye",
):
    """An equidistant fisheye with an even polynomial, as OpenCV and OpenSfM have it.

    The distance from the principal point, over the focal length, is θ·(1 + k1·θ² + k2·θ⁴ + k3·θ⁶ + k4·θ⁸),
    θ being the angle from the axis in radians. All zero is the plain equidistant fisheye.

    References
    ----------
    J. Kannala, S. Brandt, "A generic camera model and calibration method for conventional, wide-angle, and
    fish-eye lenses", IEEE PAMI 28 (8), 2006, doi:10.1109/TPAMI.2006.153.
    """

    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    k4: float = 0.0

    def numbers(self, focal_length: float) -> Floats:
        """Return what the kernels want; the focal length does not matter here."""
        del focal_length
        radial = _checked_coefficients((self.k1, self.k2, self.k3, self.k4))
        limit = min(_monotone_radius(radial, np.zeros(3)), math.pi)
        return np.array([LensCode.FISHEYE, limit, *radial, 0.0, 0.0, 0.0, 0.0])


Distortion = BrownDistortion | BrownCorrection | FisheyeDistortion


def pinhole_numbers() -> Floats:
    """Return what the kernels want of a lens without distortion."""
    return np.array([LensCode.PINHOLE, math.inf, *([0.0] * 8)])


def _monotone_radius(numerator: Floats, denominator: Floats) -> float:
    """Return the least radius at which r·N(r²)/D(r²) stops growing; infinite if it never does."""
    top = Polynomial([1.0, *numerator])
    bottom = Polynomial([1.0, *denominator])
    square = Polynomial([0.0, 1.0])
    slope = (top + 2.0 * square * top.deriv()) * bottom - 2.0 * square * top * bottom.deriv()
    found = [math.inf]
    for polynomial in (slope, bottom):
        # Roots of the reversed polynomial, the inverses: its leading coefficient is 1 whatever the lens.
        roots = polyroots(polynomial.coef[::-1])
        real = roots.real[np.abs(roots.imag) <= _REAL * np.abs(roots)]
        found += [1.0 / math.sqrt(root) for root in real if root > _LEAST_ROOT]
    return min(found)


def _checked_coefficients(values: tuple[float, ...]) -> Floats:
    checked = checked_numbers("distortion", values, (len(values),))
    if np.abs(checked).max() > _LARGEST:
        raise InvalidParameter("distortion", values, "coefficients of a lens")
    return checked
