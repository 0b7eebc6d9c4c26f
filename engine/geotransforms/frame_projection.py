"""The collinearity equations of frame cameras, compiled, both ways.

A camera is 35 numbers: position (0:3), rotation from map to camera axes (3:12), affine from directions to
pixels (12:18) and its inverse (18:24), half the Earth's curvature in 1/m (24), lens (25:35, see
`lens_distortion.py`: code, monotone radius, k1 to k6, p1, p2). Camera axes are x right, y down, z forward.

References
----------
K. Kraus, "Photogrammetry", 2nd ed., de Gruyter 2007, section 2.1 and 5.3: collinearity; sec. 4.3.3 on
correcting map coordinates for the Earth's curvature: heights sink by d²/2R at the distance d.
"""

from __future__ import annotations

import math

import numpy as np

from engine.geotransforms.positions import Floats, as_positions
from engine.kernel import kernel, unaliased_kernel

_BROWN, _BROWN_CORRECTION, _FISHEYE = 1, 2, 3
_CONVERGED = 1e-13
_ACCEPTED = 1e-10


def project_to_frame(x: Floats, y: Floats, z: Floats, camera: Floats) -> tuple[Floats, Floats]:
    """Return the pixels in which a camera sees points.

    Parameters
    ----------
    x, y, z : float64 (n,)
        In the camera's map axes, metres.
    camera : float64 (35,)

    Returns
    -------
    col_pos, row_pos : float64 (n,)
        Corner origin; NaN behind the camera and beyond the monotone part of the distortion.
    """
    x, y, z = as_positions(x, y, z)
    col, row = np.empty_like(x), np.empty_like(x)
    # Most cameras: a loop without calls and branches, more than twice as fast.
    project = _project_brown_kernel if camera[25] <= _BROWN else _project_frame_kernel
    project(x, y, z, camera, col, row)
    return col, row


def locate_from_frame(
    col_pos: Floats, row_pos: Floats, z: Floats, camera: Floats
) -> tuple[Floats, Floats]:
    """Return where the lines of sight of pixels reach given heights.

    Parameters
    ----------
    col_pos, row_pos : float64 (n,)
        Corner origin.
    z : float64 (n,)
        Metres.
    camera : float64 (35,)

    Returns
    -------
    x, y : float64 (n,)
        NaN where the line of sight never reaches the height, or the lens has no such pixel.
    """
    col, row, z = as_positions(col_pos, row_pos, z)
    x, y = np.empty_like(col), np.empty_like(col)
    _locate_frame_kernel(col, row, z, camera, x, y)
    return x, y


@kernel
def _distort_brown(x, y, camera):
    """Return x, y after the polynomial and its Jacobian (xx, xy, yy; it is symmetric)."""
    k1, k2, k3 = camera[27], camera[28], camera[29]
    k4, k5, k6 = camera[30], camera[31], camera[32]
    p1, p2 = camera[33], camera[34]
    s = x * x + y * y
    top = 1.0 + s * (k1 + s * (k2 + s * k3))
    bottom = 1.0 + s * (k4 + s * (k5 + s * k6))
    radial = top / bottom
    slope = (
        k1 + s * (2.0 * k2 + s * 3.0 * k3) - radial * (k4 + s * (2.0 * k5 + s * 3.0 * k6))
    ) / bottom
    out_x = x * radial + 2.0 * p1 * x * y + p2 * (s + 2.0 * x * x)
    out_y = y * radial + p1 * (s + 2.0 * y * y) + 2.0 * p2 * x * y
    xx = radial + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x
    xy = 2.0 * x * y * slope + 2.0 * p1 * x + 2.0 * p2 * y
    yy = radial + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x
    return out_x, out_y, xx, xy, yy


