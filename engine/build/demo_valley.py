"""The demo's invented valley: hills, woods and fields, with survey roads that run dead straight over all of it.

What is straight on the ground shows at a glance whether a picture of it lies where it should.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.build import demo_spectra
from engine.build.demo_land_cover import Cover
from engine.build.demo_terrain import Field, Terrain, enlarge, fractal, smoothstep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.build.demo_photographs import Floats

CRS = "EPSG:32627"
PIXEL_M = 5.0
SIZE = 1280
WEST, NORTH = 540_000.0, 4_899_200.0
ROAD_STEP_M = 800.0

_FLOOR_M = 210.0
_HILLS_M = 700.0
_ROAD_M = 11.0
_RIVER_M = 22.0
_FIELD_M = (160.0, 400.0)
# Late in a summer afternoon: light from the upper left is how people read relief.
_LATE = demo_spectra.Season(
    290, 40, 5000, demo_spectra.SUMMER.green | {Cover.WHEAT: 0.15, Cover.MEADOW: 0.9}
)
_BLUE_GREEN_RED = (0, 1, 2)
_WHITE = 2900.0
_GAMMA = 1 / 1.6


@dataclass(frozen=True, slots=True)
class Valley:
    """Ground to photograph (a `Ground`): fields (SIZE, SIZE) sampled at the centres of pixels.

    Attributes
    ----------
    height_m : float32
        Above the ellipsoid.
    picture : float32 (3, SIZE, SIZE)
        Red, green, blue, 1 to 255.
    """

    height_m: Field
    picture: Field

    @property
    def lowest_m(self) -> float:
        """No height is below."""
        return float(self.height_m.min())

    @property
    def highest_m(self) -> float:
        """No height is above."""
        return float(self.height_m.max())

    def heights(self, x: Floats, y: Floats) -> Floats:
        """Return heights at points; beside the valley those of its edge."""
        return _between(self.height_m, x, y)

    def colours(self, x: Floats, y: Floats) -> Floats:
        """Return samples (3, n) at points."""
        return np.stack([_between(plane, x, y) for plane in self.picture])


def make_valley() -> Valley:
    """Make the valley."""
    axis = (np.arange(SIZE, dtype=np.float32) + 0.5) * np.float32(PIXEL_M)
    east, south = np.meshgrid(axis, axis)
    from_river = np.abs(south - _river_south(east)).astype(np.float32)
    height = _heights(from_river)
    dx = np.asarray(np.gradient(height, PIXEL_M, axis=1), dtype=np.float32)
    dy = np.asarray(np.gradient(height, PIXEL_M, axis=0), dtype=np.float32)
    water = smoothstep(_RIVER_M + 4, _RIVER_M - 4, from_river)
    terrain = Terrain(height, np.hypot(dx, dy), dx, dy, water)
    classes = _cover(terrain, east, south)
    return Valley(height, _picture(terrain, classes))


def river_line(points: int) -> tuple[Floats, Floats]:
    """Return x, y along the middle of the river, from west to east."""
    east = np.linspace(0.0, SIZE * PIXEL_M, points)
    return WEST + east, NORTH - _river_south(east)


def road_lines() -> tuple[Floats, Floats]:
    """Return x of the roads that run north, y of those that run east."""
    offsets = np.arange(ROAD_STEP_M / 2, SIZE * PIXEL_M, ROAD_STEP_M)
    return WEST + offsets, NORTH - offsets


def _river_south(east: NDArray[np.floating]) -> Floats:
    """Return how far south of the north edge the river runs."""
    t = np.asarray(east, dtype=np.float64)
    return np.asarray(3300 + 420 * np.sin(t / 830 + 0.6) + 170 * np.sin(t / 370 + 2.0))


def _heights(from_river: Field) -> Field:
    hills = enlarge(fractal(83, SIZE // 16, 3.7), SIZE)
    rough = enlarge(fractal(72, SIZE // 4, 3.6), SIZE)
    rise = smoothstep(170, 1700, from_river)
    spurs = 0.58 + 0.42 * np.tanh(0.7 * hills)
    height = _FLOOR_M + np.float32(_HILLS_M) * rise * spurs + 6 * rough * (0.15 + rise)
    return np.asarray(height, dtype=np.float32)


def _cover(terrain: Terrain, east: Field, south: Field) -> NDArray[np.uint8]:
    """Return what covers each pixel: woods on slopes, fields below, heath and rock on top."""
    height, slope = terrain.height_m, terrain.slope
    moist = enlarge(fractal(73, SIZE // 4, 3.2), SIZE)
    fine = fractal(74, SIZE, 1.8)
    classes = np.full(height.shape, Cover.MEADOW, np.uint8)
    classes[(slope + 0.10 * moist + 0.03 * fine) > 0.27] = Cover.BROADLEAF
    classes[(height + 60 * moist + 15 * fine) > 560] = Cover.CONIFER
    classes[(height + 40 * moist + 25 * fine) > 790] = Cover.HEATH
    classes[(height + 25 * fine) > 905] = Cover.ROCK
    fields = (classes == Cover.MEADOW) & (slope < 0.2) & (height < 330)
    crops = _crops(east, south)
    classes[fields] = crops[fields]
    _settle(classes, terrain, east, south)
    off_road = ROAD_STEP_M / 2 - np.abs(np.stack([east, south]) % ROAD_STEP_M - ROAD_STEP_M / 2)
    middle = ROAD_STEP_M / 2 - off_road
    classes[(middle < _ROAD_M / 2).any(axis=0)] = Cover.SAND
    return classes


def _crops(east: Field, south: Field) -> NDArray[np.uint8]:
    """Return a crop for each field of a plan in line with the roads."""
    kinds = np.array(
        [Cover.WHEAT, Cover.MAIZE, Cover.RAPESEED, Cover.MEADOW, Cover.VINES, Cover.WHEAT], np.uint8
    )
    across, along = _FIELD_M
    column, row = (east // across).astype(int), (south // along).astype(int)
    pick = np.random.default_rng(75).integers(0, kinds.size, (SIZE, SIZE))
    return np.asarray(kinds[pick[row, column]])


def _settle(classes: NDArray[np.uint8], terrain: Terrain, east: Field, south: Field) -> None:
    """Build houses in their gardens where roads cross on low ground."""
    from_crossing = np.hypot(*(np.abs(p % ROAD_STEP_M - ROAD_STEP_M / 2) for p in (east, south)))
    plots = np.random.default_rng(76).random((SIZE, SIZE))
    lot = plots[(south // 18).astype(int), (east // 18).astype(int)]
    low = (terrain.height_m < 330) & (terrain.inland_water < 0.05) & (terrain.slope < 0.2)
    town = low & (from_crossing < 60 + 130 * plots[0, (east // ROAD_STEP_M).astype(int)])
    classes[town] = np.where(lot < 0.45, Cover.ROOF, Cover.GARDEN)[town]


def _picture(terrain: Terrain, classes: NDArray[np.uint8]) -> Field:
    """Return the ground in red, green and blue under the sun."""
    everywhere = (slice(None), slice(None))
    grain = 1 + 0.05 * fractal(77, SIZE, 1.6) + 0.05 * fractal(78, SIZE, 3.0)
    light = demo_spectra.sunlight(terrain, _LATE, everywhere) * grain
    table = demo_spectra.class_spectra(_LATE)
    planes = []
    for band in reversed(_BLUE_GREEN_RED):
        plane = table[:, band][classes] * light
        plane += terrain.inland_water * (table[Cover.SEA, band] * 1.6 - plane)
        planes.append(255 * np.clip(plane / _WHITE, 0, 1) ** _GAMMA)
    return np.asarray(np.clip(np.stack(planes), 1, 255), dtype=np.float32)


def _between(field: Field, x: Floats, y: Floats) -> Floats:
    """Return bilinear values at points on the map."""
    col = np.clip((x - WEST) / PIXEL_M - 0.5, 0, SIZE - 1.001).astype(np.float32)
    row = np.clip((NORTH - y) / PIXEL_M - 0.5, 0, SIZE - 1.001).astype(np.float32)
    left, top = col.astype(np.int32), row.astype(np.int32)
    right, below = col - left, row - top
    flat = field.reshape(-1)
    first = top * SIZE + left
    upper = flat[first] * (1 - right) + flat[first + 1] * right
    lower = flat[first + SIZE] * (1 - right) + flat[first + SIZE + 1] * right
    return np.asarray(upper * (1 - below) + lower * below, dtype=np.float64)
