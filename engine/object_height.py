"""How high an object is, from where an image shows its top, or from its shadow.

A line is followed in space (the vertical above the base, or the sunbeam into the end of the shadow) to
where the image shows it nearest to the top that was marked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.geometry.geodesic import geodesics, point_along
from engine.geometry.projection import LONLAT
from engine.image_space import from_image_space, image_space_item
from engine.item_space import Points, project
from engine.measurements import Measured
from engine.place import convert

if TYPE_CHECKING:
    from engine.item_space import SensorSpace
    from engine.measured_raster import MeasuredRaster

_ITERATIONS = 30
_TOLERANCE_M = 1e-6
# Seen from straight above, or along the sunbeam, the image says nothing of the height.
_LEAST_PX_PER_M = 1e-3
_STEP_M = 1.0
_BEAM_STEP_M = 100.0
_MOST_ASKEW_DEG = 45.0
# Two places are pointed at, each to half a pixel.
_POINTING_PX = math.sqrt(2.0) / 2


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a request; `crs` "" = the service's, "ICS:n" = image space of raster n."""

    x: float
    y: float
    crs: str


@dataclass(frozen=True, slots=True)
class _Beam:
    """A straight line in space, in a sensor's ground CRS: a point of it and a step of a metre along it."""

    start: tuple[float, float, float]
    step: tuple[float, float, float]

    def at(self, metres: float) -> tuple[float, float, float]:
        x, y, z = (a + metres * b for a, b in zip(self.start, self.step, strict=True))
        return x, y, z


@dataclass(frozen=True, slots=True)
class _Nearest:
    """Where a line comes nearest to a line of sight: metres along it, pixels beside, pixels per metre."""

    metres: float
    miss_px: float
    px_per_m: float

    @property
    def uncertainty_m(self) -> float:
        """What half a pixel of pointing at both places, and what was missed, make along the line."""
        return math.hypot(_POINTING_PX, self.miss_px) / self.px_per_m


def height_from_base_and_top(raster: MeasuredRaster, base: Mark, top: Mark) -> Measured:
    """Return the height of what stands upright on its base.

    Raises
    ------
    InvalidParameter
        The raster has no sensor model, looks straight down, or does not show the places.
    """
    sensor = _sensor(raster, "HeightFromBaseAndTop")
    x, y, z = _ground(raster, sensor, base, "fromGeometry")
    upright = _Beam((x, y, z), (0.0, 0.0, 1.0))
    found = _nearest(sensor, upright, _image(raster, sensor, top, "toGeometry"))
    return Measured(value=found.metres, uncertainty=found.uncertainty_m)


def height_from_base_and_shadow(raster: MeasuredRaster, base: Mark, shadow: Mark) -> Measured:
    """Return the height of what stands upright on its base, from the end of its shadow.

    Raises
    ------
    InvalidParameter
        The sun's elevation is not known, or the shadow lies towards the sun.
    """
    azimuth, elevation = _sun(raster, "HeightFromBaseAndTopShadow", needs_azimuth=False)
    (lon, lat), (to_lon, to_lat) = (_lonlat(raster, mark) for mark in (base, shadow))
    lons, lats = np.array([lon, to_lon]), np.array([lat, to_lat])
    way = geodesics(lons[:1], lats[:1], lons[1:], lats[1:])
    length, beside = float(way.length_m[0]), 0.0
    if not math.isnan(azimuth):
        askew = (float(way.azimuth_deg[0]) - azimuth) % 360.0 - 180.0
        if length > 0 and abs(askew) > _MOST_ASKEW_DEG:
            shown = f"{way.azimuth_deg[0]:.0f} degrees from the base"
            away = (
                f"a shadow that lies about {(azimuth + 180) % 360:.0f} degrees, away from the sun"
            )
            raise InvalidParameter("toGeometry", shown, away)
        turn = math.radians(askew)
        length, beside = length * math.cos(turn), length * math.sin(turn)
    slope = math.tan(math.radians(elevation))
    rise = _rise(raster, lons, lats)
    pointing = math.sqrt(2.0) * raster.pointing_m
    return Measured(value=length * slope + rise, uncertainty=slope * math.hypot(pointing, beside))


def height_from_top_and_shadow(raster: MeasuredRaster, top: Mark, shadow: Mark) -> Measured:
    """Return the height of a top above the ground below it, from its own shadow.

    Raises
    ------
    InvalidParameter
        The raster has no sensor model or shows neither, the sun is not known, or it stands behind the sensor.
    """
    sensor = _sensor(raster, "HeightFromTopAndTopShadow")
    azimuth, elevation = _sun(raster, "HeightFromTopAndTopShadow", needs_azimuth=True)
    start = _ground(raster, sensor, shadow, "toGeometry")
    slope = math.tan(math.radians(elevation))
    step_x, step_y = _towards(sensor, start, azimuth)
    sunbeam = _Beam(start, (step_x, step_y, slope))
    found = _nearest(sensor, sunbeam, _image(raster, sensor, top, "fromGeometry"))
    x, y, z = sunbeam.at(found.metres)
    below = sensor.to_image(Points(np.array([x]), np.array([y]), np.full(1, math.nan))).z[0]
    if math.isnan(below):
        raise InvalidParameter("fromGeometry", f"{top.x:g},{top.y:g}", "a place above known ground")
    return Measured(value=z - float(below), uncertainty=slope * found.uncertainty_m)


def _sensor(raster: MeasuredRaster, operation: str) -> SensorSpace:
    if raster.sensor is None:
        shown = f"esriMensuration{operation} in {raster.name or 'no raster'}"
        raise InvalidParameter("measureOperation", shown, "a raster with a sensor model")
    return raster.sensor


