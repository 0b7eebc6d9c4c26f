"""What is doubtful about an image's sensor model and terrain together: warnings, the item stays as it is.

Each check compares two statements that come from different hands: the terrain's file and its author, the
terrain and the heights an RPC was fitted for, where a camera stands and the ground, the size of pixels that
an orientation gives and the one that the file states.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ConfigError, SourceError
from engine.geometry.geoid import ELLIPSOID, GRID_FILES, Geoid, canonical_datum, find_grid
from engine.geometry.projection import LONLAT, describe_crs, inverse, operation, transform
from engine.geometry.terrain import COMPILED_SUFFIX, stated_datum
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms.frame_camera import FrameCameraRecord
from engine.geotransforms.rpc import RpcRecord
from engine.geotransforms.view_angles import metres_per_unit
from engine.readers.header import read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geolocation import BoundGeolocation, Geolocation
    from engine.process_memory import ProcessMemory
    from engine.readers.header import RasterHeader

    Floats = NDArray[np.float64]

# Points looked at along each side of an image.
_PER_SIDE = 12
# An RPC is used a little beyond the heights it was fitted for; this part of them, and a few metres.
_HEIGHT_MARGIN = 0.1
_HEIGHT_MARGIN_M = 20.0
_FEW = 0.01
_PIXEL_RATIO = 2.0
# From a drone at arm's length to a camera in a stratospheric balloon.
_PIXEL_SIZES_M = (1e-4, 50.0)
_LOWEST_FLIGHT_M = 2.0
# EGM96, EGM2008 and national geoids agree within a few metres everywhere.
_GEOID_DIFFERENCE_M = 10.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Points of an image on the ground, about at the terrain's height.

    Attributes
    ----------
    x, y, z : float64 (n,)
        In the sensor model's ground CRS and datum; z NaN where the terrain has no height.
    """

    x: Floats
    y: Floats
    z: Floats

    @property
    def usual_height(self) -> float:
        """The middle of the heights, NaN where there are none."""
        known = self.z[np.isfinite(self.z)]
        return float(np.median(known)) if known.size else math.nan


@dataclass(frozen=True, slots=True)
class _Geoids:
    """Where undulations are found."""

    memory: ProcessMemory
    folders: tuple[str, ...]

    def open(self, datum: str) -> Geoid:
        """Return a geoid; raises ConfigError or SourceError where it cannot be had."""
        return Geoid(find_grid(datum, self.folders), self.memory)


