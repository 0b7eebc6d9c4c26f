"""What covers the demo's invented island: shore, fields, woods, towns and the roads between them.

One small class number a pixel, so that a date's spectra are one table look-up (demo_spectra).
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.build.demo_terrain import SIZE, Field, Terrain, enlarge, fractal, smoothstep

Classes = NDArray[np.uint8]

_DISTRICTS = 60
_TOWNS = 9
_ROAD_GRID = 256


class Cover(IntEnum):
    """The classes; `WHEAT` to `VINES` are crops and follow one another."""

    SEA = 0
    SAND = 1
    GRASS = 2
    HEATH = 3
    BROADLEAF = 4
    CONIFER = 5
    ROCK = 6
    WHEAT = 7
    MAIZE = 8
    RAPESEED = 9
    MEADOW = 10
    VINES = 11
    ROOF = 12
    GARDEN = 13
    ROAD = 14


_CROPS = (Cover.WHEAT, Cover.WHEAT, Cover.MAIZE, Cover.RAPESEED, Cover.MEADOW, Cover.VINES)


@dataclass(frozen=True, slots=True)
class LandCover:
    """Classes (SIZE, SIZE) and a brightness texture about 1 of the same shape."""

    classes: Classes
    texture: Field


def make_land_cover(terrain: Terrain) -> LandCover:
    """Cover the island."""
    height, slope = terrain.height_m, terrain.slope
    moist = enlarge(fractal(31, SIZE // 4, 3.0), SIZE)
    fine = fractal(32, SIZE, 1.6)
    treeline = 1120 + 90 * moist + 60 * fine
    classes = np.full(height.shape, Cover.GRASS, np.uint8)
    classes[moist + 0.25 * fine < -0.85] = Cover.HEATH
    classes[(height > 620) & (moist > -1.2)] = Cover.CONIFER
    classes[(height <= 620) & (moist + 0.16 * fine + 1.8 * slope > 0.75)] = Cover.BROADLEAF
    classes[height > treeline] = Cover.HEATH
    classes[(height > treeline + 170) | (slope > 0.95 + 0.15 * fine)] = Cover.ROCK
    _sow(classes, terrain, moist)
    _settle(classes, terrain)
    classes[(height < 4.0) & (slope < 0.14)] = Cover.SAND
    classes[height <= 0] = Cover.SEA
    texture = 1 + 0.055 * fine + 0.05 * moist
    rng = np.random.default_rng(33)
    texture += rng.standard_normal(texture.shape, dtype=np.float32) * np.float32(0.025)
    return LandCover(classes, texture.astype(np.float32))


def _hash(*parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Mix whole numbers into one that looks random, the same on every machine."""
    mixed = np.full(np.broadcast_shapes(*(p.shape for p in parts)), 0x9E3779B1, np.int64)
    for part in parts:
        mixed = ((mixed ^ (part & 0xFFFFFF)) * 0x85EBCA6B) & 0xFFFFFFFF
        mixed ^= mixed >> 13
    return mixed


