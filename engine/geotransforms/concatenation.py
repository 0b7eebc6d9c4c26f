"""All geotransforms between two samplings as one map from output positions to source pixels.

A chain is written in the order in which pixels flow, from the source to the output; positions go the
other way. With a sensor model, what stands before it in the chain works on its image, what stands after
it on the ground:

    output position → projection → ground-side transforms, last first → terrain height → sensor model
                    → image-side transforms, last first → source pixel
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from engine.geotransforms.positions import as_positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.geotransforms.base import PlaneTransform, SensorModel
    from engine.geotransforms.positions import Floats

PlaneMap = Callable[[Any, Any], tuple[Any, Any]]
# Heights at x, y of the sensor's ground CRS, in its vertical datum; NaN where missing.
HeightsAt = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Bound geotransforms between two samplings.

    Attributes
    ----------
    image_side : PlaneTransform
        In chain order: before the sensor model; all of them where there is none.
    ground_side : PlaneTransform
        In chain order: after the sensor model.
    source_step : float
        Size of a source pixel in the units that the first transform (or the sensor model) leads to: 1
        for a raster's own pixels; see Stage.source_step for what an earlier sampler made.
    """

    image_side: tuple[PlaneTransform, ...] = ()
    sensor: SensorModel | None = None
    ground_side: tuple[PlaneTransform, ...] = ()
    source_step: float = 1.0

    @property
    def is_smooth(self) -> bool:
        """Whether no step has kinks: few points tell how it bends between them."""
        steps = (*self.image_side, *self.ground_side, self.sensor)
        return all(getattr(step, "is_smooth", False) for step in steps)

    @property
    def is_pieced(self) -> bool:
        """Whether a step looks up a grid: between its nodes it is smooth, across them it bends."""
        steps = (*self.image_side, self.sensor, *self.ground_side)
        return any(getattr(step, "is_pieced", False) for step in steps)

    def to_source(
        self, x: Floats, y: Floats, projection: PlaneMap | None = None
    ) -> tuple[Floats, Floats]:
        """Return source pixels of output positions, without a sensor model.

        Parameters
        ----------
        x, y : float64 (n,)
            Output positions, or positions in the CRS of the last transform where there is no projection.
        projection
            From the output to the CRS of the last transform.

        Returns
        -------
        col_pos, row_pos : float64 (n,)
            Corner origin; NaN where any step is not defined.

        Raises
        ------
        ValueError
            There is a sensor model, which needs heights.
        """
        if self.sensor is not None:
            raise ValueError("a sensor model needs heights: use to_source_at")
        x, y = self.to_ground(x, y, projection)
        return self._through_image(x, y)

    def to_source_at(
        self, x: Floats, y: Floats, heights: HeightsAt, projection: PlaneMap | None = None
    ) -> tuple[Floats, Floats]:
        """Return source pixels of output positions, through the sensor model at terrain heights.

        Raises
        ------
        ValueError
            There is no sensor model.
        """
        x, y = self.to_ground(x, y, projection)
        return self.ground_to_source(x, y, heights(x, y))

    def to_ground(
        self, x: Floats, y: Floats, projection: PlaneMap | None = None
    ) -> tuple[Floats, Floats]:
        """Return where output positions lie on the ground that the sensor model sees.

        Without a sensor model: in the coordinates that the last image-side transform takes.
        """
        x, y = as_positions(x, y)
        if projection is not None:
            x, y = projection(x, y)
        for transform in reversed(self.ground_side):
            x, y = transform.to_source(x, y)
        return x, y

    def ground_to_source(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return source pixels of ground points in the sensor model's CRS and datum.

        Raises
        ------
        ValueError
            There is no sensor model.
        """
        x, y = self._sensor().ground_to_image(x, y, z)
        return self._through_image(x, y)

    def to_output(self, col_pos: Floats, row_pos: Floats) -> tuple[Floats, Floats]:
        """Return where source pixels go to, without a sensor model, before any projection.

        Raises
        ------
        ValueError
            There is a sensor model, which needs heights.
        """
        if self.sensor is not None:
            raise ValueError("a sensor model needs heights: use to_output_at")
        return _onwards(self.image_side, *self._scaled(col_pos, row_pos))

    def to_output_at(self, col_pos: Floats, row_pos: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return where lines of sight of source pixels meet given heights, before any projection.

        Raises
        ------
        ValueError
            There is no sensor model.
        """
        x, y = _onwards(self.image_side, *self._scaled(col_pos, row_pos))
        x, y = self._sensor().image_to_ground(x, y, np.asarray(z, np.float64))
        return _onwards(self.ground_side, x, y)

    def _sensor(self) -> SensorModel:
        if self.sensor is None:
            raise ValueError("no sensor model in this chain")
        return self.sensor

    def _scaled(self, col_pos: Floats, row_pos: Floats) -> tuple[Floats, Floats]:
        col, row = as_positions(col_pos, row_pos)
        return col * self.source_step, row * self.source_step

    def _through_image(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        for transform in reversed(self.image_side):
            x, y = transform.to_source(x, y)
        if self.source_step == 1.0:
            return x, y
        return x / self.source_step, y / self.source_step


def concatenate(
    transforms: Sequence[PlaneTransform | SensorModel], source_step: float = 1.0
) -> Concatenation:
    """Return bound geotransforms, in chain order, as one map.

    Raises
    ------
    ValueError
        More than one sensor model.
    """
    image_side: list[PlaneTransform] = []
    ground_side: list[PlaneTransform] = []
    sensor: SensorModel | None = None
    for transform in transforms:
        if _is_sensor(transform):
            if sensor is not None:
                raise ValueError("two sensor models in one concatenation")
            sensor = transform
        elif _is_plane(transform):
            (image_side if sensor is None else ground_side).append(transform)
    return Concatenation(tuple(image_side), sensor, tuple(ground_side), source_step)


def _is_sensor(transform: PlaneTransform | SensorModel) -> TypeGuard[SensorModel]:
    return hasattr(transform, "ground_to_image")


def _is_plane(transform: PlaneTransform | SensorModel) -> TypeGuard[PlaneTransform]:
    return hasattr(transform, "to_source")


def _onwards(transforms: tuple[PlaneTransform, ...], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    for transform in transforms:
        x, y = transform.to_output(x, y)
    return x, y
