"""The ground of the demo's invented island: heights, sea, lakes and rivers, the same every time.

Heights are fractal noise shaped into an island and then cut by its own drainage: basins are filled
(priority flood), every cell drains to its lowest neighbour, and valleys are carved where much water
gathers. So rivers run downhill into lakes and the sea, which plain noise never gives.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Field = NDArray[np.float32]

SIZE = 2560
PIXEL_M = 10.0
_COARSE = 512
_CELL_M = SIZE * PIXEL_M / _COARSE
_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))
_PEAK_M = 1650.0
_RIVER_CELLS = 180


@dataclass(frozen=True, slots=True)
class Terrain:
    """The ground at 10 m: (SIZE, SIZE) fields.

    Attributes
    ----------
    height_m : float32
        Negative below the sea.
    slope : float32
        Rise over run.
    dx, dy : float32
        Rise over run towards the east and the south.
    inland_water : float32
        Share of each pixel under rivers and lakes, 0 to 1.
    """

    height_m: Field
    slope: Field
    dx: Field
    dy: Field
    inland_water: Field


def fractal(seed: int, size: int, exponent: float) -> Field:
    """Return noise (size, size) with power spectrum 1/f^exponent, mean 0 and deviation 1."""
    white = np.random.default_rng(seed).standard_normal((size, size), dtype=np.float32)
    spectrum = np.fft.rfft2(white)
    rows = np.fft.fftfreq(size).astype(np.float32)[:, np.newaxis]
    cols = np.fft.rfftfreq(size).astype(np.float32)[np.newaxis, :]
    frequency = np.hypot(rows, cols)
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(spectrum * frequency ** (-exponent / 2), s=(size, size))
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def enlarge(field: Field, size: int) -> Field:
    """Return `field` resampled to (size, size) with a cubic filter."""
    image = Image.fromarray(np.ascontiguousarray(field))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)


def smoothstep(low: float, high: float, values: Field) -> Field:
    """Return 0 below `low`, 1 above `high` and a smooth rise between."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def make_terrain() -> Terrain:
    """Make the island."""
    rough = _rough_heights()
    filled, order, receiver = _flood(rough)
    gathered = _gather(order, receiver)
    lakes = (filled - rough > 24.0) & (rough > 0)
    carved = np.where(lakes, filled, _carve(filled, gathered))
    height = enlarge(carved.astype(np.float32), SIZE)
    relief = smoothstep(2.0, 400.0, height)
    height = height + fractal(11, SIZE, 2.9) * (2.0 + 26.0 * relief)
    water = np.maximum(_draw_rivers(gathered, receiver, rough), _draw_lakes(lakes))
    water[height <= 0] = 0
    dx = np.asarray(np.gradient(height, PIXEL_M, axis=1), dtype=np.float32)
    dy = np.asarray(np.gradient(height, PIXEL_M, axis=0), dtype=np.float32)
    return Terrain(height, np.hypot(dx, dy), dx, dy, water)


def _rough_heights() -> Field:
    """Return heights in metres on the coarse grid, before water has shaped them."""
    axis = (np.arange(_COARSE, dtype=np.float32) + 0.5) / _COARSE - 0.5
    y, x = np.meshgrid(axis, axis, indexing="ij")
    bend = fractal(1, _COARSE, 3.5)
    radius = np.hypot((x + 0.25 * y) / 0.40, (y - 0.15 * x) / 0.34) + 0.15 * bend
    inland = np.clip(1.0 - radius, -0.6, 1.0)
    ridges = 1.0 - np.abs(fractal(2, _COARSE, 3.4)) * 0.55
    massif = np.exp(-(((x - 0.06) / 0.17) ** 2 + ((y + 0.10) / 0.13) ** 2))
    hills = 0.5 + 0.5 * np.tanh(fractal(3, _COARSE, 3.6))
    upland = np.clip(inland * 2.2, 0, 1) * (0.10 * hills + 0.9 * massif * np.clip(ridges, 0.1, 1))
    height = _PEAK_M * upland + 130.0 * inland * (0.7 + 0.5 * hills)
    sea_floor = 260.0 * inland - 1.0
    return np.asarray(np.where(inland > 0, height + 1.0, sea_floor), dtype=np.float32)


