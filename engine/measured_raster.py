"""The raster that a measurement is made in, what is known of it, and the heights of the ground there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from config.definition import Interpolation
from engine.asked_place import asked_crs, asked_pixel_size, project_point
from engine.errors import InvalidParameter
from engine.geolocation import unpack_geolocation
from engine.geometry.projection import LONLAT, vertical_crs
from engine.geometry.terrain_definition import AverageHeight
from engine.geotransforms.rpc import RpcRecord
from engine.image_space import image_space_item
from engine.item_space import Points, SensorSpace, item_space, project
from engine.point_plan import item_ids, of_item, plan_at, samples_at
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service_properties import known_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    import shapely
    from numpy.typing import NDArray

    from engine.item import Item
    from engine.render_work import Work
    from engine.request_parts import MosaicRule
    from engine.results import AttributeValue

    Floats = NDArray[np.float64]

_HALF_PX = 0.5
_ASKED = ImageRequest(
    view=View(), encoding=Encoding(format="bsq"), interpolation=Interpolation.NEAREST
)


@dataclass(frozen=True)
class MeasuredRaster:
    """One raster, or none where there is no data.

    Attributes
    ----------
    pixel : (x, y)
        Of the service's map, at which heights of the service are looked at.
    """

    item: Item | None
    work: Work
    pixel: tuple[float, float]
    mosaic: MosaicRule | None = None

    @property
    def name(self) -> str:
        """Its name; "" = there is none."""
        return "" if self.item is None else self.item.name

    @cached_property
    def properties(self) -> Mapping[str, AttributeValue]:
        """What is known of sensor and sun, under Esri's names."""
        return {} if self.item is None else known_values(self.work.service, self.item.id)

    def number(self, name: str) -> float:
        """Return a property; NaN where it is not known."""
        value = self.properties.get(name)
        return float(value) if isinstance(value, int | float) else math.nan

    @cached_property
    def sensor(self) -> SensorSpace | None:
        """Its lines of sight; None where it has no sensor model."""
        if self.item is None or not self.item.geolocation:
            return None
        space = item_space(self.work.service, self.item.id)
        return space if isinstance(space, SensorSpace) and space.vertical_datum else None

    @property
    def pointing_m(self) -> float:
        """How far off a place pointed at in it may be: half a pixel, and what its model states as random."""
        if self.item is None or not self.item.ground_size_m > 0:
            return math.nan
        half = _HALF_PX * self.item.ground_size_m
        _, random = self._stated_errors
        return half if math.isnan(random) else math.hypot(half, random)

    @property
    def absolute_m(self) -> float:
        """How far off a place on Earth may be; NaN unless its model states it."""
        bias, _ = self._stated_errors
        return math.nan if math.isnan(bias) else math.hypot(bias, self.pointing_m)

    @cached_property
    def _stated_errors(self) -> tuple[float, float]:
        """Bias and random error in metres, as the vendor states them; NaN = not stated."""
        if self.item is None or not self.item.geolocation:
            return math.nan, math.nan
        sensor = unpack_geolocation(self.item.geolocation).sensor
        if not isinstance(sensor, RpcRecord):
            return math.nan, math.nan
        stated = (sensor.error_bias_m, sensor.error_random_m)
        bias, random = (math.nan if value is None else value for value in stated)
        return bias, random

    def heights(self, lon: Floats, lat: Floats) -> Floats:
        """Return heights of the ground in metres: the service's own, else of the raster's terrain.

        Raises
        ------
        InvalidParameter
            Neither is there.
        """
        service = self.work.service
        if service.summary.data_type == "elevation":
            nothing = np.full(lon.shape, math.nan)
            there = Points(np.array(lon), np.array(lat), nothing)
            area = service.summary.extent_lonlat
            return self._own_heights(project(there, LONLAT, service.summary.crs, area))
        if self.sensor is None or not self.has_terrain:
            raise InvalidParameter(
                "measureOperation",
                "with heights",
                "one without, or a service of heights, or a raster with terrain under it",
            )
        ground = project(
            Points(np.array(lon), np.array(lat), np.full(lon.shape, math.nan)),
            LONLAT,
            self.sensor.crs,
            service.summary.extent_lonlat,
        )
        return self.sensor.to_image(ground).z

    @cached_property
    def has_terrain(self) -> bool:
        """Whether the heights under its lines of sight are more than a guess."""
        if self.item is None or self.sensor is None:
            return False
        terrain = unpack_geolocation(self.item.geolocation).terrain
        return not isinstance(terrain, AverageHeight)

    def _own_heights(self, places: Points) -> Floats:
        """Return the samples of a service of heights, between pixels where it has them."""
        asked = ImageRequest(
            view=View(),
            encoding=Encoding(format="bsq"),
            interpolation=Interpolation.BILINEAR,
            mosaic=self.mosaic,
        )
        found = np.full(places.x.shape, math.nan)
        for number, (x, y) in enumerate(zip(places.x.tolist(), places.y.tolist(), strict=True)):
            self.work.budget.check()
            if not (math.isfinite(x) and math.isfinite(y)):
                continue
            made = plan_at(self.work.service, asked, (x, y), self.pixel)
            values = samples_at(made, asked, self.work)
            if values is not None and values[0] is not None:
                found[number] = values[0]
        _, unit_m = vertical_crs(self.work.service.summary.crs)
        return found * unit_m


def measured_raster(
    work: Work,
    place: tuple[shapely.Geometry, str],
    mosaic: MosaicRule | None,
    pixel_size: tuple[float, float] | None,
) -> MeasuredRaster:
    """Return the topmost raster with data at the middle of a geometry, or the one whose image space it is in.

    Parameters
    ----------
    place : (geometry, CRS)
    pixel_size
        In units of that CRS; None = the service's own.

    Raises
    ------
    ItemNotFound, InvalidParameter
    """
    geometry, crs = place
    service = work.service
    own = (service.summary.pixel_size_x, service.summary.pixel_size_y)
    number = image_space_item(crs)
    if number is not None:
        return MeasuredRaster(service.catalog.item(number), work, own, mosaic)
    crs = asked_crs(service, crs)
    middle = geometry.centroid
    try:
        pixel = asked_pixel_size(service, pixel_size, crs, (middle.x, middle.y))
        point = project_point(service, crs, middle.x, middle.y)
    except InvalidParameter:
        # Beyond the service's map there is no raster; places on Earth can be measured all the same.
        return MeasuredRaster(None, work, own, mosaic)
    asked = ImageRequest(
        view=_ASKED.view,
        encoding=_ASKED.encoding,
        interpolation=_ASKED.interpolation,
        mosaic=mosaic,
    )
    made = plan_at(service, asked, point, pixel)
    for key in item_ids(made):
        if samples_at(of_item(made, key), asked, work) is not None:
            return MeasuredRaster(service.catalog.item(key), work, pixel, mosaic)
    return MeasuredRaster(None, work, pixel, mosaic)
