"""The answers of what measures, in metres, square metres, cubic metres and degrees; NaN = not known."""

from __future__ import annotations

import msgspec

from engine.results import Result


class Measured(Result, frozen=True, kw_only=True):
    """A quantity: metres, square metres or degrees, and its standard deviation; NaN = not known."""

    value: float
    uncertainty: float = float("nan")


class MeasureResult(Result, frozen=True, kw_only=True):
    """What was measured.

    Attributes
    ----------
    name, sensor_name : str
        Of the raster that was measured in; "" = none, not known.
    crs : str
        Of `point`; "" = the service's.
    point : (x, y, z) or None
        z in metres, NaN = not asked for.
    point_uncertainty_m : float
        Along the map, standard deviation; NaN = not known.
    quantities
        distance, azimuthAngle, elevationAngle, area, perimeter or height.
    """

    name: str = ""
    sensor_name: str = ""
    crs: str = ""
    point: tuple[float, float, float] | None = None
    point_uncertainty_m: float = float("nan")
    quantities: dict[str, Measured] = msgspec.field(default_factory=dict)


class ImageShapeResult(Result, frozen=True, kw_only=True):
    """A geometry of image space on the ground.

    Attributes
    ----------
    shape : bytes
        WKB in service CRS.
    length_m, area_m2 : float
        Of a line or the edge of an area, and of an area; NaN = it has none.
    center : (x, y)
        In service CRS.
    """

    shape: bytes
    length_m: float = 0.0
    area_m2: float = float("nan")
    center: tuple[float, float]


class Volume(Result, frozen=True, kw_only=True):
    """What lies between the surface within an area and a base.

    Attributes
    ----------
    area_m2 : float
        Of the pixels that have heights.
    cut_m3, fill_m3 : float
        Above the base; below it, negative.
    min_z, max_z, mean_z : float
        Heights along the area's edge.
    cut_cells, fill_cells : int
        Pixels above and below the base.
    """

    area_m2: float
    cut_m3: float
    fill_m3: float
    min_z: float
    max_z: float
    mean_z: float
    cut_cells: int
    fill_cells: int


class VolumesResult(Result, frozen=True, kw_only=True):
    """One volume an area, in their order."""

    volumes: tuple[Volume, ...]


class ClassStatistics(Result, frozen=True, kw_only=True):
    """The bands of a class: means, and one row of covariances a band; `count` pixels."""

    id: int
    name: str
    count: int
    means: tuple[float, ...]
    covariances: tuple[tuple[float, ...], ...]


class ClassStatisticsResult(Result, frozen=True, kw_only=True):
    """One class each, in their order."""

    classes: tuple[ClassStatistics, ...]
