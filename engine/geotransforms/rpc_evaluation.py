"""The compiled evaluation of rational polynomials: ground to image, and back by Newton's method.

A model is 80 coefficients (row numerator, row denominator, column numerator, column denominator, each in
RPC00B order, denominators positive at the centre) and 14 numbers of `Normalisation`. Terms are grouped by
height, latitude and longitude: 76 multiply-adds a point instead of 152.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.geotransforms.positions import as_positions
from engine.kernel import HAS_FMA, intrinsic, kernel, types, unaliased_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geotransforms.positions import Floats

# Normalised coordinates beyond these are outside the model. Vendors fit within ±1; polynomials of the
# third order still hold a little beyond, then turn back and show the image a second time, far away.
# Heights bend far less, and a summit above the vendor's range must not become a hole.
MAX_HORIZONTAL = 2.0
MAX_HEIGHT = 4.0
# Image to ground: Newton's method takes 3 to 5 steps; what has not come this near has no solution.
_MAX_STEPS = 30
_TOLERANCE_PX = 1e-8
# Added and taken off again it leaves the nearest whole number (1.5 · 2^52); a call of floor would keep
# processors without SSE 4.1, and so the portable build, from working on more than one point at a time.
_ROUND = 6755399441055744.0


@dataclass(frozen=True, slots=True)
class RpcNumbers:
    """A checked model as kernels take it.

    Attributes
    ----------
    coefficients : float64 (80,)
        Row numerator, row denominator, column numerator, column denominator.
    ground : float64 (6,)
        Longitude offset, 1 / scale; latitude offset, 1 / scale; height offset, 1 / scale.
    image : float64 (6,)
        c0, c1, c2, r0, r1, r2: col = c0 + c1·q + c2·r, row = r0 + r1·q + r2·r with the normalised column q
        and row r; scales, offsets and corrections in one.
    """

    coefficients: Floats
    ground: Floats
    image: Floats


def project_rpc(
    numbers: RpcNumbers, lon: NDArray[Any], lat: NDArray[Any], height_m: NDArray[Any]
) -> tuple[Floats, Floats]:
    """Project ground points into the image.

    Parameters
    ----------
    lon, lat, height_m : float64 (n,)
        Degrees (longitudes in any turn) and metres.

    Returns
    -------
    col_pos, row_pos : float64 (n,)
        NaN outside the model, and where a denominator is not positive.
    """
    lon, lat, height_m = as_positions(lon, lat, height_m)
    col_pos, row_pos = np.empty_like(lon), np.empty_like(lon)
    _project_rpc_kernel(
        *(lon, lat, height_m),
        *(numbers.coefficients, numbers.ground, numbers.image),
        *(col_pos, row_pos),
    )
    return col_pos, row_pos


def locate_rpc(
    numbers: RpcNumbers, col_pos: NDArray[Any], row_pos: NDArray[Any], height_m: NDArray[Any]
) -> tuple[Floats, Floats]:
    """Return where lines of sight meet heights; the inverse of `project_rpc` within 1e-8 pixel.

    Parameters
    ----------
    col_pos, row_pos, height_m : float64 (n,)

    Returns
    -------
    lon, lat : float64 (n,)
        Degrees; longitudes continuous around the model's centre, so they may pass 180. NaN outside the
        model and where the iteration does not converge.
    """
    col_pos, row_pos, height_m = as_positions(col_pos, row_pos, height_m)
    lon, lat = np.empty_like(col_pos), np.empty_like(col_pos)
    _locate_rpc_kernel(
        *(col_pos, row_pos, height_m),
        *(numbers.coefficients, numbers.ground, numbers.image),
        *(lon, lat),
    )
    return lon, lat


@intrinsic
def _fma(_typing, a, b, c):  # noqa: ARG001 -- numba's protocol: used in codegen
    """Multiply and add in one instruction, rounded once: the same bits in vectors and in the rest."""

    def codegen(_context, builder, _signature, arguments):
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), codegen


@kernel
def _multiply_add(a, b, c):
    return a * b + c


# Without the instruction LLVM would call a function of the C library, thirty times slower.
_add: Any = _fma if HAS_FMA else _multiply_add


@kernel
def _polynomial(c, k, lon, lat, high):
    """Return the polynomial with coefficients c[k : k + 20] at normalised coordinates."""
    h0 = _add(high, _add(high, _add(high, c[k + 19], c[k + 9]), c[k + 3]), c[k])
    h1 = _add(high, _add(high, c[k + 16], c[k + 6]), c[k + 2])
    h2 = _add(high, c[k + 18], c[k + 8])
    by_lat = _add(lat, _add(lat, _add(lat, c[k + 15], h2), h1), h0)
    h4 = _add(high, _add(high, c[k + 13], c[k + 5]), c[k + 1])
    once = _add(lat, _add(lat, c[k + 12], _add(high, c[k + 10], c[k + 4])), h4)
    twice = _add(high, c[k + 17], _add(lat, c[k + 14], c[k + 7]))
    return _add(lon, _add(lon, _add(lon, c[k + 11], twice), once), by_lat)


@unaliased_kernel
def _project_rpc_kernel(lon, lat, height, c, ground, image, cols, rows):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    lon0, by_lon, lat0, by_lat = ground[0], ground[1], ground[2], ground[3]
    height0, by_height = ground[4], ground[5]
    by_turn = -360.0 * by_lon
    c0, c1, c2, r0, r1, r2 = image[0], image[1], image[2], image[3], image[4], image[5]
    for k in range(lon.size):
        i = np.uint64(k)
        turn = lon[i] - lon0
        turns = _add(turn, 1.0 / 360.0, _ROUND) - _ROUND
        x = _add(turns, by_turn, turn * by_lon)
        y = (lat[i] - lat0) * by_lat
        z = (height[i] - height0) * by_height
        row_down = _polynomial(c, 20, x, y, z)
        col_down = _polynomial(c, 60, x, y, z)
        r = _polynomial(c, 0, x, y, z) / row_down
        q = _polynomial(c, 40, x, y, z) / col_down
        inside = (
            (abs(x) <= MAX_HORIZONTAL)
            & (abs(y) <= MAX_HORIZONTAL)
            & (abs(z) <= MAX_HEIGHT)
            & (row_down > 0.0)
            & (col_down > 0.0)
        )
        cols[i] = c0 + c1 * q + c2 * r if inside else np.nan
        rows[i] = r0 + r1 * q + r2 * r if inside else np.nan


@kernel
def _slopes(c, k, lon, lat, high):
    """Return the derivatives of `_polynomial` by longitude and latitude."""
    h1 = c[k + 2] + high * (c[k + 6] + high * c[k + 16])
    h2 = c[k + 8] + high * c[k + 18]
    h4 = c[k + 1] + high * (c[k + 5] + high * c[k + 13])
    h5 = c[k + 4] + high * c[k + 10]
    once = h4 + lat * (h5 + lat * c[k + 12])
    twice = c[k + 7] + high * c[k + 17] + lat * c[k + 14]
    by_lon = once + lon * (2.0 * twice + 3.0 * lon * c[k + 11])
    by_lat = h1 + lat * (2.0 * h2 + 3.0 * lat * c[k + 15])
    by_lat += lon * (h5 + 2.0 * lat * c[k + 12] + lon * c[k + 14])
    return by_lon, by_lat


@kernel
def _locate_rpc_kernel(cols, rows, height, c, ground, image, lon, lat):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    c0, c1, c2, r0, r1, r2 = image[0], image[1], image[2], image[3], image[4], image[5]
    for i in range(cols.size):
        x, y = 0.0, 0.0
        z = (height[i] - ground[4]) * ground[5]
        lon[i], lat[i] = np.nan, np.nan
        if not abs(z) <= MAX_HEIGHT:
            continue
        for _ in range(_MAX_STEPS):
            row_down = _polynomial(c, 20, x, y, z)
            col_down = _polynomial(c, 60, x, y, z)
            if not (row_down > 0.0 and col_down > 0.0):
                break
            r = _polynomial(c, 0, x, y, z) / row_down
            q = _polynomial(c, 40, x, y, z) / col_down
            miss_col = c0 + c1 * q + c2 * r - cols[i]
            miss_row = r0 + r1 * q + r2 * r - rows[i]
            if abs(miss_col) <= _TOLERANCE_PX and abs(miss_row) <= _TOLERANCE_PX:
                if abs(x) <= MAX_HORIZONTAL and abs(y) <= MAX_HORIZONTAL:
                    lon[i] = ground[0] + x / ground[1]
                    lat[i] = ground[2] + y / ground[3]
                break
            up_lon, up_lat = _slopes(c, 0, x, y, z)
            down_lon, down_lat = _slopes(c, 20, x, y, z)
            r_lon, r_lat = (up_lon - r * down_lon) / row_down, (up_lat - r * down_lat) / row_down
            up_lon, up_lat = _slopes(c, 40, x, y, z)
            down_lon, down_lat = _slopes(c, 60, x, y, z)
            q_lon, q_lat = (up_lon - q * down_lon) / col_down, (up_lat - q * down_lat) / col_down
            col_lon, col_lat = c1 * q_lon + c2 * r_lon, c1 * q_lat + c2 * r_lat
            row_lon, row_lat = r1 * q_lon + r2 * r_lon, r1 * q_lat + r2 * r_lat
            determinant = col_lon * row_lat - col_lat * row_lon
            if determinant == 0.0:
                break
            step_x = (miss_col * row_lat - miss_row * col_lat) / determinant
            step_y = (miss_row * col_lon - miss_col * row_lon) / determinant
            # A step of half the scene at most: from a bad slope the next would start outside.
            longest = max(abs(step_x), abs(step_y))
            if not longest <= 1e9:
                break
            shorten = 1.0 if longest <= 1.0 else 1.0 / longest
            x -= step_x * shorten
            y -= step_y * shorten
