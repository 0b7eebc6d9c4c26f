"""Fields of posts from a source, in blocks kept per process: heights of a terrain, a geoid's undulation.

A source says what lattices it has and reads posts of them; a field adds what turns samples into
values (`Finish`), keeps the blocks, and answers lookups. Handles belong to the calling thread.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from engine.geometry.post_surface import PostSurface
from engine.geometry.posts import BLOCK, SIDE, VOID_BLOCK, PostBlock, look_up, make_block, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy as np
    from numpy.typing import NDArray

    from engine.extent import Extent
    from engine.geometry.posts import PostLevel

    Floats: TypeAlias = NDArray[np.float64]
    # (level, first row, first column, samples with NaN for void) -> values.
    Finish: TypeAlias = Callable[[PostLevel, int, int, Floats], Floats]


@dataclass(frozen=True, slots=True)
class PostSpan:
    """A range of posts, the last ones included."""

    first_row: int
    first_col: int
    last_row: int
    last_col: int

    def intersection(self, other: PostSpan) -> PostSpan | None:
        """Return the posts that both have, or None."""
        found = PostSpan(
            max(self.first_row, other.first_row),
            max(self.first_col, other.first_col),
            min(self.last_row, other.last_row),
            min(self.last_col, other.last_col),
        )
        none = found.first_row > found.last_row or found.first_col > found.last_col
        return None if none else found

    def grown(self, posts: int) -> PostSpan:
        """Return the range with some posts more on each side."""
        return PostSpan(
            self.first_row - posts,
            self.first_col - posts,
            self.last_row + posts,
            self.last_col + posts,
        )


class PostSource(Protocol):
    """Where posts come from."""

    @property
    def crs(self) -> str:
        """CRS of the lattices, on the map alone."""
        ...

    @property
    def identity(self) -> Hashable:
        """What tells its samples from those of all other sources of the process."""
        ...

    def level(self, pixel_size: float) -> PostLevel:
        """Return the coarsest lattice that is not coarser than `pixel_size` (CRS units; 0: finest)."""
        ...

    def span(self, level: PostLevel) -> PostSpan:
        """Return which posts there are at most; all others are void."""
        ...

    def read(self, level: PostLevel, row: int, col: int, rows: int, cols: int) -> Floats:
        """Return samples (rows, cols) from post (row, col) on; NaN where there are none.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
        """
        ...


class PostCache:
    """Blocks of posts of a process; least recently used ones leave when the bytes exceed the bound.

    Parameters
    ----------
    max_bytes : int
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.nbytes = 0
        self.hits = 0
        self.misses = 0
        self._blocks: OrderedDict[Hashable, PostBlock] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, key: Hashable) -> PostBlock | None:
        """Return a block that is at hand, or None."""
        with self._lock:
            found = self._blocks.get(key)
            if found is not None:
                self._blocks.move_to_end(key)
                self.hits += 1
            return found

    def keep(self, key: Hashable, block: PostBlock) -> None:
        """Keep a block; the one that stands for "all void" takes no room."""
        with self._lock:
            self.misses += 1
            if key not in self._blocks:
                self._blocks[key] = block
                self.nbytes += _nbytes(block)
            while self.nbytes > self.max_bytes and len(self._blocks) > 1:
                _, old = self._blocks.popitem(last=False)
                self.nbytes -= _nbytes(old)

    def clear(self) -> None:
        """Forget all blocks."""
        with self._lock:
            self._blocks.clear()
            self.nbytes = 0


def _nbytes(block: PostBlock) -> int:
    # An entry without posts of its own still takes a key and a place.
    return 500 if block is VOID_BLOCK else block.nbytes


