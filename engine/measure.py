"""Measure points, distances, areas and heights: mensuration.

On the map all is geodesic. Heights are the service's own where it holds heights, else those of the terrain
under the raster that is measured in. An uncertainty is a standard deviation: half a pixel of pointing at each
place, and what the vendor states of the sensor model; NaN where neither is known.

References
----------
ArcGIS REST API, image service: measure, measureFromImage.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.asked_place import asked_crs, geometry_of, size_in_own_units
from engine.errors import InvalidParameter, RequestTooLarge
from engine.geometry.geodesic import geodesics
from engine.ground_shape import area_on_ground, length_on_ground, lonlat_of
from engine.image_shapes import shape_on_map
from engine.image_space import image_space, image_space_item
from engine.measured_raster import measured_raster
from engine.measurements import ImageShapeResult, Measured, MeasureResult
from engine.object_height import (
    Mark,
    height_from_base_and_shadow,
    height_from_base_and_top,
    height_from_top_and_shadow,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engine.measure_requests import MeasureImageRequest, MeasureRequest
    from engine.measured_raster import MeasuredRaster
    from engine.render_work import Work
    from engine.service import ImageService

# Heights of a service are looked up one by one.
_MOST_HEIGHTS = 2000
_HEIGHTS: Mapping[str, Callable[[MeasuredRaster, Mark, Mark], Measured]] = {
    "HeightFromBaseAndTop": height_from_base_and_top,
    "HeightFromBaseAndTopShadow": height_from_base_and_shadow,
    "HeightFromTopAndTopShadow": height_from_top_and_shadow,
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A geometry as it was sent, and on a map; `with_heights`: in space."""

    geometry: shapely.Geometry
    crs: str
    service: ImageService
    with_heights: bool

    @property
    def map_crs(self) -> str:
        """Where `on_map` is: the geometry's own CRS, the service's for image space."""
        return self.service.summary.crs if self._is_image else asked_crs(self.service, self.crs)

    @property
    def answer_crs(self) -> str:
        """As a result names it."""
        return "" if self._is_image else self.crs

    def on_map(self) -> shapely.Geometry:
        if self._is_image:
            return shape_on_map(self.service, self.geometry, self.crs)
        return self.geometry

    @property
    def _is_image(self) -> bool:
        return image_space_item(self.crs) is not None


@contextmanager
def _called(name: str) -> Iterator[None]:
    """Let errors about a geometry name the parameter that it came in."""
    try:
        yield
    except InvalidParameter as err:
        asked, value, accepted = err.fields
        own = {"geometry": name, "inSR": f"{name}.spatialReference"}.get(asked)
        if own is None:
            raise
        raise InvalidParameter(own, value, accepted) from err


def measure(request: MeasureRequest, work: Work) -> MeasureResult:
    """Return what was measured.

    Raises
    ------
    InvalidParameter
        The geometries do not fit the operation, or the rasters do not tell what it needs.
    ItemNotFound, SourceError
    RequestTooLarge
        More vertices in space than heights are looked up.
    DeadlineExceeded, Cancelled
    """
    with _called("fromGeometry"):
        geometry = geometry_of(request.from_geometry)
        place = (geometry, request.from_crs)
        own = (request.from_geometry, request.from_crs)
        pixel = size_in_own_units(work.service, request.pixel_size, request.pixel_size_crs, own)
        raster = measured_raster(work, place, request.mosaic, pixel)
    plain = request.operation.removesuffix("3D")
    asked = _Asked(geometry, request.from_crs, work.service, plain != request.operation)
    named = MeasureResult(
        name=raster.name,
        sensor_name=str(raster.properties.get("SensorName", "")),
        crs=asked.answer_crs,
    )
    with _called("fromGeometry"):
        if plain in ("Point", "Centroid"):
            return _with_point(named, asked, raster)
        if plain == "AreaAndPerimeter":
            return _with(named, _area(asked, raster))
    with _called("toGeometry"):
        to = geometry_of(request.to_geometry)
    if geometry.geom_type != "Point" or to.geom_type != "Point":
        raise InvalidParameter("fromGeometry", geometry.geom_type, "points, both of them")
    ends = Mark(geometry.x, geometry.y, request.from_crs), Mark(to.x, to.y, request.to_crs)
    if plain == "DistanceAndAngle":
        other = _Asked(to, request.to_crs, work.service, asked.with_heights)
        return _with(named, _distance(asked, other, raster))
    return _with(named, {"height": _HEIGHTS[plain](raster, *ends)})