def _flood(height: Field) -> tuple[Field, list[int], list[int]]:
    """Fill every basin until it spills.

    Returns
    -------
    filled : (rows, cols)
    order : cell numbers from the sea upwards
    receiver : for each cell the one it drains to; -1 in the sea
    """
    size = height.shape[0]
    flat = height.ravel().tolist()
    filled = list(flat)
    receiver = [-1] * (size * size)
    done = bytearray((height.ravel() <= 0).tobytes())
    heap = [(flat[cell], cell) for cell in _shore(height)]
    heapq.heapify(heap)
    order: list[int] = []
    while heap:
        level, cell = heapq.heappop(heap)
        order.append(cell)
        row, col = divmod(cell, size)
        for d_row, d_col in _NEIGHBOURS:
            r, c = row + d_row, col + d_col
            if not (0 <= r < size and 0 <= c < size):
                continue
            other = r * size + c
            if done[other]:
                continue
            done[other] = 1
            receiver[other] = cell
            # A little steeper than level, so that water in filled basins still knows its way.
            filled[other] = max(flat[other], level + 0.01)
            heapq.heappush(heap, (filled[other], other))
    return np.array(filled, dtype=np.float32).reshape(size, size), order, receiver


def _shore(height: Field) -> list[int]:
    """Return the sea cells that touch land."""
    land = height > 0
    near = np.zeros_like(land)
    near[1:] |= land[:-1]
    near[:-1] |= land[1:]
    near[:, 1:] |= land[:, :-1]
    near[:, :-1] |= land[:, 1:]
    return [int(cell) for cell in np.flatnonzero((near & ~land).ravel())]


def _gather(order: list[int], receiver: list[int]) -> Field:
    """Return how many cells drain through each cell."""
    area = [1.0] * len(receiver)
    for cell in reversed(order):
        if receiver[cell] >= 0:
            area[receiver[cell]] += area[cell]
    size = math.isqrt(len(receiver))
    return np.array(area, dtype=np.float32).reshape(size, size)


def _carve(filled: Field, gathered: Field) -> Field:
    """Cut valleys: deeper where more water gathers, wider the bigger the stream."""
    strength = np.log1p(gathered / 12.0)
    wide = _blurred(strength, 3.5)
    narrow = _blurred(strength, 1.0)
    relief = smoothstep(5.0, 500.0, filled)
    depth = relief * (38.0 * wide + 14.0 * narrow)
    return np.where(filled > 0, np.maximum(filled - depth, 1.0), filled).astype(np.float32)


def _blurred(field: Field, radius: float) -> Field:
    scale = float(field.max()) / 255.0
    image = Image.fromarray((field / scale).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(radius)
    )
    return np.asarray(image, dtype=np.float32) * np.float32(scale)


def _draw_rivers(gathered: Field, receiver: list[int], rough: Field) -> Field:
    """Draw each stretch of river as a line whose width grows with its catchment."""
    zoom = SIZE / _COARSE
    # Cells drain in eight directions only; a smooth displacement hides that grid.
    shift_x, shift_y = (fractal(seed, _COARSE, 2.6) * 1.6 for seed in (21, 22))
    image = Image.new("L", (SIZE, SIZE))
    draw = ImageDraw.Draw(image)

    def place(cell: int) -> tuple[float, float]:
        row, col = divmod(cell, _COARSE)
        x = (col + 0.5 + float(shift_x[row, col])) * zoom
        return x, (row + 0.5 + float(shift_y[row, col])) * zoom

    for cell in np.flatnonzero(((gathered > _RIVER_CELLS) & (rough > 0)).ravel()).tolist():
        start, end = place(cell), place(receiver[cell])
        width = 1 + round(math.sqrt(float(gathered.flat[cell])) / 28.0)
        draw.line([start, end], fill=255, width=width)
    soft: Any = image.filter(ImageFilter.GaussianBlur(0.6))
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def _draw_lakes(lakes: NDArray[np.bool_]) -> Field:
    share = enlarge(lakes.astype(np.float32), SIZE)
    return smoothstep(0.35, 0.65, share)
