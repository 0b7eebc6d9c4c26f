"""The window holds every pixel that the samplers touch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.geometry.position_grid import CellWindow, NodeGrid
from engine.samplers.placement import CanvasPart, LevelAffine, level_affine
from engine.samplers.window import PixelWindow, window_of


def _part(corners: np.ndarray, cut: tuple[int, int, int, int] = (0, 16, 0, 16)) -> CanvasPart:
    nodes = NodeGrid(
        np.ascontiguousarray(corners[..., 0]),
        np.ascontiguousarray(corners[..., 1]),
        np.ones((1, 1), np.uint8),
        16,
        CellWindow(0, 0, 16, 16),
        0.0,
    )
    return CanvasPart(nodes, 0, 0, *cut)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-30, 60), min_size=8, max_size=8),
    st.tuples(st.integers(0, 15), st.integers(1, 16)),
    st.sampled_from([1, 2]),
)
def test_every_tap_lies_in_the_window(values: list[float], cut: tuple[int, int], taps: int) -> None:
    c0, c1 = cut[0], max(cut[0] + 1, cut[1])
    corners = np.array(values).reshape(2, 2, 2)
    affine = LevelAffine(1, 0, 0, 0, 1, 0, 30.0, 20.0)
    window = window_of(affine, _part(corners, (c0, c1, 0, 16)), taps)
    s = (np.arange(c0, c1) / 16)[None, :, None]
    t = (np.arange(16) / 16)[:, None, None]
    positions = (corners[0, 0] * (1 - s) + corners[0, 1] * s) * (1 - t) + (
        corners[1, 0] * (1 - s) + corners[1, 1] * s
    ) * t
    x, y = positions[..., 0].ravel(), positions[..., 1].ravel()
    inside = (x >= 0) & (x < 30) & (y >= 0) & (y < 20)
    if not inside.any():
        return
    assert window is not None
    assert 0 <= window.col_start < window.col_stop <= 30
    assert 0 <= window.row_start < window.row_stop <= 20
    for at, size, low, high in (
        (x[inside], 30, window.col_start, window.col_stop),
        (y[inside], 20, window.row_start, window.row_stop),
    ):
        first = np.clip(np.floor(at - 0.5) - (taps - 1), 0, size - 1)
        last = np.clip(np.floor(at - 0.5) + taps, 0, size - 1)
        assert first.min() >= low
        assert last.max() < high


def test_a_part_beside_the_raster_has_no_window() -> None:
    corners = np.array([[[50.0, 5.0], [60.0, 5.0]], [[50.0, 9.0], [60.0, 9.0]]])
    assert window_of(LevelAffine(1, 0, 0, 0, 1, 0, 30.0, 20.0), _part(corners), 1) is None


def test_quads_beside_the_domain_do_not_count() -> None:
    part = _part(np.zeros((2, 2, 2)) + 5.0)
    part.nodes.quads[:] = 0
    assert window_of(LevelAffine(1, 0, 0, 0, 1, 0, 30.0, 20.0), part, 1) is None


def test_the_far_border_is_clamped() -> None:
    corners = np.array([[[-5.0, -5.0], [99.0, -5.0]], [[-5.0, 99.0], [99.0, 99.0]]])
    affine = LevelAffine(1, 0, 0, 0, 1, 0, 30.5, 20.25)
    assert window_of(affine, _part(corners), 2) == PixelWindow(0, 0, 31, 21)


@pytest.mark.parametrize(
    "geotransform", [(500.0, 10.0, 0.0, 900.0, 0.0, -10.0), (3.0, 2.0, 0.7, 5.0, -0.6, 1.5)]
)
def test_the_affine_to_a_level_inverts_the_geotransform(
    geotransform: tuple[float, float, float, float, float, float],
) -> None:
    affine = level_affine(geotransform, (0.5, 0.25), (100.0, 50.0))
    a, b, c, d, e, f = geotransform
    x, y = a + 40 * b + 24 * c, d + 40 * e + 24 * f
    assert affine.a * x + affine.b * y + affine.c == pytest.approx(20.0)
    assert affine.d * x + affine.e * y + affine.f == pytest.approx(6.0)
