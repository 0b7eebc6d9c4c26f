"""Posts (heights or undulations at pixel centres) in blocks, and the surface between them.

The surface is bilinear between the centres of posts. It is void where the nearest post is, and takes
the weights of valid neighbours alone elsewhere, so half a pixel beyond the outermost valid posts is
level. Posts and blocks are numbered on the endless lattice of their level; what lies beside a raster
is void. A block holds one post more than its own on each side: no lookup needs two blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]

BLOCK = 256
SIDE = BLOCK + 2
_TILE = 16
_TILES = BLOCK // _TILE
# What is known of the surface; bends are second differences of posts, steps first ones.
_LOW, _HIGH, _BEND_X, _BEND_Y, _TWIST, _VOID, _STEP_X, _STEP_Y = range(8)
_FACTS = 8
_NOTHING = (np.inf, -np.inf, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_NOT_YET = -np.inf
_NOWHERE = -(2**40)
_ONE = np.uint32(1)
# No map has places so far from its origin.
_FAR = 1e12


@dataclass(frozen=True, slots=True)
class PostLevel:
    """The lattice of one level.

    Attributes
    ----------
    key : int
        Tells the levels of one source apart.
    geotransform : 6 floats
        GDAL order, of this level's own pixels; their centres are the posts.
    period : float
        After how much x the world repeats; 0 = it does not.
    array : float64 (8,)
        x, y to columns and rows, period and left edge, for kernels.
    """

    key: int
    geotransform: tuple[float, float, float, float, float, float]
    period: float = 0.0
    array: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Invert the geotransform once."""
        x0, xc, xr, y0, yc, yr = self.geotransform
        det = xc * yr - xr * yc
        a, b, d, e = yr / det, -xr / det, -yc / det, xc / det
        values = (a, b, -(a * x0 + b * y0), d, e, -(d * x0 + e * y0), self.period, x0)
        object.__setattr__(self, "array", np.array(values))


@dataclass(frozen=True, slots=True)
class PostBlock:
    """256 × 256 posts and a margin of one.

    Attributes
    ----------
    posts : float32 (258, 258)
        NaN = void.
    tiles : float64 (8, 16, 16)
        What `measure` says of each 16 × 16 of its own posts.
    """

    posts: NDArray[np.float32]
    tiles: Floats

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self.posts.nbytes + self.tiles.nbytes)


@kernel
def _measure(posts, row, col, found):
    value = np.float64(posts[row, col])
    if np.isnan(value):
        found[_VOID] = 1.0
        return
    found[_LOW] = min(found[_LOW], value)
    found[_HIGH] = max(found[_HIGH], value)
    step_x, step_y = posts[row, col + 1] - value, posts[row + 1, col] - value
    if not np.isnan(step_x):
        found[_STEP_X] = max(found[_STEP_X], abs(step_x))
    if not np.isnan(step_y):
        found[_STEP_Y] = max(found[_STEP_Y], abs(step_y))
    total = 0.0
    for i in range(row - 1, row + 2):
        for j in range(col - 1, col + 2):
            total += posts[i, j]
    if np.isnan(total):
        # The surface ends or jumps beside a void: no bend says how far.
        found[_BEND_X] = np.inf
        found[_BEND_Y] = np.inf
        found[_TWIST] = np.inf
        return
    left, right = np.float64(posts[row, col - 1]), np.float64(posts[row, col + 1])
    above, below = np.float64(posts[row - 1, col]), np.float64(posts[row + 1, col])
    across = np.float64(posts[row + 1, col + 1])
    found[_BEND_X] = max(found[_BEND_X], abs(left - 2.0 * value + right))
    found[_BEND_Y] = max(found[_BEND_Y], abs(above - 2.0 * value + below))
    found[_TWIST] = max(found[_TWIST], abs(value - right - below + across))


@kernel
def _measure_tiles_kernel(posts, tiles):
    found = np.empty(_FACTS)
    for tile_row in range(_TILES):
        for tile_col in range(_TILES):
            for k in range(_FACTS):
                found[k] = _NOTHING[k]
            for row in range(tile_row * _TILE + 1, tile_row * _TILE + _TILE + 1):
                for col in range(tile_col * _TILE + 1, tile_col * _TILE + _TILE + 1):
                    _measure(posts, row, col, found)
            for k in range(_FACTS):
                tiles[k, tile_row, tile_col] = found[k]


