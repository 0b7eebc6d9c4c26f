"""The affine to level pixels is the inverse of the geotransform, scaled."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.geometry.position_grid import WHOLE_CELL, NodeGrid
from engine.samplers.placement import CanvasPart, level_affine

_size = st.floats(0.1, 100.0)
_turn = st.floats(-50.0, 50.0)


@given(
    origin=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    steps=st.tuples(_size, _turn, _turn, _size),
    place=st.tuples(st.floats(0, 1000), st.floats(0, 1000)),
    scale=st.sampled_from([1.0, 0.5, 0.2503]),
)
def test_there_and_back_is_the_same_place(
    origin: tuple[float, float],
    steps: tuple[float, float, float, float],
    place: tuple[float, float],
    scale: float,
) -> None:
    xc, xr, yc, down = steps
    yr = -down
    assume(abs(xc * yr - xr * yc) > 0.01)
    affine = level_affine((origin[0], xc, xr, origin[1], yc, yr), (scale, scale), (9.0, 8.0))
    col, row = place
    x, y = origin[0] + col * xc + row * xr, origin[1] + col * yc + row * yr
    # The origin's digits are lost in the offsets: within 1e-6 pixel of what determinants allow.
    slack = 1e-4 * max(1.0, 1.0 / abs(xc * yr - xr * yc))
    assert abs(affine.a * x + affine.b * y + affine.c - col * scale) < slack
    assert abs(affine.d * x + affine.e * y + affine.f - row * scale) < slack
    assert (affine.width, affine.height) == (9.0, 8.0)


def test_kernels_get_the_same_numbers_as_an_array() -> None:
    affine = level_affine((10.0, 2.0, 0.0, 20.0, 0.0, -4.0), (0.5, 0.25), (3.0, 2.0))
    assert affine.array.tolist() == [0.25, 0.0, -2.5, 0.0, -0.0625, 1.25, 3.0, 2.0]
    grid = NodeGrid(
        np.zeros((2, 2)), np.zeros((2, 2)), np.ones((1, 1), np.uint8), 256, WHOLE_CELL, 0.0
    )
    assert CanvasPart(grid, -5, 7, 0, 10, 7, 20).array.tolist() == [-5, 7, 0, 10, 7, 20]
