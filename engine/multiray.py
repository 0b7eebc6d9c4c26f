"""Where lines of sight of several images meet: a point in space from its places in the images.

Least squares in the images: the point whose places there differ least from those measured, found by
Gauss and Newton's method from the ground under the first image on. Terrain is only where it begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.geometry.geoid import canonical_datum
from engine.geometry.projection import canonical_crs, operation, transform
from engine.geotransforms.view_angles import metres_per_unit
from engine.image_space import from_image_space
from engine.item_space import Points, SensorSpace, item_space, project
from engine.place import pack_points
from engine.results import PlaceResult

if TYPE_CHECKING:
    from engine.geometry.projection import Floats
    from engine.geotransforms.base import SensorModel
    from engine.render_work import Work
    from engine.request import MultirayRequest

_ITERATIONS = 20
_TOLERANCE_M = 1e-4
_STEP_M = 1.0
# Lines of sight closer than about a tenth of a degree tell the height to no better than 500 pixels.
_LEAST_SINE = 2e-3
_ACCEPTED = (
    "two or more images with sensor models that count heights alike, seen from different sides"
)


@dataclass(frozen=True, slots=True)
class _Ray:
    """One image's measurement of all points.

    Attributes
    ----------
    pipeline : str
        From the first image's ground CRS to this one's.
    """

    sensor: SensorModel
    pipeline: str
    col: Floats
    row: Floats

    def misses(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return how far ground points lie from the measurement, in pixels."""
        col, row = self.sensor.ground_to_image(*transform(self.pipeline, x, y), z)
        return col - self.col, row - self.row


def multiray(request: MultirayRequest, work: Work) -> PlaceResult:
    """Return where the lines of sight meet.

    Raises
    ------
    InvalidParameter
        Fewer than two images, one without a sensor model, heights of different datums, positions that
        do not fit the images, or lines that (nearly) coincide.
    ItemNotFound
    SourceError
        The terrain of the first image cannot be read.
    """
    rasters = ",".join(map(str, request.items))
    if len(set(request.items)) < 2:
        raise InvalidParameter("rasterIds", rasters, _ACCEPTED)
    spaces = [_sensor_space(work, number) for number in request.items]
    first = spaces[0]
    if len({canonical_datum(space.vertical_datum) for space in spaces}) > 1:
        raise InvalidParameter("rasterIds", rasters, _ACCEPTED)
    positions = _positions(request)
    rays = []
    for space, xy in zip(spaces, positions, strict=True):
        pipeline = operation(first.crs, space.crs).pipeline
        rays.append(_Ray(space.sensor, pipeline, *from_image_space(xy[:, 0], xy[:, 1])))
    start = _start(first, rays[0])
    met = _meet(rays, start, first.crs, work)
    _check_apart(rays, met, first.crs, rasters)
    summary = work.service.summary
    crs = canonical_crs(request.to_crs, "outSR") if request.to_crs else summary.crs
    found = project(met, first.crs, crs, summary.extent_lonlat)
    return PlaceResult(positions=pack_points(found), crs=request.to_crs)


def _sensor_space(work: Work, number: int) -> SensorSpace:
    space = item_space(work.service, number)
    if not isinstance(space, SensorSpace) or not space.vertical_datum:
        raise InvalidParameter("rasterIds", number, _ACCEPTED)
    return space


def _positions(request: MultirayRequest) -> Floats:
    """Return x, y of (image, point)."""
    count, images = len(request.positions), len(request.items)
    if count == 0 or count % (16 * images):
        raise InvalidParameter("geometries", f"{count // 16} positions", "as many in each image")
    return np.frombuffer(request.positions, "<f8").reshape(images, -1, 2)


def _start(first: SensorSpace, ray: _Ray) -> Points:
    """Return the ground under the first image's points; where it is missed, the middle of its heights."""
    found = first.to_ground(Points(ray.col, ray.row, np.full(ray.col.shape, math.nan)))
    missed = np.isnan(found.x)
    if not missed.any():
        return found
    middle = sum(first.sensor.height_range) / 2
    return first.to_ground(Points(ray.col, ray.row, np.where(missed, middle, found.z)))


def _meet(rays: list[_Ray], start: Points, crs: str, work: Work) -> Points:
    """Return the points nearest to all lines of sight."""
    x, y, z = start.x.copy(), start.y.copy(), start.z.copy()
    for _ in range(_ITERATIONS):
        work.budget.check()
        metres_x, metres_y = metres_per_unit(crs, y)
        misses, slopes = _linear(rays, Points(x, y, z), (metres_x, metres_y))
        normal = np.einsum("pik,pil->pkl", slopes, slopes)
        target = np.einsum("pik,pi->pk", slopes, misses)
        lost = ~(np.isfinite(normal).all(axis=(1, 2)) & np.isfinite(target).all(axis=1))
        normal[lost], target[lost] = np.eye(3), np.nan
        # pinv: points whose lines coincide have no solution; they are refused afterwards.
        move = -np.einsum("pkl,pl->pk", np.linalg.pinv(normal, hermitian=True), target)
        x, y, z = x + move[:, 0] / metres_x, y + move[:, 1] / metres_y, z + move[:, 2]
        if not (np.abs(move) > _TOLERANCE_M).any():
            break
    return Points(x, y, z)


def _linear(rays: list[_Ray], at: Points, metres: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return misses (points, 2 images) and what they change by a metre east, north, up (…, 3)."""
    step_x, step_y = _STEP_M / metres[0], _STEP_M / metres[1]
    misses = np.empty((at.x.size, 2 * len(rays)))
    slopes = np.empty((at.x.size, 2 * len(rays), 3))
    for number, ray in enumerate(rays):
        both = slice(2 * number, 2 * number + 2)
        here = np.stack(ray.misses(at.x, at.y, at.z), axis=1)
        misses[:, both] = here
        moved = (
            ray.misses(at.x + step_x, at.y, at.z),
            ray.misses(at.x, at.y + step_y, at.z),
            ray.misses(at.x, at.y, at.z + _STEP_M),
        )
        for axis, there in enumerate(moved):
            slopes[:, both, axis] = (np.stack(there, axis=1) - here) / _STEP_M
    return misses, slopes


def _check_apart(rays: list[_Ray], at: Points, crs: str, rasters: str) -> None:
    """Refuse lines of sight that (nearly) coincide: their meeting point is nowhere in particular."""
    _, slopes = _linear(rays, at, metres_per_unit(crs, at.y))
    good = np.isfinite(slopes).all(axis=(1, 2))
    if not good.any():
        raise InvalidParameter("geometries", "positions", "places that the images' models reach")
    directions = []
    for number in range(len(rays)):
        pair = slopes[good, 2 * number : 2 * number + 2]
        # Along its line of sight a point's place does not change: normal to both gradients.
        along = np.cross(pair[:, 0], pair[:, 1])
        directions.append(along / np.linalg.norm(along, axis=1, keepdims=True))
    sines = [np.linalg.norm(np.cross(directions[0], other), axis=1) for other in directions[1:]]
    if np.max(np.stack(sines), axis=0).min() < _LEAST_SINE:
        raise InvalidParameter("rasterIds", rasters, _ACCEPTED)
