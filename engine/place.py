"""Positions between maps and image spaces: what project, imageToMap and their kin ask.

One way through for all of them: from the source to ground, over the map, from ground to the target.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.geometry.projection import canonical_crs
from engine.image_space import from_image_space, image_space_item, to_image_space
from engine.item_space import Points, SensorSpace, item_space, project
from engine.request import PlaceRequest
from engine.results import PlaceResult

if TYPE_CHECKING:
    from engine.geotransforms.base import Array
    from engine.item_space import ItemSpace
    from engine.render_work import Work
    from engine.service import ImageService

# Lines of sight are followed by so many together; between, the budget is asked.
_PART = 500
_FIELDS = 3


def place(request: PlaceRequest, work: Work) -> PlaceResult:
    """Answer a request for positions.

    Raises
    ------
    InvalidParameter
        A CRS is not known.
    ItemNotFound
    SourceError
        The terrain of an image cannot be read.
    DeadlineExceeded, Cancelled
    """
    route = _Route(request, work.service)
    points = unpack_points(request.positions)
    parts = []
    for start in range(0, points.x.size, _PART):
        work.budget.check()
        parts.append(route.take(points.part(start, start + _PART)))
    return PlaceResult(positions=pack_points(joined(parts)), crs=request.to_crs)


def convert(service: ImageService, points: Points, from_crs: str, to_crs: str) -> Points:
    """Return a few points in another coordinate system; see `PlaceRequest` for what these may be.

    Raises
    ------
    InvalidParameter, ItemNotFound, SourceError
    """
    request = PlaceRequest(positions=b"", from_crs=from_crs, to_crs=to_crs)
    return _Route(request, service).take(points)


def unpack_points(packed: bytes) -> Points:
    """Read the positions of a request.

    Raises
    ------
    InvalidParameter
        They are no triples.
    """
    if len(packed) % (8 * _FIELDS):
        raise InvalidParameter("positions", f"{len(packed)} bytes", "x, y and z of each")
    flat = np.frombuffer(packed, "<f8").reshape(-1, _FIELDS)
    return Points(*(np.ascontiguousarray(flat[:, field]) for field in range(_FIELDS)))


def pack_points(points: Points) -> bytes:
    """Return positions as they travel; what is not finite is NaN."""
    flat = np.stack([points.x, points.y, points.z], axis=1)
    return np.where(np.isfinite(flat), flat, np.nan).astype("<f8").tobytes()


def joined(parts: list[Points]) -> Points:
    """Return parts put together."""
    if not parts:
        return Points(np.empty(0), np.empty(0), np.empty(0))
    return Points(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.z for part in parts]),
    )


class _Route:
    """The way from one coordinate system to another."""

    def __init__(self, request: PlaceRequest, service: ImageService) -> None:
        self._request = request
        self._area = service.summary.extent_lonlat
        self._same = request.from_crs == request.to_crs
        self._source, self._from_crs = _end(service, request.from_crs, "inSR")
        self._target, self._to_crs = _end(service, request.to_crs, "outSR")

    def take(self, points: Points) -> Points:
        if self._same and not self._request.visible_only:
            return points
        ground = points if self._source is None else self._ground_under(points, self._source)
        found = project(ground, self._from_crs, self._to_crs, self._area)
        return found if self._target is None else self._in_image(found, self._target)

    def _ground_under(self, points: Points, source: ItemSpace) -> Points:
        """Return the ground of positions in image space."""
        image = Points(*from_image_space(points.x, points.y), points.z)
        ground = source.to_ground(image)
        if self._request.fill_missing:
            ground = _filled(image, ground, source)
        if self._request.depth_offset_m and isinstance(source, SensorSpace):
            ground = _nearer(image, ground, source, self._request.depth_offset_m)
        if self._target is not None and source.vertical_datum != self._target.vertical_datum:
            # A height means nothing in another datum; the other image has a terrain of its own.
            return Points(ground.x, ground.y, np.full(ground.x.shape, math.nan))
        return ground if source.vertical_datum else Points(ground.x, ground.y, points.z)

    def _in_image(self, ground: Points, target: ItemSpace) -> Points:
        image = target.to_image(ground)
        x, y = to_image_space(image.x, image.y)
        if self._request.visible_only:
            hidden = ~target.sees(ground, image)
            x, y = np.where(hidden, math.nan, x), np.where(hidden, math.nan, y)
        return Points(x, y, image.z if target.vertical_datum else ground.z)


def _end(service: ImageService, crs: str, parameter: str) -> tuple[ItemSpace | None, str]:
    """Return the image at one end of a route, if it is one, and the CRS of the map there."""
    number = image_space_item(crs)
    if number is None:
        return None, canonical_crs(crs, parameter) if crs else service.summary.crs
    space = item_space(service, number)
    return space, space.crs


def _filled(image: Points, ground: Points, source: ItemSpace) -> Points:
    """Let lines of sight that miss the terrain end at the median height of those that do not."""
    missed = np.isnan(ground.x) & np.isfinite(image.x) & np.isfinite(image.y)
    if not missed.any() or not np.isfinite(ground.z).any():
        return ground
    heights = np.where(missed, float(np.nanmedian(ground.z)), ground.z)
    return source.to_ground(Points(image.x, image.y, heights))


def _nearer(image: Points, ground: Points, source: SensorSpace, offset_m: float) -> Points:
    """Move ground points along their lines of sight, towards the sensor."""
    zenith: Array = source.zenith_deg(Points(image.x, image.y, ground.z))
    raised = ground.z + offset_m * np.cos(np.radians(zenith))
    x, y = source.sensor.image_to_ground(image.x, image.y, raised)
    return Points(x, y, raised)
