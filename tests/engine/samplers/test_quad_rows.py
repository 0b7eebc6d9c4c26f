"""Rows of quads: what each quad is, and the fixed point of its rows, small rasters and vast ones."""

from __future__ import annotations

import numpy as np
import pytest

from engine.samplers.quad_rows import (
    BESIDE,
    PARTLY,
    WHOLE,
    find_lines,
    find_nodes,
    judge_quads,
    line_of,
)

pytestmark = pytest.mark.small


def test_quads_are_beside_the_raster_partly_on_it_or_inside() -> None:
    x = np.array([-50.0, -10.0, 10.0, 40.0, 70.0, 110.0, 140.0])
    above, below = np.zeros((2, 7)), np.zeros((2, 7))
    level = np.array([1.0, 0, 0, 0, 1.0, 0, 100.0, 100.0])
    find_nodes(x, np.full(7, 20.0), level, above)
    find_nodes(x, np.full(7, 50.0), level, below)
    kinds, usable = np.zeros(6, np.uint8), np.ones(6, np.uint8)
    judge_quads(above, below, usable, (100.0, 100.0, True), kinds)
    assert kinds.tolist() == [BESIDE, PARTLY, WHOLE, WHOLE, PARTLY, BESIDE]
    usable[2] = 0
    judge_quads(above, below, usable, (100.0, 100.0, False), kinds)
    assert kinds.tolist() == [BESIDE, PARTLY, BESIDE, PARTLY, PARTLY, BESIDE]


@pytest.mark.parametrize("is_vast", [False, True])
def test_lines_are_the_nearest_fixed_point(is_vast: bool) -> None:
    rng = np.random.default_rng(5)
    above, below = rng.uniform(-100, 300_000, (2, 2, 9))
    lines = np.zeros((4, 16), np.int64)
    t, step = 0.375, 8
    find_lines(above, below, t, 1 / step, is_vast, lines)
    for quad in range(8):
        line = []
        for axis in range(2):
            at = [above[axis, k] + t * (below[axis, k] - above[axis, k]) for k in (quad, quad + 1)]
            line.append((int(np.round(at[0] * 2.0**32)), int(np.round((at[1] - at[0]) * 2.0**29))))
        wanted = [line[0][0], line[1][0], line[0][1], line[1][1]]
        assert lines[:, quad].tolist() == wanted
        assert list(line_of(above, below, quad, t, 1 / step)) == wanted