def doubts_about(
    geolocation: Geolocation,
    bound: BoundGeolocation,
    header: RasterHeader,
    memory: ProcessMemory,
    geoid_folders: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return sentences about what is implausible; () for what is not, and for images without a sensor.

    Parameters
    ----------
    geoid_folders
        Looked into for EGM96 before PROJ's folders.

    Raises
    ------
    SourceError
        The terrain cannot be read.
    """
    sensor = geolocation.sensor
    if sensor is None:
        return ()
    seen = _look(bound, (header.width, header.height))
    found = [_about_datum(geolocation), _about_coverage(seen, geolocation)]
    if isinstance(geolocation.terrain, RasterTerrain):
        geoids = _Geoids(memory, geoid_folders)
        found.append(_about_geoid(geolocation.terrain, bound, seen, geoids))
    if isinstance(sensor, FrameCameraRecord):
        found.append(_about_camera(sensor, bound, seen))
        found.append(_about_pixel_size(sensor, bound, seen, header))
    elif isinstance(sensor, RpcRecord):
        found.append(_about_rpc_heights(bound, seen))
    return tuple(sentence for sentence in found if sentence)


def _look(bound: BoundGeolocation, size: tuple[int, int]) -> _Seen:
    """Return a grid of the image's points on the ground, their heights taken in two steps."""
    cols, rows = np.meshgrid(*((np.arange(_PER_SIDE) + 0.5) * (side / _PER_SIDE) for side in size))
    col, row = cols.ravel(), rows.ravel()
    low, high = bound.sensor.height_range
    z = np.full(col.shape, (low + high) / 2)
    to_terrain = operation(bound.sensor.ground_crs, bound.terrain.crs).pipeline
    x, y, heights = z, z, z
    for _ in range(3):
        x, y = bound.sensor.image_to_ground(col, row, z)
        terrain_x, terrain_y = transform(to_terrain, x, y)
        inside = np.isfinite(terrain_x) & np.isfinite(terrain_y)
        heights = np.full(col.shape, np.nan)
        if inside.any():
            pixel = _spacing(terrain_x[inside], terrain_y[inside])
            heights[inside] = bound.terrain.heights(terrain_x[inside], terrain_y[inside], pixel)
        if not np.isfinite(heights).any():
            break
        z = np.where(np.isfinite(heights), heights, np.nanmedian(heights))
    return _Seen(x, y, heights)


def _spacing(x: Floats, y: Floats) -> float:
    """Return a size of terrain posts that does not read more than these points tell."""
    return max(float(np.ptp(x)), float(np.ptp(y))) / (8 * _PER_SIDE)


def _about_datum(geolocation: Geolocation) -> str:
    """Compare what the author says of the terrain's heights with what its file says."""
    terrain = geolocation.terrain
    if not isinstance(terrain, RasterTerrain) or not terrain.vertical_datum:
        return ""
    path = Path(terrain.path)
    if path.suffix.casefold() == COMPILED_SUFFIX or not path.is_file():
        # A service has no vertical datum of its own.
        return ""
    of_file = stated_datum(read_header(str(path.resolve())).crs)
    stated = canonical_datum(terrain.vertical_datum)
    is_same_grid = Path(stated).name in GRID_FILES.get(of_file, ())
    if not of_file or of_file == stated or is_same_grid:
        return ""
    said = Path(stated).name
    return (
        f"Its terrain {path.name} says that heights count from {of_file}, but {said} is stated:"
        " the image lies beside its place where the two differ."
    )


def _about_coverage(seen: _Seen, geolocation: Geolocation) -> str:
    terrain = geolocation.terrain
    missing = float(np.isnan(seen.z).mean())
    if missing == 0 or not isinstance(terrain, RasterTerrain):
        return ""
    share = "all" if missing == 1 else f"about {max(1, round(100 * missing))} %"
    return f"The terrain {Path(terrain.path).name} is missing under {share} of it: no data is shown there."


def _about_geoid(
    terrain: RasterTerrain, bound: BoundGeolocation, seen: _Seen, geoids: _Geoids
) -> str:
    """Compare a grid of undulations that the author names with EGM96, where that is installed."""
    if canonical_datum(terrain.vertical_datum) in ("", ELLIPSOID, *GRID_FILES):
        return ""
    try:
        known, named = geoids.open("egm96"), geoids.open(terrain.vertical_datum)
    except (ConfigError, SourceError):
        # Not installed, or told elsewhere.
        return ""
    inside = np.isfinite(seen.x) & np.isfinite(seen.y)
    pipeline = operation(LONLAT, bound.sensor.ground_crs).pipeline
    lon, lat = inverse(pipeline, seen.x[inside], seen.y[inside])
    own, usual = named.undulation(lon, lat), known.undulation(lon, lat)
    if not np.isfinite(own - usual).any():
        return ""
    if abs(float(np.nanmedian(own - usual))) <= _GEOID_DIFFERENCE_M:
        return ""
    return (
        f"Its geoid {Path(terrain.vertical_datum).name} lies {np.nanmedian(own):.1f} m above the"
        f" ellipsoid here, EGM96 {np.nanmedian(usual):.1f} m: another place, or the wrong sign?"
    )


def _about_rpc_heights(bound: BoundGeolocation, seen: _Seen) -> str:
    """Compare the terrain with the heights that an RPC was fitted for."""
    low, high = bound.sensor.height_range
    margin = max(_HEIGHT_MARGIN_M, _HEIGHT_MARGIN * (high - low) / 2)
    known = seen.z[np.isfinite(seen.z)]
    if not known.size:
        return ""
    outside = (known < low - margin) | (known > high + margin)
    if outside.mean() <= _FEW:
        return ""
    return (
        f"The terrain under it lies between {known.min():.0f} and {known.max():.0f} m"
        f" ({bound.sensor.vertical_datum}), its RPC is meant for {low:.0f} to {high:.0f} m: is the"
        " terrain's datum right, or its undulation applied twice?"
    )


def _about_camera(record: FrameCameraRecord, bound: BoundGeolocation, seen: _Seen) -> str:
    """Compare a camera's height with the ground below it, or where that is not known, in its image."""
    position = record.position
    to_terrain = operation(record.ground_crs, bound.terrain.crs).pipeline
    x, y = transform(to_terrain, np.array([position.x]), np.array([position.y]))
    ground = seen.usual_height
    if np.isfinite([x[0], y[0]]).all():
        below = float(bound.terrain.heights(x, y, 0.0)[0])
        ground = below if math.isfinite(below) else ground
    if not position.z_m <= ground + _LOWEST_FLIGHT_M:
        return ""
    where = "below" if position.z_m < ground else "at"
    return (
        f"Its camera, at {position.z_m:.1f} m, stands {where} the terrain, {ground:.1f} m: a wrong"
        " position, unit or datum?"
    )


def _about_pixel_size(
    record: FrameCameraRecord, bound: BoundGeolocation, seen: _Seen, header: RasterHeader
) -> str:
    """Compare a flying height with the size of the pixels that it gives."""
    ground = seen.usual_height
    flight = record.position.z_m - ground
    size = _middle_pixel_m(bound, header, ground)
    if not (math.isfinite(size) and flight > 0):
        return ""
    words = f"From {flight:,.0f} m above the ground its pixels are {_metres(size)}"
    stated = _stated_pixel_m(header)
    if stated and not 1 / _PIXEL_RATIO <= size / stated <= _PIXEL_RATIO:
        return f"{words}, its file says {_metres(stated)}: a wrong height, focal length or unit?"
    low, high = _PIXEL_SIZES_M
    if not low <= size <= high:
        return f"{words}: a wrong height, focal length or unit?"
    return ""


def _middle_pixel_m(bound: BoundGeolocation, header: RasterHeader, height_m: float) -> float:
    col, row = header.width / 2, header.height / 2
    z = np.full(3, height_m)
    x, y = bound.sensor.image_to_ground(
        np.array([col, col + 1, col]), np.array([row, row, row + 1]), z
    )
    metres_x, metres_y = metres_per_unit(bound.sensor.ground_crs, y)
    sides = np.hypot((x[1:] - x[0]) * metres_x[0], (y[1:] - y[0]) * metres_y[0])
    return float(np.sqrt(sides.prod()))


def _stated_pixel_m(header: RasterHeader) -> float:
    """Return the pixel size that a file's own geotransform states, 0 where it states none."""
    if header.geotransform is None or not header.crs:
        return 0.0
    _, b, c, _, e, f = header.geotransform
    return math.sqrt(abs(b * f - c * e)) * describe_crs(header.crs).metres_per_unit


def _metres(size: float) -> str:
    return f"{size:.3g} m"
