"""What files about frame cameras say, before it becomes records: exteriors, interiors, and their union.

A table of exterior orientations names images and cameras; interior orientations come by camera. Image names
match with or without folder and extension, whatever the case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.geotransforms.frame_camera import (
    CameraPosition,
    FrameCameraRecord,
    is_geographic_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.geotransforms.camera_interior import Interior
    from engine.geotransforms.camera_orientation import Orientation
    from engine.geotransforms.lens_distortion import Distortion

LONGITUDE_LATITUDE = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class FrameExterior:
    """The exterior orientation of one image.

    Attributes
    ----------
    image : str
        As the file names it.
    camera : str
        Name of the interior orientation; "" where the file names none.
    x, y, z_m : float
        The perspective centre, in `crs`.
    crs : str
        Of x and y: EPSG:4326 for longitude and latitude, "" where the file does not say.
    """

    image: str
    camera: str
    x: float
    y: float
    z_m: float
    orientation: Orientation
    crs: str = ""


@dataclass(frozen=True, slots=True)
class FrameInterior:
    """The interior orientation of one camera."""

    interior: Interior
    distortion: Distortion | None = None


@dataclass(frozen=True, slots=True)
class FrameGround:
    """What the author states of positions: a projected CRS ("" = as the file says) and the datum of heights."""

    crs: str
    vertical_datum: str


def frame_record(
    exterior: FrameExterior,
    interiors: Mapping[str, FrameInterior],
    size: tuple[int, int],
    ground: FrameGround,
) -> FrameCameraRecord:
    """Return the record of one image.

    Parameters
    ----------
    interiors : mapping
        By camera. One alone serves images that name no camera.
    size : (columns, rows)
        Of the image file.

    Raises
    ------
    InvalidParameter
        No such camera, no CRS, or positions in degrees: see `frame_placement.place_on_grid`.
    """
    crs = ground.crs or exterior.crs
    is_lonlat = is_geographic_name(exterior.crs)
    if not crs or is_lonlat or is_geographic_name(crs):
        value = exterior.crs if is_lonlat else crs
        raise InvalidParameter("ground_crs", value, f"a projected CRS for {exterior.image}")
    found = _interior_of(exterior, interiors)
    return FrameCameraRecord(
        ground_crs=crs,
        vertical_datum=ground.vertical_datum,
        columns=size[0],
        rows=size[1],
        position=CameraPosition(x=exterior.x, y=exterior.y, z_m=exterior.z_m),
        orientation=exterior.orientation,
        interior=found.interior,
        distortion=found.distortion,
    )


def find_exterior(image: str, exteriors: Sequence[FrameExterior]) -> FrameExterior | None:
    """Return the exterior orientation of an image file, the most exactly named one; None if none is."""
    for key in (_file_name, _stem):
        named = [each for each in exteriors if key(each.image) == key(image)]
        if named:
            return named[0]
    bare = [each for each in exteriors if _file_name(each.image) == _stem(image)]
    return bare[0] if bare else None


def finite_number(name: str, value: Any) -> float:
    """Return a value of a file as float.

    Raises
    ------
    InvalidParameter
        Missing, not a number, NaN or infinite.
    """
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InvalidParameter(name, value, "a finite number")
    return number


def _interior_of(exterior: FrameExterior, interiors: Mapping[str, FrameInterior]) -> FrameInterior:
    if exterior.camera in interiors:
        return interiors[exterior.camera]
    if not exterior.camera and len(interiors) == 1:
        return next(iter(interiors.values()))
    known = ", ".join(sorted(interiors)) or "no cameras at all"
    raise InvalidParameter(f"camera of {exterior.image}", exterior.camera, f"one of: {known}")


def _file_name(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name.casefold()


def _stem(path: str) -> str:
    return PurePosixPath(_file_name(path)).stem