@kernel
def _undo_radius(target, limit, camera):
    """Return the radius below `limit` that the radial part takes to `target`; about it if there is none.

    Newton's steps within a bracket: the function is monotone there, the bracket never fails.
    """
    low, high = 0.0, target
    for _ in range(64):
        high = min(high, limit)
        value, _, _, _, _ = _distort_radial(high, camera)
        if value >= target or high >= limit:
            break
        low, high = high, 2.0 * high
    radius = min(max(target, low), high)
    for _ in range(100):
        value, slope, _, _, _ = _distort_radial(radius, camera)
        if value > target:
            high = radius
        else:
            low = radius
        following = radius - (value - target) / slope
        if not low <= following <= high:
            following = 0.5 * (low + high)
        step = abs(following - radius)
        radius = following
        if step <= _CONVERGED * (1.0 + radius):
            break
    return radius


@kernel
def _distort_radial(radius, camera):
    """Return the radial part alone and its slope (three more zeros keep the shape of its siblings)."""
    s = radius * radius
    if camera[25] == _FISHEYE:
        k1, k2, k3, k4 = camera[27], camera[28], camera[29], camera[30]
        value = radius * (1.0 + s * (k1 + s * (k2 + s * (k3 + s * k4))))
        slope = 1.0 + s * (3.0 * k1 + s * (5.0 * k2 + s * (7.0 * k3 + s * 9.0 * k4)))
        return value, slope, 0.0, 0.0, 0.0
    k1, k2, k3 = camera[27], camera[28], camera[29]
    k4, k5, k6 = camera[30], camera[31], camera[32]
    top = 1.0 + s * (k1 + s * (k2 + s * k3))
    bottom = 1.0 + s * (k4 + s * (k5 + s * k6))
    radial = top / bottom
    d = (
        k1 + s * (2.0 * k2 + s * 3.0 * k3) - radial * (k4 + s * (2.0 * k5 + s * 3.0 * k6))
    ) / bottom
    return radius * radial, radial + 2.0 * s * d, 0.0, 0.0, 0.0


@kernel
def _undo_brown(x, y, camera):
    """Return the point that the polynomial takes to x, y; NaN where there is none in its monotone part."""
    limit = camera[26]
    target = math.sqrt(x * x + y * y)
    if not target < math.inf:
        return math.nan, math.nan
    if target == 0.0:
        target = 1e-300
    ratio = _undo_radius(target, limit, camera) / target
    u, v = x * ratio, y * ratio
    # The decentring part, small: Newton in the plane from the radial solution.
    for _ in range(20):
        at_x, at_y, xx, xy, yy = _distort_brown(u, v, camera)
        determinant = xx * yy - xy * xy
        if not determinant > 0.0:
            return math.nan, math.nan
        off_x, off_y = at_x - x, at_y - y
        if abs(off_x) + abs(off_y) <= _CONVERGED * (1.0 + target):
            break
        u -= (yy * off_x - xy * off_y) / determinant
        v -= (xx * off_y - xy * off_x) / determinant
    at_x, at_y, _, _, _ = _distort_brown(u, v, camera)
    far = abs(at_x - x) + abs(at_y - y)
    if not far <= _ACCEPTED * (1.0 + target) or not u * u + v * v <= limit * limit:
        return math.nan, math.nan
    return u, v


@kernel
def _to_image_plane(x, y, depth, camera):
    """Return where a point in camera axes falls, over the focal length; NaN where the lens has no place."""
    limit = camera[26]
    if camera[25] == _FISHEYE:
        radius = math.sqrt(x * x + y * y)
        angle = math.atan2(radius, depth)
        if not angle < limit or (radius == 0.0 and not depth > 0.0):
            return math.nan, math.nan
        if radius == 0.0:
            return 0.0, 0.0
        value, _, _, _, _ = _distort_radial(angle, camera)
        return x * value / radius, y * value / radius
    if not depth > 0.0:
        return math.nan, math.nan
    return _undo_brown(x / depth, y / depth, camera)


@kernel
def _to_direction(u, v, camera):
    """Return the direction, in camera axes, of a point of the image plane; NaN where there is none."""
    code, limit = camera[25], camera[26]
    if code == _FISHEYE:
        radius = math.sqrt(u * u + v * v)
        if radius == 0.0:
            return 0.0, 0.0, 1.0
        angle = _undo_radius(radius, limit, camera)
        value, _, _, _, _ = _distort_radial(angle, camera)
        if not abs(value - radius) <= _ACCEPTED * (1.0 + radius):
            return math.nan, math.nan, math.nan
        part = math.sin(angle) / radius
        return u * part, v * part, math.cos(angle)
    if code == _BROWN:
        u, v = _undo_brown(u, v, camera)
    elif code == _BROWN_CORRECTION:
        if not u * u + v * v <= limit * limit:
            return math.nan, math.nan, math.nan
        u, v, _, _, _ = _distort_brown(u, v, camera)
    return u, v, 1.0


