"""An invented satellite: a line scanner that looks aside while it flies, and the RPC that is fitted to it.

The Earth is flat on its map here; the RPC takes up the difference to longitude and latitude, as RPCs do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rasterio.rpc import RPC
from rasterio.warp import transform

from engine.build.demo_photographs import Floats, Rays

if TYPE_CHECKING:
    from engine.extent import Extent

_NODES = (21, 21, 7)
# Of the fit: without it the terms of numerator and denominator, nearly alike here, cancel.
_DAMPING = 1e-7
_FITS = 3


@dataclass(frozen=True, slots=True)
class Satellite:
    """A line scanner flying south over a place.

    Attributes
    ----------
    x, y : float
        The middle of the image at height 0, metres on the map.
    columns, rows : int
    pixel_m : float
        On level ground.
    from_east_deg, from_south_deg : float
        The middle of the image is seen from so far in the east and in the south of it.
    altitude_m : float
    """

    x: float
    y: float
    columns: int
    rows: int
    pixel_m: float
    from_east_deg: float
    from_south_deg: float
    altitude_m: float = 600_000.0

    @property
    def _to_satellite(self) -> tuple[float, float]:
        """Metres east and north per metre up, in the middle of a line."""
        return math.tan(math.radians(self.from_east_deg)), -math.tan(
            math.radians(self.from_south_deg)
        )

    def rays(self, col_pos: Floats, row_pos: Floats) -> Rays:
        """Return lines of sight of image positions (corner origin)."""
        east, north = self._to_satellite
        x = self.x + (col_pos - self.columns / 2) * self.pixel_m
        y = self.y - (row_pos - self.rows / 2) * self.pixel_m
        # A line is seen from one place.
        from_x = self.x + east * self.altitude_m
        return Rays(x, y, (from_x - x) / self.altitude_m, np.full(x.shape, north))

    def positions(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return column and row positions of ground points: the inverse of `rays`."""
        east, north = self._to_satellite
        from_x = self.x + east * self.altitude_m
        at_zero = from_x + (x - from_x) * self.altitude_m / (self.altitude_m - z)
        col = (at_zero - self.x) / self.pixel_m + self.columns / 2
        row = (self.y - (y - z * north)) / self.pixel_m + self.rows / 2
        return col, row


def fit_rpc(satellite: Satellite, crs: str, box: Extent, heights_m: tuple[float, float]) -> RPC:
    """Fit rational polynomials to a satellite's view.

    Parameters
    ----------
    crs : str
        Of the map.
    box : Extent
        Of the ground, on the map.
    heights_m : (lowest, highest)
    """
    axes = (
        np.linspace(box.xmin, box.xmax, _NODES[0]),
        np.linspace(box.ymin, box.ymax, _NODES[1]),
        np.linspace(*heights_m, _NODES[2]),
    )
    x, y, z = (axis.reshape(-1) for axis in np.meshgrid(*axes))
    lon, lat = (np.asarray(part) for part in transform(crs, "EPSG:4326", x, y))
    col, row = satellite.positions(x, y, z)
    lons, lats, tall = _middle(lon), _middle(lat), _middle(z)
    # Files count positions from the centre of the first pixel.
    across, down = _middle(col - 0.5), _middle(row - 0.5)
    terms = _terms((lon - lons[0]) / lons[1], (lat - lats[0]) / lats[1], (z - tall[0]) / tall[1])
    line = _fit(terms, (row - 0.5 - down[0]) / down[1])
    sample = _fit(terms, (col - 0.5 - across[0]) / across[1])
    return RPC(
        height_off=tall[0],
        height_scale=tall[1],
        lat_off=lats[0],
        lat_scale=lats[1],
        line_den_coeff=line[1],
        line_num_coeff=line[0],
        line_off=down[0],
        line_scale=down[1],
        long_off=lons[0],
        long_scale=lons[1],
        samp_den_coeff=sample[1],
        samp_num_coeff=sample[0],
        samp_off=across[0],
        samp_scale=across[1],
        err_bias=None,
        err_rand=None,
    )


def _middle(values: Floats) -> tuple[float, float]:
    """Return offset and scale."""
    low, high = float(values.min()), float(values.max())
    return (low + high) / 2, (high - low) / 2


def _terms(lon: Floats, lat: Floats, z: Floats) -> Floats:
    """Return the 20 terms of RPC00B."""
    one = np.ones_like(lon)
    linear = [one, lon, lat, z]
    square = [lon * lat, lon * z, lat * z, lon * lon, lat * lat, z * z]
    cubic = [lon * lat * z, lon**3, lon * lat * lat, lon * z * z, lon * lon * lat]
    cubic += [lat**3, lat * z * z, lon * lon * z, lat * lat * z, z**3]
    return np.stack([*linear, *square, *cubic], axis=1)


def _fit(terms: Floats, values: Floats) -> tuple[list[float], list[float]]:
    """Return numerator and denominator of one axis, by least squares with weights 1 / denominator."""
    weight = np.ones_like(values)
    count = terms.shape[1]
    damping = _DAMPING * np.eye(2 * count - 1)
    found = np.zeros(2 * count - 1)
    for _ in range(_FITS):
        design = np.hstack([terms, -terms[:, 1:] * values[:, np.newaxis]]) * weight[:, np.newaxis]
        target = np.concatenate([values * weight, np.zeros(2 * count - 1)])
        found = np.linalg.lstsq(np.vstack([design, damping]), target, rcond=None)[0]
        weight = 1 / (1 + terms[:, 1:] @ found[count:])
    return found[:count].tolist(), [1.0, *found[count:].tolist()]