@kernel
def _measure_part_kernel(posts, tiles, part, found):
    first_row, last_row, first_col, last_col = part
    for tile_row in range(first_row // _TILE, last_row // _TILE + 1):
        r0, r1 = max(first_row, tile_row * _TILE), min(last_row, tile_row * _TILE + _TILE - 1)
        for tile_col in range(first_col // _TILE, last_col // _TILE + 1):
            c0, c1 = max(first_col, tile_col * _TILE), min(last_col, tile_col * _TILE + _TILE - 1)
            if r1 - r0 == _TILE - 1 and c1 - c0 == _TILE - 1:
                found[_LOW] = min(found[_LOW], tiles[_LOW, tile_row, tile_col])
                for k in range(1, _FACTS):
                    found[k] = max(found[k], tiles[k, tile_row, tile_col])
                continue
            for row in range(r0 + 1, r1 + 2):
                for col in range(c0 + 1, c1 + 2):
                    _measure(posts, row, col, found)


@kernel
def _beside_void(posts, row, col, v, u):
    """Weigh valid posts alone; void where the nearest of the four is."""
    if np.isnan(posts[row + (v >= 0.5), col + (u >= 0.5)]):
        return np.nan
    total, weights = 0.0, 0.0
    for i in range(2):
        for j in range(2):
            tap = np.float64(posts[row + i, col + j])
            if not np.isnan(tap):
                weight = (v if i else 1.0 - v) * (u if j else 1.0 - u)
                total += weight * tap
                weights += weight
    return total / weights


@kernel
def _look_up_kernel(x, y, level, posts, place, out):
    ax, bx, cx = level[0], level[1], level[2] - place[1] * BLOCK
    ay, by, cy = level[3], level[4], level[5] - place[0] * BLOCK
    period, west = level[6], level[7]
    missed = -1
    for k in range(x.size):
        if out[k] != _NOT_YET:
            continue
        xk, yk = x[k], y[k]
        if not (abs(xk) < _FAR and abs(yk) < _FAR):
            out[k] = np.nan
            continue
        if period > 0.0 and not 0.0 <= xk - west < period:
            xk -= period * np.floor((xk - west) / period)
        col_pos = ax * xk + bx * yk + cx
        row_pos = ay * xk + by * yk + cy
        if not (0.0 <= col_pos < BLOCK and 0.0 <= row_pos < BLOCK):
            if not abs(col_pos) + abs(row_pos) < 1e9:
                out[k] = np.nan
            elif missed < 0:
                missed = k
                place[3] = place[0] + int(np.floor(row_pos / BLOCK))
                place[4] = place[1] + int(np.floor(col_pos / BLOCK))
            continue
        # From the centre of the margin's first post on, so that whole parts are its indices; unsigned,
        # because for signed ones every access asks whether it counts from the end.
        col, row = np.uint32(col_pos + 0.5), np.uint32(row_pos + 0.5)
        u, v = col_pos + 0.5 - col, row_pos + 0.5 - row
        a, b = np.float64(posts[row, col]), np.float64(posts[row, col + _ONE])
        c, d = np.float64(posts[row + _ONE, col]), np.float64(posts[row + _ONE, col + _ONE])
        upper, lower = a + (b - a) * u, c + (d - c) * u
        value = upper + (lower - upper) * v
        out[k] = value
        if np.isnan(value):
            out[k] = _beside_void(posts, np.int64(row), np.int64(col), v, u)
    place[2] = missed


def make_block(posts: Floats) -> PostBlock:
    """Return a block of posts.

    Parameters
    ----------
    posts : float64 (258, 258)
        NaN = void.
    """
    if posts.shape != (SIDE, SIDE):
        raise ValueError(f"a block has {SIDE} × {SIDE} posts, not {posts.shape}")
    if np.isnan(posts).all():
        return VOID_BLOCK
    held = np.ascontiguousarray(posts, np.float32)
    tiles = np.empty((_FACTS, _TILES, _TILES))
    _measure_tiles_kernel(held, tiles)
    return PostBlock(held, tiles)


def _void_block() -> PostBlock:
    tiles = np.empty((_FACTS, _TILES, _TILES))
    tiles[:] = np.array(_NOTHING)[:, None, None]
    tiles[_VOID] = 1.0
    return PostBlock(np.full((SIDE, SIDE), np.nan, np.float32), tiles)


VOID_BLOCK = _void_block()


def look_up(
    x: Floats, y: Floats, level: PostLevel, block: Callable[[int, int], PostBlock]
) -> Floats:
    """Return the surface at points.

    Parameters
    ----------
    x, y : float64 (n,)
        In the posts' CRS; values that are not finite give NaN.
    block : function of (block row, block column)
        Gives the blocks that are needed, one after the other.

    Returns
    -------
    float64 (n,)
        NaN where the nearest post is void.
    """
    x, y = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x and y are (n,), not {x.shape} and {y.shape}")
    out = np.full(x.size, _NOT_YET)
    place = np.full(5, _NOWHERE, np.int64)
    posts = VOID_BLOCK.posts
    if x.size:
        row, col = _block_of(level, float(x[0]), float(y[0]))
        place[0], place[1] = row, col
        if row != _NOWHERE:
            posts = block(row, col).posts
    while True:
        _look_up_kernel(x, y, level.array, posts, place, out)
        if place[2] < 0:
            return out
        place[0], place[1] = place[3], place[4]
        posts = block(int(place[0]), int(place[1])).posts


def _block_of(level: PostLevel, x: float, y: float) -> tuple[int, int]:
    """Return where the first point probably lies; the kernel decides."""
    a, b, c, d, e, f, period, left = level.array.tolist()
    if not abs(x) < _FAR or not abs(y) < _FAR:
        return _NOWHERE, _NOWHERE
    if period > 0:
        x -= period * ((x - left) // period)
    col, row = a * x + b * y + c, d * x + e * y + f
    if not abs(col) < 1e9 or not abs(row) < 1e9:
        return _NOWHERE, _NOWHERE
    return int(row // BLOCK), int(col // BLOCK)


def measure(
    first: tuple[int, int], last: tuple[int, int], block: Callable[[int, int], PostBlock]
) -> Floats:
    """Return what is known of the surface over a range of posts.

    Parameters
    ----------
    first, last : (row, col)
        Posts, both inclusive.

    Returns
    -------
    float64 (8,)
        Low and high (infinite, the wrong way round, where all is void), largest second differences
        along columns and rows, largest twist of a cell (infinite beside voids), 1 if there are voids,
        largest differences of neighbours along columns and rows.
    """
    found = np.array(_NOTHING)
    for block_row in range(first[0] // BLOCK, last[0] // BLOCK + 1):
        for block_col in range(first[1] // BLOCK, last[1] // BLOCK + 1):
            top, left = block_row * BLOCK, block_col * BLOCK
            part = np.array(
                (
                    max(first[0] - top, 0),
                    min(last[0] - top, BLOCK - 1),
                    max(first[1] - left, 0),
                    min(last[1] - left, BLOCK - 1),
                )
            )
            held = block(block_row, block_col)
            _measure_part_kernel(held.posts, held.tiles, part, found)
    return found
