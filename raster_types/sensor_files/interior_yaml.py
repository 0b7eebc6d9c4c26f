"""Interior orientations as YAML or JSON, as orthority has them: one mapping a camera.

`focal_len` and `sensor_size` share a unit (millimetres); without `sensor_size` the focal length is in units
of the longer side. `cx` and `cy` are in units of the longer side from the middle, y downwards. Version 0.1
had one camera under the key `camera`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from engine.errors import InvalidParameter, shorten
from engine.geotransforms.camera_interior import InteriorMillimetres, InteriorNormalised
from engine.geotransforms.lens_distortion import BrownDistortion, FisheyeDistortion
from raster_types.sensor_files.frames import FrameInterior, finite_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.geotransforms.camera_interior import Interior
    from engine.geotransforms.lens_distortion import Distortion

_MAX_CHARS = 1_000_000
_BROWN = ("k1", "k2", "k3", "p1", "p2")
_OPENCV = ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2")
_FISHEYE = ("k1", "k2", "k3", "k4")
# OpenCV's thin prism and tilt: nobody has asked for them.
_NOT_SUPPORTED = ("s1", "s2", "s3", "s4", "tau_x", "tau_y")


def read_interior_yaml(text: str) -> dict[str, FrameInterior]:
    """Return the cameras of a file, by name.

    Raises
    ------
    InvalidParameter
        Not YAML, no cameras, numbers missing, a camera type other than pinhole, brown, opencv, fisheye.
    """
    if len(text) > _MAX_CHARS:
        raise InvalidParameter("interior file", f"{len(text)} characters", "a million at most")
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as err:
        raise InvalidParameter("interior file", err, "YAML or JSON") from err
    if not isinstance(content, dict):
        raise InvalidParameter("interior file", shorten(text), "one mapping a camera")
    legacy = content.get("camera")
    if isinstance(legacy, dict) and "type" in legacy:
        content = {str(legacy.get("name", "camera")): legacy}
    cameras = {
        str(name): _camera(str(name), fields)
        for name, fields in content.items()
        if isinstance(fields, dict) and "type" in fields
    }
    if not cameras:
        raise InvalidParameter("interior file", shorten(text), "one mapping with a type a camera")
    return cameras


def _camera(name: str, fields: Mapping[str, Any]) -> FrameInterior:
    columns, rows = _pair(f"im_size of {name}", fields.get("im_size"))
    focal_x, focal_y = _pair(f"focal_len of {name}", fields.get("focal_len"))
    side = max(columns, rows)
    center_x, center_y = (
        finite_number(f"{key} of {name}", fields.get(key, 0.0)) for key in ("cx", "cy")
    )
    interior: Interior
    if fields.get("sensor_size") is None:
        interior = InteriorNormalised(
            columns=int(columns),
            rows=int(rows),
            focal_length_x=focal_x,
            focal_length_y=focal_y,
            principal_point_x=center_x,
            principal_point_y=center_y,
        )
    else:
        width, height = _pair(f"sensor_size of {name}", fields["sensor_size"])
        if columns <= 0 or rows <= 0:
            raise InvalidParameter(f"im_size of {name}", fields.get("im_size"), "pixels above 0")
        # One focal length on film: what differs in y is left to the pixels.
        pixel_x, pixel_y = width / columns, height / rows * _ratio(name, focal_x, focal_y)
        interior = InteriorMillimetres(
            columns=int(columns),
            rows=int(rows),
            focal_length_mm=focal_x,
            principal_point_x_mm=center_x * side * pixel_x,
            principal_point_y_mm=-center_y * side * pixel_y,
            pixel_size_x_mm=pixel_x,
            pixel_size_y_mm=pixel_y,
        )
    return FrameInterior(interior, _distortion(name, fields))


def _ratio(name: str, focal_x: float, focal_y: float) -> float:
    if not (focal_x > 0 and focal_y > 0):
        raise InvalidParameter(f"focal_len of {name}", (focal_x, focal_y), "a length above 0")
    return focal_x / focal_y


def _distortion(name: str, fields: Mapping[str, Any]) -> Distortion | None:
    kind = str(fields["type"])

    def numbers(keys: tuple[str, ...]) -> dict[str, float]:
        return {
            key: finite_number(f"{key} of {name}", fields[key]) for key in keys if key in fields
        }

    if any(numbers(_NOT_SUPPORTED).values()):
        raise InvalidParameter(f"distortion of {name}", "s or tau", "k1 to k6, p1, p2")
    if kind == "pinhole":
        return None
    if kind == "brown":
        return BrownDistortion(**numbers(_BROWN))
    if kind == "opencv":
        return BrownDistortion(**numbers(_OPENCV))
    if kind == "fisheye":
        return FisheyeDistortion(**numbers(_FISHEYE))
    raise InvalidParameter(f"type of {name}", kind, "pinhole, brown, opencv or fisheye")


def _pair(name: str, value: Any) -> tuple[float, float]:
    values = value if isinstance(value, list) else [value, value]
    if len(values) != 2:
        raise InvalidParameter(name, value, "one number, or two in brackets")
    return finite_number(name, values[0]), finite_number(name, values[1])