@kernel
def _distance_to_height(flat_square, rise, below):
    """Return how far along a line of sight a height is reached: the first time ahead, else NaN.

    Solves flat_square·t² + rise·t + below = 0, flat_square >= 0 being what the Earth sinks by.
    """
    discriminant = rise * rise - 4.0 * flat_square * below
    if not discriminant >= 0.0:
        return math.nan
    q = -0.5 * (rise + math.copysign(math.sqrt(discriminant), rise))
    near = below / q if q != 0.0 else math.nan
    far = q / flat_square if flat_square > 0.0 else math.nan
    if near > 0.0 and not (far > 0.0 and far < near):
        return near
    return far if far > 0.0 else math.nan


@unaliased_kernel
def _project_brown_kernel(x, y, z, camera, col, row):
    c = camera
    x0, y0, z0, sink = c[0], c[1], c[2], c[24]
    m00, m01, m02, m10, m11, m12 = c[3], c[4], c[5], c[6], c[7], c[8]
    m20, m21, m22 = c[9], c[10], c[11]
    a0, a1, a2, a3, a4, a5 = c[12], c[13], c[14], c[15], c[16], c[17]
    square, k1, k2, k3 = c[26] * c[26], c[27], c[28], c[29]
    k4, k5, k6, p1, p2 = c[30], c[31], c[32], c[33], c[34]
    for i in range(x.size):
        dx, dy = x[i] - x0, y[i] - y0
        dz = z[i] - z0 - (dx * dx + dy * dy) * sink
        depth = m20 * dx + m21 * dy + m22 * dz
        u = (m00 * dx + m01 * dy + m02 * dz) / depth
        v = (m10 * dx + m11 * dy + m12 * dz) / depth
        s = u * u + v * v
        radial = (1.0 + s * (k1 + s * (k2 + s * k3))) / (1.0 + s * (k4 + s * (k5 + s * k6)))
        seen = (depth > 0.0) & (s <= square)
        bent_u = u * radial + 2.0 * p1 * u * v + p2 * (s + 2.0 * u * u)
        bent_v = v * radial + p1 * (s + 2.0 * v * v) + 2.0 * p2 * u * v
        bent_u = bent_u if seen else math.nan
        col[i] = a0 * bent_u + a1 * bent_v + a2
        row[i] = a3 * bent_u + a4 * bent_v + a5


@kernel
def _project_frame_kernel(x, y, z, camera, col, row):
    c = camera
    for i in range(x.size):
        dx, dy = x[i] - c[0], y[i] - c[1]
        dz = z[i] - c[2] - (dx * dx + dy * dy) * c[24]
        right = c[3] * dx + c[4] * dy + c[5] * dz
        down = c[6] * dx + c[7] * dy + c[8] * dz
        depth = c[9] * dx + c[10] * dy + c[11] * dz
        u, v = _to_image_plane(right, down, depth, c)
        col[i] = c[12] * u + c[13] * v + c[14]
        row[i] = c[15] * u + c[16] * v + c[17]


@kernel
def _locate_frame_kernel(col, row, z, camera, x, y):
    c = camera
    for i in range(col.size):
        u = c[18] * col[i] + c[19] * row[i] + c[20]
        v = c[21] * col[i] + c[22] * row[i] + c[23]
        right, down, forward = _to_direction(u, v, c)
        dx = c[3] * right + c[6] * down + c[9] * forward
        dy = c[4] * right + c[7] * down + c[10] * forward
        dz = c[5] * right + c[8] * down + c[11] * forward
        t = _distance_to_height((dx * dx + dy * dy) * c[24], dz, c[2] - z[i])
        x[i] = c[0] + t * dx
        y[i] = c[1] + t * dy
