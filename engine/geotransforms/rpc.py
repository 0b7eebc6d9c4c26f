"""The RPC sensor model: rational polynomials from longitude, latitude and height to an image.

A record holds corner-origin level-0 pixels of the file at hand and coefficients in RPC00B order; whoever
reads a vendor's file converts (raster_types/sensor_files). See CONVENTIONS.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.positions import checked_numbers
from engine.geotransforms.rpc_evaluation import RpcNumbers, locate_rpc, project_rpc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.geotransforms.positions import Floats

COEFFICIENTS = 20
NO_CORRECTION = (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# RPC00A orders its terms otherwise: entry i of RPC00A is entry _RPC00A[i] of RPC00B.
_RPC00A = (0, 1, 2, 3, 4, 5, 6, 10, 7, 8, 9, 11, 14, 17, 12, 15, 18, 13, 16, 19)
# Below this share of its entries' size a determinant is rounding noise.
_FLAT = 1e-12


class RpcRecord(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="process",
    tag="RPC",
):
    """A rational polynomial sensor model as it is stored.

    With x, y, z = (longitude, latitude, height - offset) / scale and a polynomial P of 1, x, y, z, xy, xz,
    yz, x², y², z², xyz, x³, xy², xz², x²y, y³, yz², x²z, y²z, z³ (RPC00B), the raw position is
    row = row_offset + row_scale · P(row_numerator) / P(row_denominator), the column likewise; then

        col = a[0] + a[1]·col_raw + a[2]·row_raw + shift[0]
        row = a[3] + a[4]·col_raw + a[5]·row_raw + shift[1]

    with the correction a and the shift.

    Attributes
    ----------
    row_offset_px, col_offset_px, row_scale_px, col_scale_px : float
        Level-0 pixels, corner origin: half a pixel more than a LINE_OFF that counts centres from 0.
    row_numerator, row_denominator, col_numerator, col_denominator : 20 floats
    correction : 6 floats
        Affine in image space, fitted to control points; GDAL's order.
    shift_px : 2 floats
        Columns, rows; added last.
    error_bias_m, error_random_m : float or None
        As the vendor states them; None where unknown.
    vertical_datum : str
        What heights count from; RPCs use the ellipsoid unless a vendor says otherwise.

    References
    ----------
    NGA STDI-0002 vol. 1, Appendix E (RPC00A, RPC00B).
    """

    row_offset_px: float
    col_offset_px: float
    latitude_offset_deg: float
    longitude_offset_deg: float
    height_offset_m: float
    row_scale_px: float
    col_scale_px: float
    latitude_scale_deg: float
    longitude_scale_deg: float
    height_scale_m: float
    row_numerator: tuple[float, ...]
    row_denominator: tuple[float, ...]
    col_numerator: tuple[float, ...]
    col_denominator: tuple[float, ...]
    correction: tuple[float, ...] = NO_CORRECTION
    shift_px: tuple[float, ...] = (0.0, 0.0)
    error_bias_m: float | None = None
    error_random_m: float | None = None
    vertical_datum: str = "ellipsoid"

    def bind(self) -> RpcModel:
        """Check the numbers.

        Raises
        ------
        InvalidParameter
            A number that is not finite, a wrong count, a scale or a denominator of zero, a numerator of
            zeros, a correction that cannot be inverted.
        """
        _check_scalars(self)
        rows = _checked_ratio(self, "row_numerator", "row_denominator")
        cols = _checked_ratio(self, "col_numerator", "col_denominator")
        ground = (
            *(self.longitude_offset_deg, 1.0 / self.longitude_scale_deg),
            *(self.latitude_offset_deg, 1.0 / self.latitude_scale_deg),
            *(self.height_offset_m, 1.0 / self.height_scale_m),
        )
        numbers = RpcNumbers(np.concatenate([*rows, *cols]), np.array(ground), _image_affine(self))
        return RpcModel(self, numbers)


@dataclass(frozen=True, slots=True)
class RpcModel:
    """An RPC ready to be evaluated: a `SensorModel`.

    Attributes
    ----------
    record : RpcRecord
    numbers : RpcNumbers
    """

    is_smooth: ClassVar[bool] = True

    record: RpcRecord
    numbers: RpcNumbers

    @property
    def ground_crs(self) -> str:
        """Longitude and latitude in degrees."""
        return "EPSG:4326"

    @property
    def vertical_datum(self) -> str:
        """What heights count from."""
        return self.record.vertical_datum

    @property
    def height_range(self) -> tuple[float, float]:
        """Heights in metres between which the vendor fitted the model."""
        center, reach = self.record.height_offset_m, abs(self.record.height_scale_m)
        return center - reach, center + reach

    def ground_to_image(
        self, x: NDArray[Any], y: NDArray[Any], z: NDArray[Any]
    ) -> tuple[Floats, Floats]:
        """Return column and row positions of longitudes, latitudes (degrees) and heights.

        NaN where a normalised coordinate is beyond 2 (heights: 4), or a denominator not positive.
        """
        return project_rpc(self.numbers, x, y, z)

    def image_to_ground(
        self, col_pos: NDArray[Any], row_pos: NDArray[Any], z: NDArray[Any]
    ) -> tuple[Floats, Floats]:
        """Return longitudes and latitudes at given heights, exact within 1e-8 pixel.

        Longitudes are continuous around the scene and may pass 180. NaN as in `ground_to_image`.
        """
        return locate_rpc(self.numbers, col_pos, row_pos, z)


def rpc00b_order(coefficients: Sequence[float]) -> tuple[float, ...]:
    """Return 20 coefficients given in RPC00A order in the order of RPC00B."""
    ordered = [0.0] * COEFFICIENTS
    for value, place in zip(coefficients, _RPC00A, strict=True):
        ordered[place] = value
    return tuple(ordered)


def _check_scalars(record: RpcRecord) -> None:
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if not isinstance(value, (int, float)):
            continue
        if not math.isfinite(value):
            raise InvalidParameter(name, value, "a finite number")
        if "scale" in name and value == 0:
            raise InvalidParameter(name, value, "a number other than zero")
    if abs(record.latitude_offset_deg) > 90:
        raise InvalidParameter("latitude_offset_deg", record.latitude_offset_deg, "-90 to 90")
    if abs(record.longitude_offset_deg) > 360:
        raise InvalidParameter("longitude_offset_deg", record.longitude_offset_deg, "-360 to 360")
    if not record.vertical_datum.strip():
        raise InvalidParameter("vertical_datum", record.vertical_datum, "ellipsoid or a geoid")


def _checked_ratio(record: RpcRecord, above: str, below: str) -> tuple[Floats, Floats]:
    """Return numerator and denominator, the denominator positive at the centre of the model."""
    upper = checked_numbers(above, getattr(record, above), (COEFFICIENTS,))
    lower = checked_numbers(below, getattr(record, below), (COEFFICIENTS,))
    if not upper.any():
        raise InvalidParameter(above, "zeros only", "coefficients that are not all zero")
    if lower[0] == 0:
        raise InvalidParameter(
            below, "a first coefficient of 0", "a first coefficient other than 0"
        )
    sign = math.copysign(1.0, float(lower[0]))
    return upper * sign, lower * sign


def _image_affine(record: RpcRecord) -> Floats:
    """Return scales, offsets, correction and shift as one affine of the normalised position."""
    a0, a1, a2, b0, b1, b2 = checked_numbers("correction", record.correction, (6,))
    shift_col, shift_row = checked_numbers("shift_px", record.shift_px, (2,))
    if not abs(a1 * b2 - a2 * b1) > _FLAT * (abs(a1 * b2) + abs(a2 * b1)):
        raise InvalidParameter("correction", record.correction, "a determinant that is not zero")
    col, row = record.col_offset_px, record.row_offset_px
    return np.array(
        [
            *(a0 + a1 * col + a2 * row + shift_col, a1 * record.col_scale_px),
            *(a2 * record.row_scale_px, b0 + b1 * col + b2 * row + shift_row),
            *(b1 * record.col_scale_px, b2 * record.row_scale_px),
        ]
    )