class PostField:
    """Values over a plane, from a source of posts.

    Parameters
    ----------
    key : hashable
        What tells these values from others made of the same source.
    finish : function
        Turns samples into values; what it returns NaN for is void.
    beside : (low, high) or None
        Bounds of the values that `finish` gives where the source has no posts; None = they are void.
    """

    def __init__(
        self,
        source: PostSource,
        cache: PostCache,
        key: Hashable,
        finish: Finish | None = None,
        beside: tuple[float, float] | None = None,
    ) -> None:
        self.source = source
        self._cache = cache
        self._key = (source.identity, key)
        self._finish = finish
        self._beside = beside

    def values(self, x: Floats, y: Floats, level: PostLevel) -> Floats:
        """Return the surface at points (n,) of the source's CRS; NaN where it is void.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
        """
        return look_up(x, y, level, lambda row, col: self._block(level, row, col))

    def surface(self, box: Extent, level: PostLevel) -> PostSurface:
        """Return true bounds of the surface within a box of the source's CRS.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
        """
        # The posts beside a source's outermost ones are where its surface ends; further out is nothing new.
        span = self.source.span(level).grown(1)
        asked = _posts_of(box, level)
        found = [each.intersection(span) for each in asked]
        void = 1.0 if self._beside is None and None in found else 0.0
        facts = (math.inf, -math.inf, 0.0, 0.0, 0.0, void, 0.0, 0.0)
        for part in found:
            if part is not None:
                first, last = (part.first_row, part.first_col), (part.last_row, part.last_col)
                measured = measure(first, last, lambda row, col: self._block(level, row, col))
                low, *others = measured.tolist()
                facts = (min(facts[0], low), *map(max, facts[1:], others))
        return _surface(facts, None if found == asked else self._beside, level)

    def covers(self, box: Extent, level: PostLevel) -> bool:
        """Tell whether there can be values in a box of the source's CRS; nothing is read."""
        if self._beside is not None:
            return True
        span = self.source.span(level)
        return any(each.intersection(span) is not None for each in _posts_of(box, level))

    def _block(self, level: PostLevel, row: int, col: int) -> PostBlock:
        key = (self._key, level.key, row, col)
        found = self._cache.peek(key)
        if found is None:
            if self._beside is None and self._is_beside(level, row, col):
                return VOID_BLOCK
            top, left = row * BLOCK - 1, col * BLOCK - 1
            values = self.source.read(level, top, left, SIDE, SIDE)
            if self._finish is not None:
                values = self._finish(level, top, left, values)
            found = make_block(values)
            self._cache.keep(key, found)
        return found

    def _is_beside(self, level: PostLevel, row: int, col: int) -> bool:
        top, left = row * BLOCK - 1, col * BLOCK - 1
        block = PostSpan(top, left, top + SIDE - 1, left + SIDE - 1)
        return self.source.span(level).intersection(block) is None


def _surface(
    facts: tuple[float, ...], beside: tuple[float, float] | None, level: PostLevel
) -> PostSurface:
    """Return what was measured, together with the bounds of values beside it."""
    low, high, bend_x, bend_y, twist, voids, step_x, step_y = facts
    if beside is not None:
        low, high = min(low, beside[0]), max(high, beside[1])
        if beside[0] != beside[1]:
            bend_x = bend_y = twist = math.inf
    if low > high:
        low = high = math.nan
    a, b, _, d, e = level.array.tolist()[:5]
    return PostSurface(
        low=low,
        high=high,
        bend_x=bend_x,
        bend_y=bend_y,
        twist=twist,
        has_voids=voids > 0,
        step_x=step_x,
        step_y=step_y,
        posts_per_unit=(a, b, d, e),
    )


def _posts_of(box: Extent, level: PostLevel) -> list[PostSpan]:
    """Return all posts that the surface in a box depends on, by turns of the world."""
    period, left = level.array.tolist()[6:]
    if period <= 0:
        return [_posts_between(box, box.xmin, box.xmax, level)]
    spans = []
    xmax = min(box.xmax, box.xmin + period)
    for number in range(int((box.xmin - left) // period), int((xmax - left) // period) + 1):
        start = left + number * period
        xmin, xstop = max(box.xmin, start) - start + left, min(xmax, start + period) - start + left
        spans.append(_posts_between(box, xmin, xstop, level))
    return spans


def _posts_between(box: Extent, xmin: float, xmax: float, level: PostLevel) -> PostSpan:
    a, b, c, d, e, f = level.array.tolist()[:6]
    corners = [(x, y) for x in (xmin, xmax) for y in (box.ymin, box.ymax)]
    cols = [a * x + b * y + c for x, y in corners]
    rows = [d * x + e * y + f for x, y in corners]
    # One post on each side: a value between two centres depends on both.
    return PostSpan(
        math.floor(min(rows)) - 1,
        math.floor(min(cols)) - 1,
        math.floor(max(rows)) + 1,
        math.floor(max(cols)) + 1,
    )
