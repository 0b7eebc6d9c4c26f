"""Where a camera stood above the ground, on the map of the service: what the Nadir method measures from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.geolocation import unpack_geolocation
from engine.geometry.projection import operation, transform
from engine.geotransforms.frame_camera import FrameCameraRecord

if TYPE_CHECKING:
    from collections.abc import Mapping


def nadir_of(geolocation: bytes, service_crs: str) -> Mapping[str, float]:
    """Return the fields nadir_x and nadir_y of an item, in the service CRS; {} where they are not known.

    Parameters
    ----------
    geolocation : bytes
        As packed in the item; b"" = none. Only frame cameras say where they stood.

    Raises
    ------
    InvalidParameter
        No operation leads from the camera's CRS to the service's.
    """
    sensor = unpack_geolocation(geolocation).sensor if geolocation else None
    if not isinstance(sensor, FrameCameraRecord):
        return {}
    to_service = operation(sensor.ground_crs, service_crs).pipeline
    position = sensor.position
    x, y = transform(to_service, np.array([position.x]), np.array([position.y]))
    if not np.isfinite([x[0], y[0]]).all():
        return {}
    return {"nadir_x": float(x[0]), "nadir_y": float(y[0])}
