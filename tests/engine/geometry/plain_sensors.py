"""Two small sensor models for tests of terrain and sight lines: parallel light, and RPC by the book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class SlantedSensor:
    """Parallel light over a map: a point moves by `lean` map units west per metre of height.

    Pixels are `gsd` map units; column 0 and row 0 lie at (`left`, `top`).
    """

    left: float = 0.0
    top: float = 0.0
    gsd: float = 1.0
    lean: float = 0.5
    ground_crs: str = "EPSG:32631"
    vertical_datum: str = "ellipsoid"
    height_range: tuple[float, float] = (-100.0, 1000.0)

    def ground_to_image(self, x, y, z):
        return (x - self.lean * z - self.left) / self.gsd, (self.top - y) / self.gsd + 0 * z

    def image_to_ground(self, col_pos, row_pos, z):
        x = self.left + col_pos * self.gsd + self.lean * z
        return x, self.top - row_pos * self.gsd + 0 * z


class TextRpc:
    """RPC00B from a side-car of key: value lines, inverted by Newton's method."""

    ground_crs = "EPSG:4326"
    vertical_datum = "ellipsoid"

    def __init__(self, path: Path) -> None:
        lines = (line.split(":") for line in path.read_text().splitlines() if ":" in line)
        held = {key.strip(): float(rest.split()[0]) for key, rest in lines}
        self._held = held
        self._coefficients = {
            name: np.array([held[f"{name}_COEFF_{k}"] for k in range(1, 21)])
            for name in ("LINE_NUM", "LINE_DEN", "SAMP_NUM", "SAMP_DEN")
        }
        middle, scale = held["HEIGHT_OFF"], held["HEIGHT_SCALE"]
        self.height_range = (middle - scale, middle + scale)

    def ground_to_image(self, x, y, z):
        held = self._held
        lon = (x - held["LONG_OFF"]) / held["LONG_SCALE"]
        lat = (y - held["LAT_OFF"]) / held["LAT_SCALE"]
        h = (z - held["HEIGHT_OFF"]) / held["HEIGHT_SCALE"]
        terms = np.array(
            [
                *(np.ones_like(lon), lon, lat, h, lon * lat, lon * h, lat * h),
                *(lon**2, lat**2, h**2, lat * lon * h, lon**3, lon * lat**2, lon * h**2),
                *(lon**2 * lat, lat**3, lat * h**2, lon**2 * h, lat**2 * h, h**3),
            ]
        )
        value = {name: c @ terms for name, c in self._coefficients.items()}
        samp = value["SAMP_NUM"] / value["SAMP_DEN"] * held["SAMP_SCALE"] + held["SAMP_OFF"]
        line = value["LINE_NUM"] / value["LINE_DEN"] * held["LINE_SCALE"] + held["LINE_OFF"]
        return samp + 0.5, line + 0.5

    def image_to_ground(self, col_pos, row_pos, z):
        x = np.full_like(z, self._held["LONG_OFF"])
        y = np.full_like(z, self._held["LAT_OFF"])
        step = 1e-5
        for _ in range(12):
            col, row = self.ground_to_image(x, y, z)
            col_x, row_x = self.ground_to_image(x + step, y, z)
            col_y, row_y = self.ground_to_image(x, y + step, z)
            a, b, c, d = col_x - col, col_y - col, row_x - row, row_y - row
            det = a * d - b * c
            x = x + (d * (col_pos - col) - b * (row_pos - row)) / det * step
            y = y + (a * (row_pos - row) - c * (col_pos - col)) / det * step
        return x, y


class ChordOf:
    """A sensor model whose lines of sight are straight through two heights, as CNES' shareloc has them.

    It takes offset ± scale / 2 of an RPC and goes on straight beyond.
    """

    vertical_datum = "ellipsoid"

    def __init__(self, sensor: TextRpc) -> None:
        self._sensor = sensor
        self.ground_crs = sensor.ground_crs
        self.height_range = sensor.height_range
        low, high = sensor.height_range
        self._low, self._high = low + (high - low) / 4, high - (high - low) / 4

    def ground_to_image(self, x, y, z):
        return self._sensor.ground_to_image(x, y, z)

    def image_to_ground(self, col_pos, row_pos, z):
        x0, y0 = self._sensor.image_to_ground(col_pos, row_pos, np.full_like(z, self._low))
        x1, y1 = self._sensor.image_to_ground(col_pos, row_pos, np.full_like(z, self._high))
        share = (z - self._low) / (self._high - self._low)
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
