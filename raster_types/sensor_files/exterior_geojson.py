"""Exterior orientations as GeoJSON, as orthority writes them: position and angles (in *radians*) as properties."""

from __future__ import annotations

import math

import msgspec

from engine.errors import InvalidParameter
from engine.geotransforms.camera_orientation import OmegaPhiKappa
from raster_types.sensor_files.frames import FrameExterior, finite_number


class _Properties(msgspec.Struct, frozen=True):
    filename: str
    xyz: tuple[float, float, float]
    opk: tuple[float, float, float]
    camera: str | None = None


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties


class _Collection(msgspec.Struct, frozen=True):
    features: list[_Feature]
    world_crs: str = ""


def read_exterior_geojson(text: str) -> list[FrameExterior]:
    """Return the exterior orientations of a GeoJSON.

    Raises
    ------
    InvalidParameter
        Not such a GeoJSON, or without features.
    """
    try:
        collection = msgspec.json.decode(text, type=_Collection)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as err:
        raise InvalidParameter(
            "exterior GeoJSON", err, "features with filename, xyz and opk"
        ) from err
    if not collection.features:
        raise InvalidParameter("exterior GeoJSON", "no features", "at least one feature")
    return [_exterior(each.properties, collection.world_crs) for each in collection.features]


def _exterior(properties: _Properties, crs: str) -> FrameExterior:
    image = properties.filename
    x, y, z_m = (finite_number(f"xyz of {image}", value) for value in properties.xyz)
    omega, phi, kappa = (
        math.degrees(finite_number(f"opk of {image}", value)) for value in properties.opk
    )
    return FrameExterior(
        image=image,
        camera=properties.camera or "",
        x=x,
        y=y,
        z_m=z_m,
        orientation=OmegaPhiKappa(omega_deg=omega, phi_deg=phi, kappa_deg=kappa),
        crs=crs,
    )
