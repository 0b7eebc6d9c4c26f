"""The error stated between nodes is never exceeded, and not absurdly large."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from engine.extent import Extent
from engine.geometry.post_field import PostCache, PostField, PostSpan
from engine.geometry.post_surface import NodeCell, PostSurface, plain_surface
from engine.geometry.posts import PostLevel


@dataclass
class ArrayPosts:
    """Posts of an array (a `PostSource`), one map unit apart."""

    posts: np.ndarray
    crs: str = "EPSG:32631"
    identity: int = 1

    def level(self, pixel_size: float) -> PostLevel:
        return PostLevel(0, (0.0, 1.0, 0.0, 0.0, 0.0, 1.0))

    def span(self, level: PostLevel) -> PostSpan:
        return PostSpan(0, 0, self.posts.shape[0] - 1, self.posts.shape[1] - 1)

    def read(self, level: PostLevel, row: int, col: int, rows: int, cols: int) -> np.ndarray:
        wide = np.pad(self.posts, 600, constant_values=np.nan)
        return wide[row + 600 : row + 600 + rows, col + 600 : col + 600 + cols].copy()


def _field(posts: np.ndarray) -> PostField:
    return PostField(ArrayPosts(posts), PostCache(1 << 24), "test")


def _true_error(field: PostField, corner: np.ndarray, cell: NodeCell) -> float:
    """Brute force: the surface against the bilinear one through four nodes; NaN if one is void."""
    level = field.source.level(0.0)
    u, v = np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 41))
    x = corner[0] + u * cell.col_dx + v * cell.row_dx
    y = corner[1] + u * cell.col_dy + v * cell.row_dy
    z = field.values(x.ravel(), y.ravel(), level).reshape(u.shape)
    between = (z[0, 0] * (1 - u) + z[0, -1] * u) * (1 - v) + (
        z[-1, 0] * (1 - u) + z[-1, -1] * u
    ) * v
    nodes = z[[0, 0, -1, -1], [0, -1, 0, -1]]
    return math.nan if np.isnan(nodes).any() else float(np.nanmax(np.abs(z - between)))


def _box(corner: np.ndarray, cell: NodeCell) -> Extent:
    xs = corner[0] + np.array([0, cell.col_dx, cell.row_dx, cell.col_dx + cell.row_dx])
    ys = corner[1] + np.array([0, cell.col_dy, cell.row_dy, cell.col_dy + cell.row_dy])
    return Extent(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))


@pytest.mark.parametrize("size", [0.05, 0.3, 1.0, 2.5, 9.0])
@pytest.mark.parametrize("kind", ["noise", "hills", "voids"])
def test_stated_error_is_never_exceeded(size: float, kind: str) -> None:
    rng = np.random.default_rng(7)
    posts = rng.uniform(0, 100, (80, 80))
    if kind == "hills":
        row, col = np.mgrid[:80, :80]
        posts = 100 * np.sin(row / 9) * np.cos(col / 7) + 3 * row
    if kind == "voids":
        posts[rng.random(posts.shape) < 0.1] = np.nan
    field = _field(posts)
    tried = 0
    for _ in range(60):
        turn = rng.uniform(0, 2 * math.pi)
        cell = NodeCell(
            size * math.cos(turn),
            size * math.sin(turn),
            -size * math.sin(turn) * rng.uniform(0.5, 1.5),
            size * math.cos(turn),
        )
        corner = rng.uniform(25, 55, 2)
        surface = field.surface(_box(corner, cell), field.source.level(0.0))
        stated = surface.error_between(cell)
        true = _true_error(field, corner, cell)
        if not math.isnan(true):
            tried += 1
            assert true <= stated + 1e-9
    assert tried >= 30


def test_stated_error_of_smooth_hills_shrinks_with_the_square_of_the_step() -> None:
    row, col = np.mgrid[:80, :80]
    field = _field(100 * np.sin(row / 9) * np.cos(col / 7))
    surface = field.surface(Extent(20, 20, 60, 60), field.source.level(0.0))
    wide, narrow = (surface.error_between(NodeCell(n, 0, 0, n)) for n in (8.0, 4.0))
    assert wide / narrow == pytest.approx((64 + 1) / (16 + 1), rel=1e-9)
    assert wide < 10 * _true_error(field, np.array([31.0, 31.0]), NodeCell(8, 0, 0, 8))


def test_one_ridge_bounds_short_steps_by_a_quarter_of_its_bend() -> None:
    _row, col = np.mgrid[:40, :40]
    field = _field(10.0 * np.abs(col - 20))
    surface = field.surface(Extent(5, 5, 30, 30), field.source.level(0.0))
    for posts in (0.25, 0.5, 1.0, 2.0, 3.0):
        claimed = surface.error_between(NodeCell(posts, 0, 0, posts))
        # The ridge in the middle of a step; posts stand at half numbers.
        truth = 10.0 * posts / 2
        assert claimed >= truth
        assert posts > 1 or claimed == pytest.approx(truth)


def test_an_inclined_plane_needs_no_nodes_between() -> None:
    row, col = np.mgrid[:40, :40]
    field = _field(2.0 * row - 3.0 * col)
    surface = field.surface(Extent(5, 5, 30, 30), field.source.level(0.0))
    assert surface.error_between(NodeCell(20, 0, 0, 20)) == 0.0
    assert (surface.step_x, surface.step_y) == (3.0, 2.0)
    assert surface.slope_along(np.array([2.0]), np.array([1.0])).tolist() == [8.0]


def test_a_box_holds_every_height_in_it() -> None:
    rng = np.random.default_rng(9)
    field = _field(rng.uniform(0, 100, (300, 300)))
    level = field.source.level(0.0)
    for _ in range(30):
        x0, y0 = rng.uniform(-5, 290, 2)
        box = Extent(x0, y0, x0 + rng.uniform(0, 40), y0 + rng.uniform(0, 40))
        surface = field.surface(box, level)
        x, y = rng.uniform(box.xmin, box.xmax, 500), rng.uniform(box.ymin, box.ymax, 500)
        heights = field.values(x, y, level)
        heights = heights[~np.isnan(heights)]
        assert ((heights >= surface.low) & (heights <= surface.high)).all()


def test_where_all_is_void_nothing_is_known() -> None:
    field = _field(np.full((5, 5), np.nan))
    surface = field.surface(Extent(0, 0, 4, 4), field.source.level(0.0))
    assert math.isnan(surface.low)
    assert math.isnan(surface.error_between(NodeCell(1, 0, 0, 1)))
    assert surface.has_voids


def test_a_box_far_larger_than_the_terrain_costs_no_more_than_the_terrain() -> None:
    field = _field(np.full((5, 5), 3.0))
    surface = field.surface(Extent(-1e8, -1e8, 1e8, 1e8), field.source.level(0.0))
    assert (surface.low, surface.high, surface.has_voids) == (3.0, 3.0, True)
    beside = field.surface(Extent(1e7, 1e7, 1e8, 1e8), field.source.level(0.0))
    assert math.isnan(beside.low)


def test_values_beside_a_source_count_where_they_are_stated() -> None:
    def finish(level: PostLevel, row: int, col: int, values: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(values), 9.0, values)

    source = ArrayPosts(np.full((5, 5), 3.0))
    field = PostField(source, PostCache(1 << 24), "filled", finish, (9.0, 9.0))
    surface = field.surface(Extent(-1e8, -1e8, 1e8, 1e8), source.level(0.0))
    assert (surface.low, surface.high, surface.has_voids) == (3.0, 9.0, False)
    beside = field.surface(Extent(1e7, 1e7, 1e8, 1e8), source.level(0.0))
    assert (beside.low, beside.high, beside.has_voids) == (9.0, 9.0, False)
    assert beside.error_between(NodeCell(10, 0, 0, 10)) == 0.0
    inside = field.surface(Extent(2, 2, 3, 3), source.level(0.0))
    assert (inside.low, inside.high) == (3.0, 3.0)


def test_a_plain_surface_is_as_uneven_as_its_bounds() -> None:
    cell = NodeCell(100, 0, 0, 100)
    assert plain_surface(5.0, 5.0).error_between(cell) == 0.0
    assert plain_surface(5.0, 8.0).error_between(cell) == 3.0
    assert isinstance(plain_surface(5.0, 8.0), PostSurface)
