"""Exterior orientations of frame cameras: three ways of stating one rotation.

All become one matrix, from map axes (x east, y north, z up) to camera axes as computer vision has them
(x right in the image, y down in the image, z forward along the line of sight). Photogrammetry's camera has
x right, y up in the image and z backward: the two differ by a half turn about x.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.positions import Floats, checked_numbers

_PHOTOGRAMMETRIC_TO_VISION = np.diag([1.0, -1.0, -1.0])
# Roll, pitch and yaw turn forward, right, down; these are east, north, up in those terms.
_NED_TO_ENU = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
# A camera that looks straight down, the top of its image forward: x right, y down in the image = back.
_BODY_TO_DOWNWARD_CAMERA = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
# Written with six digits a rotation matrix is off by 1e-6; with three it turns a frame by a pixel.
_ORTHONORMAL = 1e-4


class OmegaPhiKappa(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="angles"
):
    """Photogrammetry's angles, in degrees, of a camera with y up in the image and z backward.

    Attributes
    ----------
    omega_deg, phi_deg, kappa_deg : float
        About x, y and z, anticlockwise seen against the axis.
    order : str
        What the camera-to-map matrix is. "omega_phi_kappa": Rx(omega) Ry(phi) Rz(kappa), the usual one
        (omega first about the fixed axis, BINGO, PATB, Pix4D, Applanix). "phi_omega_kappa":
        Ry(phi) Rx(omega) Rz(kappa), phi being the primary rotation.
    """

    omega_deg: float
    phi_deg: float
    kappa_deg: float
    order: Literal["omega_phi_kappa", "phi_omega_kappa"] = "omega_phi_kappa"

    def map_to_camera(self) -> Floats:
        """Return the rotation from map axes to camera axes, float64 (3, 3)."""
        angles = ("omega_deg", "phi_deg", "kappa_deg")
        omega, phi, kappa = (_radians(name, getattr(self, name)) for name in angles)
        if self.order == "omega_phi_kappa":
            to_map = _about_x(omega) @ _about_y(phi) @ _about_z(kappa)
        else:
            to_map = _about_y(phi) @ _about_x(omega) @ _about_z(kappa)
        return _PHOTOGRAMMETRIC_TO_VISION @ to_map.T


class RotationMatrix(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="angles"
):
    """A rotation matrix.

    Attributes
    ----------
    elements : 9 floats
        Row by row.
    direction : str
        "camera_to_map" or "map_to_camera".
    camera_axes : str
        "y_up": photogrammetry's camera (x right, y up in the image, z backward). "y_down": computer
        vision's (x right, y down, z forward).
    """

    elements: tuple[float, ...]
    direction: Literal["camera_to_map", "map_to_camera"] = "camera_to_map"
    camera_axes: Literal["y_up", "y_down"] = "y_up"

    def map_to_camera(self) -> Floats:
        """Return the rotation from map axes to camera axes, float64 (3, 3)."""
        matrix = checked_numbers("elements", self.elements, (9,)).reshape(3, 3)
        off = float(np.abs(matrix @ matrix.T - np.eye(3)).max())
        if not off < _ORTHONORMAL or np.linalg.det(matrix) < 0:
            raise InvalidParameter(
                "elements", self.elements, "a rotation: orthonormal rows and determinant +1"
            )
        # The nearest rotation: digits cut off in a file must not shear the image.
        left, _, right = np.linalg.svd(matrix)
        matrix = left @ right
        if self.direction == "camera_to_map":
            matrix = matrix.T
        turned: Floats = matrix
        if self.camera_axes == "y_up":
            turned = _PHOTOGRAMMETRIC_TO_VISION @ matrix
        return turned


class RollPitchYaw(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="angles"
):
    """Angles of an aircraft or drone, in degrees, of a camera mounted looking down.

    The body's axes are forward, right, down; at zero the body is level and heads north, the camera looks
    straight down and the top of its image points forward. Turned in the order yaw, pitch, roll
    (ISO 1151-2, ARINC 705).

    Attributes
    ----------
    roll_deg : float
        Right side down is positive.
    pitch_deg : float
        Nose up is positive.
    yaw_deg : float
        Clockwise from true north.
    convergence_deg : float
        What is added to grid azimuths to get true ones, at the camera: 0 where yaw counts from grid
        north already.
    """

    roll_deg: float
    pitch_deg: float
    yaw_deg: float
    convergence_deg: float = 0.0

    def map_to_camera(self) -> Floats:
        """Return the rotation from map axes to camera axes, float64 (3, 3)."""
        roll, pitch = (_radians(name, getattr(self, name)) for name in ("roll_deg", "pitch_deg"))
        convergence = _radians("convergence_deg", self.convergence_deg)
        yaw = _radians("yaw_deg", self.yaw_deg) - convergence
        body_to_ned = _about_z(yaw) @ _about_y(pitch) @ _about_x(roll)
        return _BODY_TO_DOWNWARD_CAMERA @ (_NED_TO_ENU @ body_to_ned).T


Orientation = OmegaPhiKappa | RotationMatrix | RollPitchYaw


def _radians(name: str, degrees: float) -> float:
    if not abs(degrees) <= 720.0:
        raise InvalidParameter(name, degrees, "an angle in degrees")
    return math.radians(degrees)


def _about_x(angle: float) -> Floats:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _about_y(angle: float) -> Floats:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _about_z(angle: float) -> Floats:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
