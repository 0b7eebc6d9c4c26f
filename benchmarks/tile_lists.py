"""Choose the tiles and views that are asked for: fixed, over the data, spread over the scales.

Rule: a list depends on the scenes' places alone, never on a server. Lists are shuffled by a fixed
seed, so that any stretch of them holds all zooms in their proportion.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from benchmarks.scenes import CRS, Scene

TILE_PIXELS = 256
WORLD_M = 2.0 * math.pi * 6_378_137.0
_SEED = 272_365
_PROBES = 9  # points a side that decide how much of a tile the scenes cover
_LEAST_COVERED = 0.10


@dataclass(frozen=True, slots=True)
class Tile:
    """One XYZ tile (row 0 in the north)."""

    zoom: int
    col: int
    row: int


@dataclass(frozen=True, slots=True)
class View:
    """A box in Web Mercator metres and its size in pixels."""

    west: float
    south: float
    east: float
    north: float
    cols: int
    rows: int


@dataclass(frozen=True, slots=True)
class TileList:
    """Tiles in the order they are asked for."""

    tiles: tuple[Tile, ...]
    fully_covered_share: float


def tile_view(tile: Tile) -> View:
    """Return the box of a tile."""
    size = WORLD_M / 2**tile.zoom
    west = tile.col * size - WORLD_M / 2
    north = WORLD_M / 2 - tile.row * size
    return View(west, north - size, west + size, north, TILE_PIXELS, TILE_PIXELS)


def tiles_over(scenes: Sequence[Scene], zooms: range, count: int) -> TileList:
    """Choose at most `count` tiles, each covered by the scenes to a tenth at least.

    Coarse zooms are taken whole; what remains of `count` is shared alike by the finer ones, whose
    tiles are picked evenly over the whole area, as many users at many places would.
    """
    chosen: list[Tile] = []
    full = 0
    for left, zoom in zip(range(len(zooms), 0, -1), zooms, strict=True):
        tiles, covered = _covered_tiles(scenes, zoom)
        share = min(len(tiles), (count - len(chosen)) // left)
        picks = np.linspace(0, len(tiles) - 1, share).round().astype(int)
        chosen += [tiles[pick] for pick in picks]
        full += int(np.count_nonzero(covered[picks] == 1.0))
    order = np.random.default_rng(_SEED).permutation(len(chosen))
    return TileList(
        tiles=tuple(chosen[place] for place in order), fully_covered_share=full / len(chosen)
    )


def views_over(scenes: Sequence[Scene], count: int, cols: int, rows: int) -> list[View]:
    """Choose views inside the scenes' common box, from twice as fine as a pixel to all of it."""
    rng = np.random.default_rng(_SEED)
    west, south, east, north = _mercator_box(scenes)
    coarsest = min((east - west) / cols, (north - south) / rows)
    finest = coarsest / 64.0
    views = []
    for pixel in np.geomspace(finest, coarsest, count):
        left = west + rng.uniform(0.0, max(east - west - cols * pixel, 0.0))
        bottom = south + rng.uniform(0.0, max(north - south - rows * pixel, 0.0))
        right, top = left + cols * pixel, bottom + rows * pixel
        views.append(View(float(left), float(bottom), float(right), float(top), cols, rows))
    return [views[place] for place in rng.permutation(count)]


def _covered_tiles(scenes: Sequence[Scene], zoom: int) -> tuple[list[Tile], NDArray[np.float64]]:
    west, south, east, north = _mercator_box(scenes)
    size = WORLD_M / 2**zoom
    cols = range(int((west + WORLD_M / 2) // size), int((east + WORLD_M / 2) // size) + 1)
    rows = range(int((WORLD_M / 2 - north) // size), int((WORLD_M / 2 - south) // size) + 1)
    candidates = [Tile(zoom, col, row) for row in rows for col in cols]
    covered = np.array([_covered_share(scenes, tile) for tile in candidates])
    kept = covered >= _LEAST_COVERED
    return [tile for tile, keep in zip(candidates, kept, strict=True) if keep], covered[kept]


def _covered_share(scenes: Sequence[Scene], tile: Tile) -> float:
    view = tile_view(tile)
    xs, ys = np.meshgrid(
        np.linspace(view.west, view.east, _PROBES), np.linspace(view.south, view.north, _PROBES)
    )
    eastings, northings = _mercator_to_scenes().transform(xs.ravel(), ys.ravel())
    hit = np.zeros(xs.size, dtype=bool)
    for scene in scenes:
        hit |= (
            (eastings >= scene.west_m)
            & (eastings <= scene.east_m)
            & (northings >= scene.south_m)
            & (northings <= scene.north_m)
        )
    return float(hit.mean())


def _mercator_box(scenes: Sequence[Scene]) -> tuple[float, float, float, float]:
    corners = np.array(
        [
            (east, north)
            for scene in scenes
            for east in (scene.west_m, scene.east_m)
            for north in (scene.south_m, scene.north_m)
        ]
    )
    xs, ys = _mercator_to_scenes().transform(corners[:, 0], corners[:, 1], direction="INVERSE")
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


@cache
def _mercator_to_scenes() -> Transformer:
    return Transformer.from_crs("EPSG:3857", CRS, always_xy=True)