def _sun(raster: MeasuredRaster, operation: str, *, needs_azimuth: bool) -> tuple[float, float]:
    """Return azimuth and elevation of the sun, degrees; an azimuth that is not needed may be NaN."""
    azimuth, elevation = raster.number("SunAzimuth"), raster.number("SunElevation")
    lacking = [] if 0.0 < elevation < 90.0 else ["SunElevation (between 0 and 90)"]
    if needs_azimuth and math.isnan(azimuth):
        lacking.append("SunAzimuth")
    if lacking:
        shown = f"esriMensuration{operation} in {raster.name or 'no raster'}"
        accepted = f"a raster whose attributes have {' and '.join(lacking)}"
        raise InvalidParameter("measureOperation", shown, accepted)
    return azimuth, elevation


def _image(
    raster: MeasuredRaster, sensor: SensorSpace, mark: Mark, name: str
) -> tuple[float, float]:
    """Return where a mark is in the raster: column and row from the corner."""
    assert raster.item is not None
    if image_space_item(mark.crs) == raster.item.id:
        col, row = from_image_space(np.array([mark.x]), np.array([mark.y]))
    else:
        found = sensor.to_image(_points(raster, mark, sensor.crs))
        col, row = found.x, found.y
    if not (np.isfinite(col[0]) and np.isfinite(row[0])):
        raise InvalidParameter(name, f"{mark.x:g},{mark.y:g}", f"a place that {raster.name} shows")
    return float(col[0]), float(row[0])


def _ground(
    raster: MeasuredRaster, sensor: SensorSpace, mark: Mark, name: str
) -> tuple[float, float, float]:
    """Return the ground that a mark is on, in the sensor model's CRS and datum."""
    col, row = _image(raster, sensor, mark, name)
    if image_space_item(mark.crs) is None:
        there = _points(raster, mark, sensor.crs)
        ground = Points(there.x, there.y, sensor.to_image(there).z)
    else:
        ground = sensor.to_ground(Points(np.array([col]), np.array([row]), np.full(1, math.nan)))
    x, y, z = (float(values[0]) for values in (ground.x, ground.y, ground.z))
    if not all(map(math.isfinite, (x, y, z))):
        raise InvalidParameter(name, f"{mark.x:g},{mark.y:g}", "a place where the terrain is known")
    return x, y, z


def _points(raster: MeasuredRaster, mark: Mark, to_crs: str) -> Points:
    given = Points(np.array([mark.x]), np.array([mark.y]), np.full(1, math.nan))
    found = convert(raster.work.service, given, mark.crs, to_crs)
    return Points(found.x, found.y, np.full(1, math.nan))


def _lonlat(raster: MeasuredRaster, mark: Mark) -> tuple[float, float]:
    found = _points(raster, mark, LONLAT)
    return float(found.x[0]), float(found.y[0])


def _rise(raster: MeasuredRaster, lons: np.ndarray, lats: np.ndarray) -> float:
    """Return how much higher the second point's ground is than the first's; 0 where none is known."""
    has_own = raster.work.service.summary.data_type == "elevation"
    if not has_own and not raster.has_terrain:
        return 0.0
    base, end = raster.heights(lons, lats).tolist()
    return float(end - base) if math.isfinite(end - base) else 0.0


def _towards(
    sensor: SensorSpace, start: tuple[float, float, float], azimuth_deg: float
) -> tuple[float, float]:
    """Return a step of a metre on the ground towards an azimuth, in the sensor model's CRS."""
    here = Points(np.array([start[0]]), np.array([start[1]]), np.array([start[2]]))
    lonlat = project(here, sensor.crs, LONLAT, None)
    lon, lat = point_along(float(lonlat.x[0]), float(lonlat.y[0]), azimuth_deg, _BEAM_STEP_M)
    there = project(Points(np.array([lon]), np.array([lat]), here.z), LONLAT, sensor.crs, None)
    return (
        float(there.x[0] - here.x[0]) / _BEAM_STEP_M,
        float(there.y[0] - here.y[0]) / _BEAM_STEP_M,
    )


def _nearest(sensor: SensorSpace, line: _Beam, target: tuple[float, float]) -> _Nearest:
    """Return where a line comes nearest to a place of the image: Gauss and Newton in one unknown."""
    metres, slope, miss = 0.0, (0.0, 0.0), (0.0, 0.0)
    for _ in range(_ITERATIONS):
        here, there = _seen(sensor, line.at(metres)), _seen(sensor, line.at(metres + _STEP_M))
        slope = ((there[0] - here[0]) / _STEP_M, (there[1] - here[1]) / _STEP_M)
        miss = (here[0] - target[0], here[1] - target[1])
        steep = slope[0] ** 2 + slope[1] ** 2
        if not steep > _LEAST_PX_PER_M**2:
            accepted = "a raster that sees the object from the side"
            raise InvalidParameter("measureOperation", "a height seen from above", accepted)
        move = -(miss[0] * slope[0] + miss[1] * slope[1]) / steep
        metres += move
        if abs(move) <= _TOLERANCE_M:
            break
    rate = math.hypot(*slope)
    beside = abs(miss[0] * slope[1] - miss[1] * slope[0]) / rate
    return _Nearest(metres, beside, rate)


def _seen(sensor: SensorSpace, place: tuple[float, float, float]) -> tuple[float, float]:
    col, row = sensor.sensor.ground_to_image(*(np.array([value]) for value in place))
    if not (np.isfinite(col[0]) and np.isfinite(row[0])):
        accepted = "places whose heights the image's model reaches"
        raise InvalidParameter("toGeometry", "beyond the sensor model", accepted)
    return float(col[0]), float(row[0])
