"""Where north lies and what is up, in an image or on a map: what computeAngles asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.geometry.projection import LONLAT, canonical_crs
from engine.image_space import image_space_item, to_image_space
from engine.item_space import Points, item_space, project
from engine.place import convert
from engine.results import AnglesResult

if TYPE_CHECKING:
    from engine.item_space import ItemSpace
    from engine.render_work import Work
    from engine.request import AnglesRequest
    from engine.service import ImageService

# A step to the north, in degrees: about 11 m, far above rounding and below what bends.
_STEP_DEG = 1e-4
_NOTHING = 1e-9


def image_directions(request: AnglesRequest, work: Work) -> AnglesResult:
    """Return the directions of north and up.

    Raises
    ------
    InvalidParameter
        The point has no place in the image or on the map asked for.
    ItemNotFound
    SourceError
        The terrain cannot be read.
    """
    service = work.service
    space = item_space(service, request.item)
    image = _image_point(request, space, work)
    ground = space.to_ground(image)
    if not (np.isfinite(ground.x[0]) and np.isfinite(ground.y[0])):
        asked = request.point
        shown = "the image's centre" if asked is None else f"{asked.x:g},{asked.y:g}"
        raise InvalidParameter("point", shown, "a place that the image shows and the terrain has")
    lean = space.lean(Points(image.x, image.y, ground.z))
    north = _north_of(ground, space)
    three = Points(
        np.concatenate([ground.x, north.x, lean.x]),
        np.concatenate([ground.y, north.y, lean.y]),
        np.repeat(ground.z, 3),
    )
    x, y = _in_target(three, space, request.to_crs, service)
    return AnglesResult(
        north_deg=_clockwise_from_top(x[1] - x[0], y[1] - y[0]),
        up_deg=_clockwise_from_top(x[2] - x[0], y[2] - y[0]),
        crs=request.to_crs,
    )


def _image_point(request: AnglesRequest, space: ItemSpace, work: Work) -> Points:
    """Return the point in the image, its height where one is known."""
    point = request.point
    if point is None:
        item = work.service.catalog.item(request.item)
        unknown = np.full(1, math.nan)
        return Points(np.array([item.width / 2]), np.array([item.height / 2]), unknown)
    given = Points(np.array([point.x]), np.array([point.y]), np.full(1, math.nan))
    crs = point.crs
    if image_space_item(crs) is None:
        crs = canonical_crs(crs, "point.spatialReference") if crs else work.service.summary.crs
        on_map = project(given, crs, space.crs, work.service.summary.extent_lonlat)
        return space.to_image(on_map)
    return space.to_image(convert(work.service, given, crs, space.crs))


def _north_of(ground: Points, space: ItemSpace) -> Points:
    """Return a point a step to the true north."""
    lonlat = project(ground, space.crs, LONLAT, None)
    step = _STEP_DEG if lonlat.y[0] + _STEP_DEG < 90.0 else -_STEP_DEG
    beside = project(Points(lonlat.x, lonlat.y + step, ground.z), LONLAT, space.crs, None)
    sign = math.copysign(1.0, step)
    return Points(
        ground.x + (beside.x - ground.x) * sign, ground.y + (beside.y - ground.y) * sign, ground.z
    )


def _in_target(
    points: Points, space: ItemSpace, to_crs: str, service: ImageService
) -> tuple[list[float], list[float]]:
    """Return x and y of ground points in the system asked for, all at the height of the first."""
    area = service.summary.extent_lonlat
    number = image_space_item(to_crs)
    if number is None:
        crs = canonical_crs(to_crs, "spatialReference") if to_crs else service.summary.crs
        found = project(points, space.crs, crs, area)
        return found.x.tolist(), found.y.tolist()
    target = item_space(service, number)
    there = project(points, space.crs, target.crs, area)
    if target.vertical_datum != space.vertical_datum:
        height = target.to_image(Points(there.x[:1], there.y[:1], np.full(1, math.nan))).z
        there = Points(there.x, there.y, np.repeat(height, there.x.size))
    image = target.to_image(there)
    x, y = to_image_space(image.x, image.y)
    return x.tolist(), y.tolist()


def _clockwise_from_top(right: float, up: float) -> float:
    if not math.hypot(right, up) > _NOTHING:
        return math.nan
    return math.degrees(math.atan2(right, up)) % 360.0