def measure_image(request: MeasureImageRequest, work: Work) -> ImageShapeResult:
    """Return a geometry of a raster's image space on the map, with its length and area on the ground.

    Raises
    ------
    InvalidParameter
        A vertex does not meet the ground.
    ItemNotFound, SourceError
    """
    service = work.service
    geometry = geometry_of(request.geometry)
    with _called("fromGeometry"):
        shape = shape_on_map(service, geometry, image_space(request.item))
    crs, area = service.summary.crs, service.summary.extent_lonlat
    is_area = geometry.area > 0
    found = area_on_ground(shape, crs, area) if is_area else None
    length = length_on_ground(shape, crs, area) if found is None else found.perimeter_m
    centre = shape.centroid
    return ImageShapeResult(
        shape=bytes(shapely.to_wkb(shape)),
        length_m=length,
        area_m2=math.nan if found is None else found.area_m2,
        center=(float(centre.x), float(centre.y)),
    )


def _with(named: MeasureResult, quantities: dict[str, Measured]) -> MeasureResult:
    return MeasureResult(
        name=named.name, sensor_name=named.sensor_name, crs=named.crs, quantities=quantities
    )


def _with_point(named: MeasureResult, asked: _Asked, raster: MeasuredRaster) -> MeasureResult:
    middle = asked.on_map().centroid
    lon, lat = _lonlat(asked, middle)
    z = math.nan
    if asked.with_heights:
        z = float(raster.heights(np.array([lon]), np.array([lat]))[0])
        if math.isnan(z):
            raise InvalidParameter(
                "fromGeometry", f"{middle.x:g},{middle.y:g}", "a place where the height is known"
            )
    return MeasureResult(
        name=named.name,
        sensor_name=named.sensor_name,
        crs=named.crs,
        point=(float(middle.x), float(middle.y), z),
        point_uncertainty_m=raster.absolute_m,
    )


def _distance(asked: _Asked, other: _Asked, raster: MeasuredRaster) -> dict[str, Measured]:
    places = []
    for name, each in (("fromGeometry", asked), ("toGeometry", other)):
        with _called(name):
            places.append(_lonlat(each, each.on_map()))
    lons, lats = np.transpose(places)
    way = geodesics(lons[:1], lats[:1], lons[1:], lats[1:])
    length, azimuth = float(way.length_m[0]), float(way.azimuth_deg[0])
    off = math.sqrt(2.0) * raster.pointing_m
    turn = math.degrees(math.atan2(off, length)) if length > 0 else math.nan
    direction = Measured(value=azimuth if length > 0 else math.nan, uncertainty=turn)
    if not asked.with_heights:
        return {"distance": Measured(value=length, uncertainty=off), "azimuthAngle": direction}
    base, end = raster.heights(lons, lats).tolist()
    if not math.isfinite(end - base):
        lost = ("fromGeometry", asked) if math.isnan(base) else ("toGeometry", other)
        shown = f"{lost[1].geometry.x:g},{lost[1].geometry.y:g}"
        raise InvalidParameter(lost[0], shown, "a place where the height is known")
    slope = math.degrees(math.atan2(end - base, length))
    # How true heights are nobody has stated.
    return {
        "distance": Measured(value=math.hypot(length, end - base)),
        "azimuthAngle": direction,
        "elevationAngle": Measured(value=slope),
    }


def _area(asked: _Asked, raster: MeasuredRaster) -> dict[str, Measured]:
    shape = asked.on_map()
    count = shapely.get_num_coordinates(shape)
    if asked.with_heights and count > _MOST_HEIGHTS:
        raise RequestTooLarge("number of vertices of 'fromGeometry'", count, _MOST_HEIGHTS)
    if not shape.area > 0:
        raise InvalidParameter("fromGeometry", shape.geom_type, "an area")
    heights = raster.heights if asked.with_heights else None
    found = area_on_ground(shape, asked.map_crs, asked.service.summary.extent_lonlat, heights)
    off = math.nan if asked.with_heights else raster.pointing_m
    return {
        "area": Measured(value=found.area_m2, uncertainty=found.area_per_m * off),
        "perimeter": Measured(value=found.perimeter_m, uncertainty=found.perimeter_per_m * off),
    }


def _lonlat(asked: _Asked, point: shapely.Point) -> tuple[float, float]:
    area = asked.service.summary.extent_lonlat
    lon, lat = lonlat_of(np.array([point.x]), np.array([point.y]), asked.map_crs, area)
    return float(lon[0]), float(lat[0])
