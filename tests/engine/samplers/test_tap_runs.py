"""Taps of eight pixels at once, and two neighbours in one load: as plain arithmetic has them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernel import kernel, using
from engine.samplers.tap_runs import left_of, load_pair, place_eight, right_of

pytestmark = [
    pytest.mark.small,
    pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning"),
]


@using("engine.samplers.tap_runs")
@kernel
def _place(lines, step, origin, shift, at, fx, fy):
    origin = (origin[0], origin[1], origin[2], origin[3])
    place_eight(*(lines, np.uint64(1), step, origin, shift, (at, fx, fy), np.uint64(2)))


@using("engine.samplers.tap_runs")
@kernel
def _pairs(source, out):
    for k in range(source.size - 1):
        pair = load_pair(source, np.uint64(k))
        out[0, k], out[1, k] = left_of(source, pair), right_of(source, pair)


@pytest.mark.parametrize("bits", [8, 14])
@pytest.mark.parametrize("step", [1, 2, 4, 8, 16])
def test_positions_grow_by_one_step_a_pixel_of_each_quad(bits: int, step: int) -> None:
    one, cols, more = 1 << 32, 100, 8 if step == 16 else 0
    rng = np.random.default_rng(step)
    lines = np.zeros((4, 20), np.int64)
    lines[:2] = rng.integers(20 * one, 90 * one, (2, 20))
    lines[2:] = rng.integers(-one, 2 * one, (2, 20))
    back = (int(-3.5 * one) % 2**64, int(-7.5 * one) % 2**64)
    at, fx, fy = np.zeros((3, 12), np.uint32)
    origin = np.array((*back, cols, more), np.uint64)
    _place(lines, step, origin, np.uint32(32 - bits), at, fx, fy)
    quads, own = [1 + k // step for k in range(8)], [k % step + more for k in range(8)]
    px, py = (
        [
            (int(lines[axis, q]) + n * int(lines[axis + 2, q]) + back[axis]) % 2**64
            for q, n in zip(quads, own, strict=True)
        ]
        for axis in (0, 1)
    )
    wanted = [((b >> 32) * cols + (a >> 32)) % one for a, b in zip(px, py, strict=True)]
    assert at[2:10].tolist() == wanted
    assert fx[2:10].tolist() == [(a % one) >> (32 - bits) for a in px]
    assert fy[2:10].tolist() == [(b % one) >> (32 - bits) for b in py]
    assert at[:2].tolist() == at[10:].tolist() == [0, 0]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_two_neighbours_in_one_load_are_those_two(dtype: str) -> None:
    limits = np.iinfo(dtype)
    source = np.array([limits.min, limits.max, 1, 0, limits.max, limits.min + 1], dtype)
    out = np.zeros((2, 5), np.int64)
    _pairs(source, out)
    assert out[0].tolist() == source[:-1].tolist()
    assert out[1].tolist() == source[1:].tolist()
