"""Where a request asks about: its geometry and its pixel size, brought to the service's map."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np
import shapely

from engine.errors import InvalidParameter
from engine.geometry.projection import canonical_crs, operation, transform
from engine.geometry.shape_crs import shape_to_crs
from engine.image_shapes import shape_on_map
from engine.image_space import image_space_item

if TYPE_CHECKING:
    from engine.request import AreaCountsRequest, IdentifyRequest, PointSamplesRequest
    from engine.service import ImageService


def asked_crs(service: ImageService, crs: str) -> str:
    """Return the CRS of a request's geometry; "" = the service's.

    Raises
    ------
    InvalidParameter
    """
    return canonical_crs(crs, "inSR") if crs else service.summary.crs


def geometry_of(wkb: bytes) -> shapely.Geometry:
    """Return the geometry of a request.

    Raises
    ------
    InvalidParameter
        It is empty.
    """
    geometry = shapely.from_wkb(wkb)
    if geometry is None or geometry.is_empty:
        raise InvalidParameter("geometry", "empty", "a point or an area")
    return geometry


def geometry_on_map(
    service: ImageService, geometry: shapely.Geometry, crs: str
) -> shapely.Geometry:
    """Return a geometry in the service's CRS; of what has no place there nothing is left.

    Raises
    ------
    InvalidParameter
        The CRS is none, or nothing of the geometry has a place on the map.
    """
    if image_space_item(crs) is not None:
        return shape_on_map(service, geometry, crs)
    summary = service.summary
    pipeline = operation(asked_crs(service, crs), summary.crs, summary.extent_lonlat).pipeline
    moved = shape_to_crs(geometry, pipeline)
    if moved.is_empty:
        raise InvalidParameter("geometry", geometry.geom_type, "a place on the service's map")
    return moved


def project_point(service: ImageService, crs: str, x: float, y: float) -> tuple[float, float]:
    """Return a point in the service's CRS.

    Raises
    ------
    InvalidParameter
        It has no place there.
    """
    summary = service.summary
    pipeline = operation(crs, summary.crs, summary.extent_lonlat).pipeline
    out_x, out_y = transform(pipeline, np.array([x]), np.array([y]))
    if not (np.isfinite(out_x[0]) and np.isfinite(out_y[0])):
        raise InvalidParameter("geometry", f"{x:g},{y:g}", "a place on the service's map")
    return float(out_x[0]), float(out_y[0])


def asked_pixel_size(
    service: ImageService,
    asked: tuple[float, float] | None,
    crs: str,
    place: tuple[float, float],
) -> tuple[float, float]:
    """Return a pixel size of a request in units of the service, measured at a place; its own by default.

    Parameters
    ----------
    asked
        In units of `crs`, which is no image space; None = not asked for.
    place : (x, y)
        In `crs`.

    Raises
    ------
    InvalidParameter
    """
    summary = service.summary
    if asked is None:
        return summary.pixel_size_x, summary.pixel_size_y
    size_x, size_y = asked
    if crs == summary.crs:
        return size_x, size_y
    x0, y0 = project_point(service, crs, *place)
    x1, y1 = project_point(service, crs, place[0] + size_x, place[1])
    x2, y2 = project_point(service, crs, place[0], place[1] + size_y)
    return float(np.hypot(x1 - x0, y1 - y0)), float(np.hypot(x2 - x0, y2 - y0))


Asking = TypeVar("Asking", "IdentifyRequest", "AreaCountsRequest", "PointSamplesRequest")


def in_own_units(service: ImageService, request: Asking) -> Asking:
    """Return a request with its pixel size in units of its geometry, measured at the geometry's middle.

    Raises
    ------
    InvalidParameter
    """
    place = (request.geometry, request.crs)
    size = size_in_own_units(service, request.pixel_size, request.pixel_size_crs, place)
    return msgspec.structs.replace(request, pixel_size=size, pixel_size_crs="")


def size_in_own_units(
    service: ImageService, size: tuple[float, float] | None, size_crs: str, place: tuple[bytes, str]
) -> tuple[float, float] | None:
    """Return a pixel size in units of a geometry, measured at its middle; see `in_own_units`.

    Parameters
    ----------
    size_crs : str
        "" = the geometry's.
    place : (WKB, CRS)
        b"" = the whole service; "" = its CRS.
    """
    wkb, crs = place
    if size is None or not size_crs or image_space_item(crs) is not None:
        return size
    box = service.summary.extent
    if not wkb:
        return _converted(size, size_crs, service.summary.crs, (box.center_x, box.center_y))
    middle = geometry_of(wkb).centroid
    return _converted(size, size_crs, asked_crs(service, crs), (middle.x, middle.y))


def _converted(
    size: tuple[float, float], from_crs: str, to_crs: str, place: tuple[float, float]
) -> tuple[float, float]:
    """Return a pixel size in units of another CRS, at a place in that CRS."""
    own = canonical_crs(from_crs, "pixelSize.spatialReference")
    if own == to_crs:
        return size
    (x,), (y,) = transform(operation(to_crs, own).pipeline, *np.array(place).reshape(2, 1))
    corners = np.array([[x, x + size[0], x], [y, y, y + size[1]]])
    xs, ys = transform(operation(own, to_crs).pipeline, *corners)
    found = np.hypot(xs[1:] - xs[0], ys[1:] - ys[0])
    if not (np.isfinite(found).all() and (found > 0).all()):
        raise InvalidParameter(
            "pixelSize", f"{size[0]:g},{size[1]:g}", "pixels that a map has there"
        )
    return float(found[0]), float(found[1])
