"""From a raster's samples to heights in another vertical datum, a block of posts at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.geometry.constant_terrain import MOST_UNDULATION_M
from engine.geometry.projection import LONLAT, operation, transform

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from engine.geometry.geoid import DatumShift
    from engine.geometry.posts import PostLevel

    Floats = NDArray[np.float64]

# Places are transformed at every 16th post and taken as straight between: within 16 posts of 90 m a
# map's lines bend by centimetres, which changes no undulation by a micrometre.
_STEP = 16
# Nodes of a block further apart than this lie around a pole, where longitudes are not straight.
_MOST_LON_DEG = 20.0


@dataclass(frozen=True, slots=True)
class PostLift:
    """height = sample × factor + offset, void filled or not, plus the shift of the datum there.

    Attributes
    ----------
    factor : float
    offset_m : float
    void_m : float
        Height where there is no sample, before the shift; NaN = none.
    crs : str
        Of the posts.
    """

    factor: float
    offset_m: float
    void_m: float
    crs: str
    shift: DatumShift

    @property
    def key(self) -> Hashable:
        """What tells these heights from others of the same samples."""
        return (self.factor, self.offset_m, repr(self.void_m), self.crs, self.shift.key)

    @property
    def beside(self) -> tuple[float, float] | None:
        """Bounds of the heights where there are no samples; None = there are none."""
        if np.isnan(self.void_m):
            return None
        most = 0.0 if self.shift.is_none else MOST_UNDULATION_M
        return self.void_m - most, self.void_m + most

    def finish(self, level: PostLevel, row: int, col: int, samples: Floats) -> Floats:
        """Turn samples (rows, cols) from post (row, col) on into heights; NaN = void."""
        heights = samples * self.factor + self.offset_m
        if not np.isnan(self.void_m):
            heights[np.isnan(heights)] = self.void_m
        if self.shift.is_none or np.isnan(heights).all():
            return heights
        lon, lat = self._places(level, row, col, samples.shape)
        shift = self.shift.at(lon.ravel(), lat.ravel())
        return heights + shift.reshape(samples.shape)

    def _places(
        self, level: PostLevel, row: int, col: int, shape: tuple[int, ...]
    ) -> tuple[Floats, Floats]:
        """Return longitude and latitude of the posts of a block."""
        rows, cols = shape
        node_rows = np.arange(0, rows + _STEP - 1, _STEP).astype(np.float64)
        node_cols = np.arange(0, cols + _STEP - 1, _STEP).astype(np.float64)
        lon, lat = self._lonlat(level, row + node_rows, col + node_cols)
        if not np.isfinite(lon).all() or np.ptp(lon) > _MOST_LON_DEG:
            # A pole or the edge of the projection: every post by itself.
            every_row = row + np.arange(rows, dtype=np.float64)
            return self._lonlat(level, every_row, col + np.arange(cols, dtype=np.float64))
        return _straight(lon, rows, cols), _straight(lat, rows, cols)

    def _lonlat(self, level: PostLevel, rows: Floats, cols: Floats) -> tuple[Floats, Floats]:
        x0, xc, xr, y0, yc, yr = level.geotransform
        col, row = np.meshgrid(cols + 0.5, rows + 0.5)
        pipeline = operation(self.crs, LONLAT).pipeline
        lon, lat = transform(pipeline, x0 + xc * col + xr * row, y0 + yc * col + yr * row)
        if np.isfinite(lon).any() and np.ptp(lon[np.isfinite(lon)]) > 180.0:
            # Across the antimeridian.
            lon = np.where(lon < 0, lon + 360.0, lon)
        return lon, lat


def _straight(nodes: Floats, rows: int, cols: int) -> Floats:
    """Return values at every post from those at every 16th."""
    at_rows, at_cols = np.arange(rows) / _STEP, np.arange(cols) / _STEP
    i = np.minimum(at_rows.astype(np.intp), nodes.shape[0] - 2)
    j = np.minimum(at_cols.astype(np.intp), nodes.shape[1] - 2)
    v, u = (at_rows - i)[:, None], (at_cols - j)[None, :]
    along = nodes[i] * (1 - v) + nodes[i + 1] * v
    return np.asarray(along[:, j] * (1 - u) + along[:, j + 1] * u)
