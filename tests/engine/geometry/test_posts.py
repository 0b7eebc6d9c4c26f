"""The surface between posts equals a slow reference, its bounds hold, and its edges are where they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.geometry.posts import (
    BLOCK,
    SIDE,
    VOID_BLOCK,
    PostBlock,
    PostLevel,
    look_up,
    make_block,
    measure,
)

UNIT = PostLevel(0, (0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


class Posts:
    """Blocks of an array whose first post is post (0, 0); void beside it."""

    def __init__(self, posts: np.ndarray) -> None:
        self.posts = posts
        self._made: dict[tuple[int, int], PostBlock] = {}

    def block(self, row: int, col: int) -> PostBlock:
        if (row, col) not in self._made:
            held = np.full((SIDE, SIDE), np.nan)
            for i in range(SIDE):
                for j in range(SIDE):
                    held[i, j] = self.at(row * BLOCK - 1 + i, col * BLOCK - 1 + j)
            self._made[row, col] = make_block(held)
        return self._made[row, col]

    def at(self, row: int, col: int) -> float:
        rows, cols = self.posts.shape
        return float(self.posts[row, col]) if 0 <= row < rows and 0 <= col < cols else math.nan

    def reference(self, x: float, y: float) -> float:
        """Bilinear between centres, weights of valid neighbours alone, void where the nearest is."""
        if math.isnan(self.at(math.floor(y), math.floor(x))):
            return math.nan
        i, j = math.floor(y - 0.5), math.floor(x - 0.5)
        v, u = y - 0.5 - i, x - 0.5 - j
        total = weights = 0.0
        for di, dj, weight in (
            (0, 0, (1 - u) * (1 - v)),
            (0, 1, u * (1 - v)),
            (1, 0, (1 - u) * v),
            (1, 1, u * v),
        ):
            value = self.at(i + di, j + dj)
            if not math.isnan(value):
                total += weight * value
                weights += weight
        return total / weights


def _check(posts: Posts, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    found = look_up(x, y, UNIT, posts.block)
    wanted = np.array([posts.reference(*place) for place in zip(x, y, strict=True)])
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-9)
    return found


def _holey(rows: int, cols: int, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    posts = rng.uniform(-100, 3000, (rows, cols)).astype(np.float32).astype(np.float64)
    posts[rng.random((rows, cols)) < 0.15] = np.nan
    return posts


@pytest.mark.small
def test_surface_equals_the_slow_reference() -> None:
    posts = Posts(_holey(12, 9))
    rng = np.random.default_rng(1)
    found = _check(posts, rng.uniform(-2, 11, 400), rng.uniform(-2, 14, 400))
    assert 0 < np.isnan(found).sum() < 400


def test_surface_goes_on_across_blocks() -> None:
    posts = Posts(_holey(300, 300))
    rng = np.random.default_rng(2)
    edge = rng.uniform(254, 258, 300)
    _check(posts, edge, rng.uniform(0, 300, 300))
    _check(posts, rng.uniform(0, 300, 300), edge)


@pytest.mark.small
def test_edges_are_half_open_and_half_a_post_beyond_the_last_centres_is_level() -> None:
    posts = Posts(np.array([[1.0, 2.0], [3.0, 4.0]]))
    x = np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2 - 1e-9, 2.0, -1e-9])
    found = _check(posts, x, np.full(x.size, 0.5))
    assert found[:6].tolist() == [1.0, 1.0, 1.0, 1.5, 2.0, 2.0]
    assert np.isnan(found[6:]).all()
    assert _check(posts, np.array([1.0]), np.array([1.0])).tolist() == [2.5]


@pytest.mark.small
def test_one_post_is_its_own_pixel() -> None:
    found = _check(Posts(np.array([[7.0]])), np.array([0.0, 0.5, 0.999, 1.0]), np.full(4, 0.5))
    assert found[:3].tolist() == [7.0, 7.0, 7.0]
    assert math.isnan(found[3])


@pytest.mark.small
def test_void_and_senseless_places_have_no_height() -> None:
    posts = Posts(np.full((3, 3), np.nan))
    places = np.array([1.0, math.nan, math.inf, -math.inf, 1e300, 1e10])
    assert np.isnan(look_up(places, np.ones(6), UNIT, posts.block)).all()
    assert np.isnan(look_up(np.ones(6), places, UNIT, posts.block)).all()
    assert look_up(np.empty(0), np.empty(0), UNIT, posts.block).size == 0


def test_void_blocks_share_one() -> None:
    assert make_block(np.full((SIDE, SIDE), np.nan)) is VOID_BLOCK


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="258 × 258"):
        make_block(np.zeros((256, 256)))
    with pytest.raises(ValueError, match=r"are \(n,\)"):
        look_up(np.zeros((2, 2)), np.zeros((2, 2)), UNIT, Posts(np.zeros((2, 2))).block)


def test_places_turn_around_the_world() -> None:
    level = PostLevel(0, (-180.0, 1.0, 0.0, 90.0, 0.0, -1.0), period=360.0)
    posts = Posts(np.arange(180 * 360, dtype=float).reshape(180, 360))
    x = np.array([10.25, 370.25, -349.75, 10.25 - 7200])
    found = look_up(x, np.full(4, 40.5), level, posts.block)
    assert np.ptp(found) < 1e-9


def test_rotated_lattices_are_inverted() -> None:
    level = PostLevel(0, (1000.0, 3.0, 4.0, 2000.0, 4.0, -3.0))
    posts = Posts(_holey(20, 20))
    rng = np.random.default_rng(3)
    col, row = rng.uniform(0, 20, (2, 50))
    x, y = 1000 + 3 * col + 4 * row, 2000 + 4 * col - 3 * row
    found = look_up(x, y, level, posts.block)
    wanted = [posts.reference(*place) for place in zip(col, row, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_measured_equals_brute_force_over_any_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    posts = Posts(_holey(290, 290, seed))
    for _ in range(6):
        (r0, r1), (c0, c1) = np.sort(rng.integers(-5, 295, (2, 2)), axis=1).tolist()
        found = measure((r0, c0), (r1, c1), posts.block)
        np.testing.assert_allclose(found, _brute_force(posts, (r0, r1), (c0, c1)), rtol=1e-12)


def _brute_force(posts: Posts, rows: tuple[int, int], cols: tuple[int, int]) -> np.ndarray:
    around = np.array(
        [
            [posts.at(i, j) for j in range(cols[0] - 1, cols[1] + 2)]
            for i in range(rows[0] - 1, rows[1] + 2)
        ]
    )
    own = around[1:-1, 1:-1]
    valid = ~np.isnan(own)
    if not valid.any():
        return np.array([np.inf, -np.inf, 0, 0, 0, 1, 0, 0])
    step_x, step_y = around[1:-1, 2:] - own, around[2:, 1:-1] - own
    bend_x = around[1:-1, :-2] - 2 * own + around[1:-1, 2:]
    bend_y = around[:-2, 1:-1] - 2 * own + around[2:, 1:-1]
    twist = own - around[1:-1, 2:] - around[2:, 1:-1] + around[2:, 2:]
    neighbours = sum(
        around[1 + i : 1 + i + own.shape[0], 1 + j : 1 + j + own.shape[1]]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    )
    torn = (valid & np.isnan(neighbours)).any()

    def most(values: np.ndarray) -> float:
        return float(np.nanmax(np.abs(values), initial=0.0))

    bends = [math.inf] * 3 if torn else [most(bend_x), most(bend_y), most(twist)]
    low, high = np.nanmin(own), np.nanmax(own)
    return np.array([low, high, *bends, float(not valid.all()), most(step_x), most(step_y)])