def _districts() -> tuple[NDArray[np.int64], Field, Field]:
    """Return for each pixel its farming district, and each district's angle and field width."""
    rng = np.random.default_rng(41)
    seeds = rng.uniform(0, SIZE, (_DISTRICTS, 2)).astype(np.float32)
    step = 8
    axis = np.arange(step // 2, SIZE, step, dtype=np.float32)
    bend = fractal(42, axis.size, 3.0) * 28
    distance = np.hypot(
        axis[:, np.newaxis, np.newaxis] + bend[..., np.newaxis] - seeds[:, 0],
        axis[np.newaxis, :, np.newaxis] + bend.T[..., np.newaxis] - seeds[:, 1],
    )
    nearest = distance.argmin(axis=2).repeat(step, axis=0).repeat(step, axis=1)
    angle = rng.uniform(0, math.pi, _DISTRICTS).astype(np.float32)
    width = rng.uniform(11, 26, _DISTRICTS).astype(np.float32)
    return nearest, angle, width


def _sow(classes: Classes, terrain: Terrain, moist: Field) -> None:
    """Lay fields over gentle low ground: rotated strips per district, hedges between them."""
    suited = smoothstep(420, 260, terrain.height_m) * smoothstep(0.16, 0.08, terrain.slope)
    rows, cols = np.nonzero(
        (suited > 0.5) & (terrain.height_m > 4) & (moist > -1.1) & (classes != Cover.BROADLEAF)
    )
    district, angle, width = _districts()
    here = district[rows, cols]
    cos, sin = np.cos(angle)[here], np.sin(angle)[here]
    x, y = cols.astype(np.float32), rows.astype(np.float32)
    across = (x * cos + y * sin) / width[here]
    strip = np.floor(across).astype(np.int64)
    # Neighbouring strips are cut at different places, as real ones are.
    along = (y * cos - x * sin) / (width[here] * 1.9) + (_hash(strip, here) % 97) / np.float32(97)
    cut = np.floor(along).astype(np.int64)
    pick = _hash(strip, cut, here)
    crops = np.array(_CROPS, np.uint8)[pick % len(_CROPS)]
    edge = np.minimum((across - strip) * width[here], (along - cut) * width[here] * 1.9) < 1.1
    crops[edge] = np.where(pick[edge] % 3 == 0, Cover.BROADLEAF, Cover.GRASS)
    classes[rows, cols] = crops


def _settle(classes: Classes, terrain: Terrain) -> None:
    """Found towns on flat low ground and join them by roads along gentle ways."""
    step = SIZE // _ROAD_GRID
    height = terrain.height_m[step // 2 :: step, step // 2 :: step]
    slope = terrain.slope[step // 2 :: step, step // 2 :: step]
    towns = _found_towns(height, slope)
    image = Image.new("L", (SIZE, SIZE))
    draw = ImageDraw.Draw(image)
    for path in _roads(height, slope, towns):
        places = [((c + 0.5) * step, (r + 0.5) * step) for r, c in _smooth(path)]
        draw.line(places, fill=1, width=1, joint="curve")
    classes[(np.asarray(image) > 0) & (terrain.height_m > 1)] = Cover.ROAD
    for index, (row, col) in enumerate(towns):
        _build(classes, terrain, (row * step, col * step), index)


def _found_towns(height: Field, slope: Field) -> list[tuple[int, int]]:
    """Choose flat low places (row, col of the road grid), far from one another."""
    rng = np.random.default_rng(51)
    fit = np.where((height > 6) & (height < 330), 1 - np.clip(slope * 6, 0, 1), 0)
    fit = fit * (1 + smoothstep(160, 15, height)) + rng.random(fit.shape) * 0.2 * (fit > 0)
    rows, cols = np.indices(fit.shape)
    towns: list[tuple[int, int]] = []
    for _ in range(_TOWNS):
        row, col = divmod(int(fit.argmax()), _ROAD_GRID)
        towns.append((row, col))
        fit = np.where(np.hypot(rows - row, cols - col) < 44, 0, fit)
    return towns


def _roads(
    height: Field, slope: Field, towns: list[tuple[int, int]]
) -> list[list[tuple[int, int]]]:
    """Return the cheapest way from the first town to each other one (Dijkstra)."""
    cost = (1 + 60 * slope**2 + np.where(height <= 1, 400, 0)).tolist()
    start = towns[0]
    came: dict[tuple[int, int], tuple[int, int]] = {}
    best = {start: 0.0}
    heap = [(0.0, start)]
    while heap:
        spent, (row, col) = heapq.heappop(heap)
        if spent > best[row, col]:
            continue
        for d_row, d_col in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)):
            there = (row + d_row, col + d_col)
            if not (0 <= there[0] < _ROAD_GRID and 0 <= there[1] < _ROAD_GRID):
                continue
            total = spent + cost[there[0]][there[1]] * math.hypot(d_row, d_col)
            if total < best.get(there, math.inf):
                best[there] = total
                came[there] = (row, col)
                heapq.heappush(heap, (total, there))
    paths = []
    for town in towns[1:]:
        path = [town]
        while path[-1] != start:
            path.append(came[path[-1]])
        paths.append(path)
    return paths


def _smooth(path: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Average each point with its neighbours, so that roads bend instead of stepping."""
    points = np.array(path, dtype=np.float64)
    for _ in range(3):
        points[1:-1] = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
    return [(float(r), float(c)) for r, c in points]


def _build(classes: Classes, terrain: Terrain, centre: tuple[int, int], index: int) -> None:
    """Build one town: blocks of roofs and gardens between streets, thinning outwards."""
    rng = np.random.default_rng(60 + index)
    reach = int(95 - 6 * index)
    window = tuple(slice(max(p - reach, 0), min(p + reach, SIZE)) for p in centre)
    y, x = np.mgrid[window]
    angle = rng.uniform(0, math.pi)
    dx, dy = x - centre[1], y - centre[0]
    u = np.floor(dx * math.cos(angle) + dy * math.sin(angle)).astype(np.int64)
    v = np.floor(dy * math.cos(angle) - dx * math.sin(angle)).astype(np.int64)
    density = np.exp(-((np.hypot(dx, dy) / (reach * 0.55)) ** 2))
    chance = (_hash(u // 6, v // 8, u * 0 + index) % 1000) / 1000
    inside = (density > 0.25 + 0.5 * chance) & (terrain.height_m[window] > 3)
    inside &= terrain.inland_water[window] < 0.3
    lot = (_hash(u // 2, v // 2) % 100) / 100 < 0.45 + 0.35 * density
    kind = np.where(lot, Cover.ROOF, Cover.GARDEN)
    kind = np.where((u % 6 == 0) | (v % 8 == 0), Cover.ROAD, kind)
    classes[window][inside] = kind[inside].astype(np.uint8)
