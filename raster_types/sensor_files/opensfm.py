"""OpenSfM's (and OpenDroneMap's) reconstruction.json: cameras and shots in a local frame east, north, up.

Shots hold the rotation from map to camera axes (angle-axis, x right, y down, z forward) and the translation
after it. Positions count from `reference_lla`; their CRS is the orthographic projection about it, in which
east and north of points near the ellipsoid are exact, and their heights get the reference's altitude.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.camera_interior import InteriorNormalised
from engine.geotransforms.camera_orientation import RotationMatrix
from engine.geotransforms.lens_distortion import BrownDistortion, FisheyeDistortion
from raster_types.sensor_files.frames import FrameExterior, FrameInterior, finite_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.geotransforms.lens_distortion import Distortion

# Coefficients by OpenSfM's name of the projection.
_BROWN = {
    "perspective": ("k1", "k2"),
    "simple_radial": ("k1",),
    "radial": ("k1", "k2"),
    "brown": ("k1", "k2", "k3", "p1", "p2"),
}
_FISHEYE = {"fisheye": ("k1", "k2"), "fisheye_opencv": ("k1", "k2", "k3", "k4")}


class _Shot(msgspec.Struct, frozen=True):
    rotation: tuple[float, float, float]
    translation: tuple[float, float, float]
    camera: str


class _Reference(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float
    altitude: float = 0.0


class _Reconstruction(msgspec.Struct, frozen=True):
    cameras: dict[str, dict[str, Any]]
    shots: dict[str, _Shot]
    reference_lla: _Reference | None = None


def read_opensfm(text: str) -> tuple[list[FrameExterior], dict[str, FrameInterior]]:
    """Return the shots and the cameras of a reconstruction.

    Raises
    ------
    InvalidParameter
        Not a reconstruction, without a reference position, or a camera model that is not supported
        (spherical, dual, fisheye62, fisheye624).
    """
    try:
        parts = msgspec.json.decode(text, type=list[_Reconstruction])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as err:
        raise InvalidParameter(
            "reconstruction.json", err, "OpenSfM's list of reconstructions"
        ) from err
    interiors = {
        name: _interior(name, fields) for part in parts for name, fields in part.cameras.items()
    }
    exteriors = [
        _exterior(name, shot, part.reference_lla)
        for part in parts
        for name, shot in part.shots.items()
    ]
    if not exteriors:
        raise InvalidParameter("reconstruction.json", "no shots", "at least one shot")
    return exteriors, interiors


def _interior(name: str, fields: Mapping[str, Any]) -> FrameInterior:
    def number(*keys: str, default: float | None = None) -> float:
        found = next((fields[key] for key in keys if key in fields), default)
        return finite_number(f"{keys[0]} of {name}", found)

    kind = str(fields.get("projection_type"))
    distortion: Distortion
    if kind in _BROWN:
        distortion = BrownDistortion(**{key: number(key, default=0.0) for key in _BROWN[kind]})
    elif kind in _FISHEYE:
        distortion = FisheyeDistortion(**{key: number(key, default=0.0) for key in _FISHEYE[kind]})
    else:
        known = ", ".join((*_BROWN, *_FISHEYE))
        raise InvalidParameter(f"projection_type of {name}", kind, f"one of: {known}")
    interior = InteriorNormalised(
        columns=int(number("width")),
        rows=int(number("height")),
        focal_length_x=number("focal_x", "focal"),
        focal_length_y=number("focal_y", "focal"),
        principal_point_x=number("c_x", default=0.0),
        principal_point_y=number("c_y", default=0.0),
    )
    return FrameInterior(interior, distortion)


def _exterior(name: str, shot: _Shot, reference: _Reference | None) -> FrameExterior:
    if reference is None:
        raise InvalidParameter("reference_lla", "", "the reconstruction's latitude and longitude")
    rotation = _rotation_of_angle_axis(np.array(shot.rotation))
    x, y, z_m = (-rotation.T @ np.array(shot.translation)).tolist()
    return FrameExterior(
        image=name,
        camera=shot.camera,
        x=x,
        y=y,
        z_m=z_m + finite_number("altitude of reference_lla", reference.altitude),
        orientation=RotationMatrix(
            elements=tuple(rotation.ravel().tolist()),
            direction="map_to_camera",
            camera_axes="y_down",
        ),
        crs=_crs_about(reference),
    )


def _rotation_of_angle_axis(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    if angle == 0.0:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turned: NDArray[np.float64] = (
        np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross
    )
    return turned


def _crs_about(reference: _Reference) -> str:
    degree = 'ANGLEUNIT["degree",0.0174532925199433]'
    metre = 'LENGTHUNIT["metre",1]'
    return (
        'PROJCRS["Local east, north",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
        f'ELLIPSOID["WGS 84",6378137,298.257223563,{metre}]],PRIMEM["Greenwich",0,{degree}]],'
        'CONVERSION["Orthographic",METHOD["Orthographic",ID["EPSG",9840]],'
        f'PARAMETER["Latitude of natural origin",{reference.latitude!r},{degree},ID["EPSG",8801]],'
        f'PARAMETER["Longitude of natural origin",{reference.longitude!r},{degree},ID["EPSG",8802]],'
        f'PARAMETER["False easting",0,{metre},ID["EPSG",8806]],'
        f'PARAMETER["False northing",0,{metre},ID["EPSG",8807]]],'
        f'CS[Cartesian,2],AXIS["easting",east,ORDER[1],{metre}],AXIS["northing",north,ORDER[2],{metre}]]'
    )
