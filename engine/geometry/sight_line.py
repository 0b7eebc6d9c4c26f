"""Direct localisation: from an image along lines of sight down to the terrain.

A line is followed from above, each time by as much as the steepest slope of the terrain there leaves
free: it cannot pass what it should meet, up to dips of half a millimetre. The last bit is closed by
false position and halving. What a line meets inside a void is not known: it gives NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ConfigError
from engine.extent import Extent
from engine.geometry.geoid import canonical_datum
from engine.geometry.projection import operation, transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geometry.post_surface import PostSurface
    from engine.geometry.terrain import Terrain
    from engine.geotransforms.base import SensorModel

    Floats = NDArray[np.float64]

# Far within 1e-3 m and, at the slopes of sight lines, 1e-8 degrees (1 mm).
_TOLERANCE_M = 1e-6
_MAX_ITERATIONS = 60
_MARGIN_M = 1.0
_MAX_ROUNDS = 6
# Of the terrain under all lines that are followed together; more lines are taken by parts.
_MOST_POSTS = 4_000_000
_LEAST_STEP_M = 1e-3
# A line that grazes a slope takes longer steps after so many, so that it comes to an end.
_PATIENCE = 500
# Lines of sight are not quite straight, so their slopes are taken as somewhat larger than measured.
_SLOPE_MARGIN = 1.05


@dataclass(frozen=True, slots=True)
class GroundPoints:
    """Where lines of sight meet the ground.

    Attributes
    ----------
    x, y : float64 (n,)
        In the sensor model's ground CRS; NaN where the terrain is missed or missing.
    z : float64 (n,)
        Metres in the sensor model's vertical datum.
    """

    x: Floats
    y: Floats
    z: Floats


@dataclass(frozen=True, slots=True)
class _Descent:
    """How lines are followed from `high` to `low`.

    Attributes
    ----------
    closing : float64 (n,)
        Metres by which a line can come closer to the terrain for each metre that it descends.
    half_post : float64 (n,)
        Metres in which it goes over half a post.
    """

    low: float
    high: float
    closing: Floats
    half_post: Floats


class SightLines:
    """Lines of sight of one image over one terrain.

    Parameters
    ----------
    sensor : SensorModel
    terrain : Terrain
        In the sensor model's vertical datum.
    pixel_size : float
        In units of the terrain's CRS; chooses its level. 0 = the finest.
    area_lonlat : Extent, optional
        Where the image lies: decides which of several operations from the ground to the terrain it is.

    Raises
    ------
    ConfigError
        Terrain and sensor model count heights from different datums.
    """

    def __init__(
        self,
        sensor: SensorModel,
        terrain: Terrain,
        pixel_size: float = 0.0,
        area_lonlat: Extent | None = None,
    ) -> None:
        if canonical_datum(sensor.vertical_datum) != canonical_datum(terrain.vertical_datum):
            why = (
                f"is {terrain.vertical_datum} for the terrain, {sensor.vertical_datum} for the sensor "
                "model; open the terrain in the sensor model's"
            )
            raise ConfigError("vertical datum", "", why)
        self._sensor = sensor
        self._terrain = terrain
        self._pixel_size = pixel_size
        self._pipeline = operation(sensor.ground_crs, terrain.crs, area_lonlat).pipeline

    def to_ground(self, col_pos: Floats, row_pos: Floats) -> GroundPoints:
        """Return where the terrain is first met, seen from the sensor.

        Parameters
        ----------
        col_pos, row_pos : float64 (n,)
            Level-0 pixels, corner origin.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
        """
        col_pos = np.ascontiguousarray(col_pos, np.float64)
        row_pos = np.ascontiguousarray(row_pos, np.float64)
        if col_pos.size > 1 and self._is_wide(col_pos, row_pos):
            middle = col_pos.size // 2
            return _joined(
                self.to_ground(col_pos[:middle], row_pos[:middle]),
                self.to_ground(col_pos[middle:], row_pos[middle:]),
            )
        bounds = self._bounds(col_pos, row_pos)
        if bounds is None:
            nothing = np.full(col_pos.shape, np.nan)
            return GroundPoints(nothing, nothing.copy(), nothing.copy())
        bracket = self._descend(col_pos, row_pos, bounds)
        z = self._close(col_pos, row_pos, bracket)
        x, y = self._sensor.image_to_ground(col_pos, row_pos, z)
        return GroundPoints(x, y, np.where(np.isfinite(x) & np.isfinite(y), z, np.nan))

    def _over(self, col_pos: Floats, row_pos: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return where lines of sight are at some heights, in the terrain's CRS."""
        return transform(self._pipeline, *self._sensor.image_to_ground(col_pos, row_pos, z))

    def _above(self, col_pos: Floats, row_pos: Floats, z: Floats) -> Floats:
        """Return how far lines of sight are above the terrain at some heights on them."""
        x, y = self._over(col_pos, row_pos, z)
        return np.asarray(z - self._terrain.heights(x, y, self._pixel_size))

    def _box(self, col_pos: Floats, row_pos: Floats, low: float, high: float) -> Extent | None:
        places = [
            self._over(col_pos, row_pos, np.full(col_pos.shape, height)) for height in (low, high)
        ]
        x, y = np.concatenate([x for x, _ in places]), np.concatenate([y for _, y in places])
        seen = np.isfinite(x) & np.isfinite(y)
        if not seen.any():
            return None
        x, y = x[seen], y[seen]
        return Extent(float(x.min()), float(y.min()), float(x.max()), float(y.max()))

    def _is_wide(self, col_pos: Floats, row_pos: Floats) -> bool:
        """Tell whether bounds of the terrain under all lines would take more blocks than are kept."""
        box = self._box(col_pos, row_pos, *self._sensor.height_range)
        if box is None:
            return False
        spot = Extent(box.center_x, box.center_y, box.center_x, box.center_y)
        a, b, d, e = self._terrain.surface(spot, self._pixel_size).posts_per_unit
        cols = abs(a) * box.width + abs(b) * box.height
        return cols * (abs(d) * box.width + abs(e) * box.height) > _MOST_POSTS

    def _bounds(self, col_pos: Floats, row_pos: Floats) -> _Descent | None:
        """Return between which heights, how fast, these lines can be followed; None: nowhere."""
        low, high = self._sensor.height_range
        surface: PostSurface | None = None
        for _ in range(_MAX_ROUNDS):
            box = self._box(col_pos, row_pos, low, high)
            if box is None:
                return None
            surface = self._terrain.surface(box, self._pixel_size)
            if math.isnan(surface.low):
                return None
            if low <= surface.low - _MARGIN_M and surface.high + _MARGIN_M <= high:
                break
            # Heights beyond those that the model is meant for: the lines are longer than thought.
            low, high = min(low, surface.low - _MARGIN_M), max(high, surface.high + _MARGIN_M)
        assert surface is not None
        return self._plan_descent(col_pos, row_pos, surface)

    def _plan_descent(self, col_pos: Floats, row_pos: Floats, surface: PostSurface) -> _Descent:
        low, high = surface.low - _MARGIN_M, surface.high + _MARGIN_M
        (x0, y0), (x1, y1) = (
            self._over(col_pos, row_pos, np.full(col_pos.shape, height)) for height in (low, high)
        )
        with np.errstate(invalid="ignore"):
            dx, dy = np.abs(x1 - x0) / (high - low), np.abs(y1 - y0) / (high - low)
            closing = 1.0 + _SLOPE_MARGIN * surface.slope_along(dx, dy)
            half_post = 0.5 / np.maximum(surface.posts_along(dx, dy), 0.5 / (high - low))
        return _Descent(low, high, closing, half_post)

    def _descend(
        self, col_pos: Floats, row_pos: Floats, descent: _Descent
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Return heights above and below the first crossing, and how far above the terrain both are."""
        upper, lower = np.full((2, *col_pos.shape), np.nan)
        over, under = np.full((2, *col_pos.shape), np.nan)
        z, before = np.full(col_pos.shape, descent.high), np.full(col_pos.shape, np.nan)
        last, least = z.copy(), _LEAST_STEP_M / descent.closing
        live, rounds = np.flatnonzero(np.isfinite(descent.closing)), 0
        while live.size:
            now = self._above(col_pos[live], row_pos[live], z[live])
            with np.errstate(invalid="ignore"):
                below = now <= 0
                met = below & (before[live] > 0)
            hit = live[met]
            upper[hit], lower[hit], over[hit], under[hit] = last[hit], z[hit], before[hit], now[met]
            before[live], last[live] = now, z[live]
            step = np.maximum(
                now / descent.closing[live], least[live] * 2.0 ** (rounds // _PATIENCE)
            )
            z[live] -= np.where(np.isnan(now), descent.half_post[live], step)
            # What is below the surface without having been seen above it went in through a void.
            live = live[~below & (last[live] > descent.low)]
            rounds += 1
        return upper, lower, over, under

    def _close(
        self, col_pos: Floats, row_pos: Floats, bracket: tuple[Floats, Floats, Floats, Floats]
    ) -> Floats:
        """Return the heights at the crossings inside brackets."""
        upper, lower, over, under = bracket
        z = np.full(col_pos.shape, np.nan)
        live = np.flatnonzero(np.isfinite(upper))
        for number in range(_MAX_ITERATIONS):
            if live.size == 0:
                return z
            a, b, fa, fb = upper[live], lower[live], over[live], under[live]
            share = 0.5 if number % 3 == 2 else fa / (fa - fb)
            middle = a + (b - a) * share
            found = self._above(col_pos[live], row_pos[live], middle)
            with np.errstate(invalid="ignore"):
                done = (np.abs(found) <= _TOLERANCE_M) | (a - b <= _TOLERANCE_M)
                above = found > 0
            z[live[done]] = middle[done]
            upper[live], over[live] = np.where(above, middle, a), np.where(above, found, fa)
            lower[live], under[live] = np.where(above, b, middle), np.where(above, fb, found)
            # Not a number: the crossing lies in a void.
            live = live[~done & np.isfinite(found)]
        z[live] = (upper[live] + lower[live]) / 2
        return z


def _joined(first: GroundPoints, second: GroundPoints) -> GroundPoints:
    return GroundPoints(
        np.concatenate([first.x, second.x]),
        np.concatenate([first.y, second.y]),
        np.concatenate([first.z, second.z]),
    )


def footprint_ring(lines: SightLines, cols: int, rows: int, per_side: int = 64) -> GroundPoints:
    """Return the ground under an image's outer edge, clockwise from its first corner.

    Parameters
    ----------
    cols, rows : int
        Of the image.
    per_side : int
        Points of each side.

    Returns
    -------
    GroundPoints of 4 × `per_side` points
        NaN where the terrain is missed; the ring is not closed.
    """
    share = np.arange(per_side) / per_side
    none, whole = np.zeros(per_side), np.ones(per_side)
    col = np.concatenate([share, whole, 1 - share, none]) * cols
    row = np.concatenate([none, share, whole, 1 - share]) * rows
    return lines.to_ground(col, row)
