"""Where images with a sensor model lie on a map: the locator and scale that planning needs.

Rule: planning binds a sensor model at most, and opens nothing; terrain is opened when positions are
asked for. Terrain that cannot be read is a source that cannot be read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.errors import SourceError
from engine.geometry.locator import MapLocator
from engine.geometry.ortho_locator import OrthoLocator
from engine.geometry.projection import operation, transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from engine.extent import Extent
    from engine.geolocation import BoundGeolocation
    from engine.geometry.locator import Nodes, Survey
    from engine.geometry.map_patch import Square
    from engine.geotransforms.base import SensorModel
    from engine.item import Item
    from engine.target_grid import Lattice

    Floats = NDArray[np.float64]

# A step of this part of the footprint's box measures the scale at its middle.
_STEP_SHARE = 1e-3
# Pixels that grow by less between heights say nothing of the height.
_LEAST_PERSPECTIVE = 0.02


class OrthoSource(Protocol):
    """Lends the open locator of one image (see `engine.sensor_items`)."""

    def __call__(self) -> AbstractContextManager[OrthoLocator]:
        """Return it; raises SourceError, at once or when what is done inside does."""
        ...


@dataclass(frozen=True, slots=True)
class SensorLocator:
    """The locator of an image whose terrain is opened when it is first needed (a `Locator`).

    Attributes
    ----------
    key : str
        Equal for equal locators: service version, item, output CRS and generation of the terrain.
    size : (width, height)
        Of the image, in level-0 pixels.
    usual_height : callable
        Returns about how high the ground lies, metres in the sensor model's vertical datum.
    lend : OrthoSource
        The open locator.
    """

    key: str
    size: tuple[int, int] = field(compare=False)
    usual_height: Callable[[], float] = field(compare=False)
    lend: OrthoSource = field(compare=False)

    @property
    def refine_holes_to(self) -> int:
        """See `OrthoLocator`."""
        return 2

    def coarsest_step(self, lattice: Lattice) -> int:
        """See `Locator`.

        Raises
        ------
        SourceError
            The terrain cannot be opened.
        """
        with self.lend() as ortho:
            return ortho.coarsest_step(lattice)

    def foresee(self, lattice: Lattice, square: Square, tolerance_px: float) -> Nodes | None:
        """See `Locator`.

        Raises
        ------
        SourceError
            The terrain cannot be read.
        """
        with self.lend() as ortho:
            return ortho.foresee(lattice, square, tolerance_px)

    def survey(self, x: Floats, y: Floats, lattice: Lattice) -> Survey:
        """See `Locator`.

        Raises
        ------
        SourceError
            The terrain cannot be read.
        """
        with self.lend() as ortho:
            found = ortho.survey(x, y, lattice)
            return found if found.good.all() else self._with_voids(found, ortho, x, y, lattice)

    def _with_voids(
        self, found: Survey, ortho: OrthoLocator, x: Floats, y: Floats, lattice: Lattice
    ) -> Survey:
        """Return a survey that tells which of its undefined points lack nothing but a height."""
        holes = ~found.good
        flat_x, flat_y = x[holes], y[holes]
        terrain_x, terrain_y = transform(ortho.to_terrain.pipeline, flat_x, flat_y)
        size = lattice.pixel_x * ortho.terrain_scale
        missing = np.isnan(ortho.terrain.heights(terrain_x, terrain_y, size))
        if not missing.any():
            return found
        # At a plausible height the image shows about there.
        level = np.full(flat_x.shape, self.usual_height())
        ground_x, ground_y = transform(ortho.to_ground.pipeline, flat_x, flat_y)
        col, row = ortho.chain.ground_to_source(ground_x, ground_y, level)
        with np.errstate(invalid="ignore"):
            inside = (col >= 0) & (col < self.size[0]) & (row >= 0) & (row < self.size[1])
        if not (missing & inside).any():
            return found
        void = np.zeros(x.shape, np.bool_)
        void[holes] = missing & inside
        return found._replace(void=void)

    def describe(self) -> str:
        """Return the steps in words."""
        try:
            with self.lend() as ortho:
                return ortho.describe()
        except SourceError:
            return "terrain that cannot be read"


def ortho_locator(bound: BoundGeolocation, key: str, out_crs: str, box: Extent) -> OrthoLocator:
    """Return the locator of an image for one output CRS.

    Parameters
    ----------
    key : str
        Equal for equal locators.
    box : Extent
        Of the image, in the output CRS.
    """
    to_ground = operation(out_crs, bound.sensor.ground_crs).pipeline
    to_terrain = operation(out_crs, bound.terrain.crs).pipeline
    x = np.array([box.center_x, box.center_x + box.width * _STEP_SHARE])
    y = np.array([box.center_y, box.center_y])
    terrain_x, terrain_y = transform(to_terrain, x, y)
    step = math.hypot(float(np.diff(terrain_x)[0]), float(np.diff(terrain_y)[0]))
    return OrthoLocator(
        key=key,
        to_ground=MapLocator(to_ground),
        to_terrain=MapLocator(to_terrain),
        chain=bound.chain,
        terrain=bound.terrain,
        terrain_scale=step / (box.width * _STEP_SHARE),
    )


def sensor_scale(
    item: Item, sensor: SensorModel, service_crs: str, out_crs: str
) -> tuple[float, float]:
    """Return level-0 pixels per unit of an output CRS along its axes, at the middle of an image.

    The form of a pixel on the ground comes from the sensor model at any height; how large it is over
    its terrain is what build measured. (0, 0) where the image has no place in the output CRS.
    """
    measured = item.scale_service[0] * item.scale_service[1]
    if measured <= 0:
        return 0.0, 0.0
    for level in _heights(sensor):
        x, y = _middle_pixel(item, sensor, level)
        on_service = _steps(transform(operation(sensor.ground_crs, service_crs).pipeline, x, y))
        on_map = on_service
        if out_crs != service_crs:
            on_map = _steps(transform(operation(sensor.ground_crs, out_crs).pipeline, x, y))
        area = _area(on_service)
        if area > 0 and _area(on_map) > 0:
            pixels = np.linalg.inv(on_map) * math.sqrt(measured * area)
            along_x, along_y = np.hypot(pixels[0], pixels[1]).tolist()
            return along_x, along_y
    return _plain_scale(item, service_crs, out_crs)


def usual_height(item: Item, sensor: SensorModel, service_crs: str) -> float:
    """Return about how high the ground under an image lies: where its pixels are as large as measured.

    In the sensor model's vertical datum. Where pixels tell little of heights (from orbit): the middle
    of the heights that the model is meant for.
    """
    low, high = sensor.height_range
    levels = np.array([low + (high - low) * share for share in (0.25, 0.5)])
    to_service = operation(sensor.ground_crs, service_crs).pipeline
    sizes = [
        math.sqrt(_area(_steps(transform(to_service, *_middle_pixel(item, sensor, level)))))
        for level in levels.tolist()
    ]
    measured = item.scale_service[0] * item.scale_service[1]
    if measured <= 0 or min(sizes) <= 0 or abs(sizes[1] / sizes[0] - 1) < _LEAST_PERSPECTIVE:
        return float(levels[1])
    share = (1 / math.sqrt(measured) - sizes[0]) / (sizes[1] - sizes[0])
    return float(np.clip(levels[0] + (levels[1] - levels[0]) * share, low, high))


def _plain_scale(item: Item, service_crs: str, out_crs: str) -> tuple[float, float]:
    """Return the scale that build measured, taken to another CRS at the footprint's middle."""
    if service_crs == out_crs:
        return item.scale_service
    box = item.extent
    step_x, step_y = box.width * _STEP_SHARE, box.height * _STEP_SHARE
    x = np.array([box.center_x, box.center_x + step_x, box.center_x])
    y = np.array([box.center_y, box.center_y, box.center_y + step_y])
    area = _area(_steps(transform(operation(service_crs, out_crs).pipeline, x, y)))
    if area <= 0:
        return 0.0, 0.0
    along = math.sqrt(item.scale_service[0] * item.scale_service[1] * step_x * step_y / area)
    return along, along


def _middle_pixel(item: Item, sensor: SensorModel, level_m: float) -> tuple[Floats, Floats]:
    """Return the ground under a corner of the middle pixel and its two neighbours; NaN where hidden."""
    middle_col, middle_row = item.width / 2, item.height / 2
    col = np.array([middle_col, middle_col + 1, middle_col])
    row = np.array([middle_row, middle_row, middle_row + 1])
    return sensor.image_to_ground(col, row, np.full(3, level_m))


def _heights(sensor: SensorModel) -> Iterator[float]:
    """Yield heights at which an image may see the ground."""
    low, high = sensor.height_range
    for share in (0.5, 0.25, 0.75, 0.0, 1.0):
        yield low + (high - low) * share


def _steps(places: tuple[Floats, Floats]) -> Floats:
    """Return the steps from the first of three points to the two others as columns."""
    x, y = places
    return np.array([[x[1] - x[0], x[2] - x[0]], [y[1] - y[0], y[2] - y[0]]])


def _area(steps: Floats) -> float:
    """Return the area between two steps; 0 where there is none."""
    area = abs(float(steps[0, 0] * steps[1, 1] - steps[0, 1] * steps[1, 0]))
    return area if math.isfinite(area) else 0.0
