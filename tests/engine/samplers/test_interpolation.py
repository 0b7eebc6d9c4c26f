"""Runs of bilinear pixels and single cubic ones, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from engine.samplers.interpolation import blend_narrow, blend_wide, cubic_value

pytestmark = [
    pytest.mark.small,
    pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning"),
]

COLS = 9


def _taps(count: int, bits: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(bits)
    taps = np.zeros((5, count + 8), np.uint32)
    taps[0, :count] = rng.integers(0, 5, count) * COLS + rng.integers(0, COLS - 1, count)
    taps[1:3, :count] = rng.integers(0, 1 << bits, (2, count))
    return tuple(taps)


def _wanted(source: np.ndarray, taps: tuple[np.ndarray, ...], k: int, one: int) -> float:
    at, x, y = int(taps[0][k]), int(taps[1][k]), int(taps[2][k])
    nw, ne, sw, se = (float(source[at + step]) for step in (0, 1, COLS, COLS + 1))
    upper, lower = nw * (one - x) + ne * x, sw * (one - x) + se * x
    return (upper * (one - y) + lower * y) / (one * one)


@pytest.mark.parametrize("dtype", ["uint16", "int16"])
def test_sixteen_bits_are_blended_exactly_and_rounded_once(dtype: str) -> None:
    limits = np.iinfo(dtype)
    source = np.random.default_rng(1).integers(limits.min, limits.max + 1, 7 * COLS).astype(dtype)
    taps, out = _taps(12, 14), np.zeros(20, dtype)
    blend_narrow(source, np.uint64(0), np.uint64(COLS), taps, 14, out, (2, np.uint64(5), 10))
    wanted = [np.floor(_wanted(source, taps, k, 1 << 14) + 0.5) for k in range(2, 12)]
    assert out[5:15].tolist() == wanted
    assert out[:5].tolist() == out[15:].tolist() == [0] * 5


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_eight_bits_are_within_one_of_the_exact_blend(dtype: str) -> None:
    limits = np.iinfo(dtype)
    source = np.random.default_rng(2).integers(limits.min, limits.max + 1, 7 * COLS).astype(dtype)
    taps, out = _taps(12, 8), np.zeros(12, dtype)
    blend_narrow(source, np.uint64(0), np.uint64(COLS), taps, 8, out, (0, np.uint64(0), 12))
    wanted = [_wanted(source, taps, k, 1 << 8) for k in range(12)]
    assert np.abs(out.astype(float) - wanted).max() <= 1.0


def test_floats_are_blended_and_what_is_no_number_is_told() -> None:
    source = np.random.default_rng(3).random(7 * COLS)
    taps, out = _taps(12, 14), np.zeros(12)
    corners = tuple(np.empty((4, 12)))
    run = (0, np.uint64(0), 12)
    numbers = (source, np.uint64(0), np.uint64(COLS), taps, corners, False, out, run)
    assert blend_wide(*numbers)
    np.testing.assert_allclose(out, [_wanted(source, taps, k, 1 << 14) for k in range(12)])
    source[int(taps[0][4])] = np.nan
    assert not blend_wide(*numbers)


def test_cubic_weights_of_valid_taps_alone_are_used_and_integers_stay_among_them() -> None:
    source = np.zeros(5 * 5)
    source[12] = 100.0
    valid = np.ones(25, np.bool_)
    taps = (2, 2, 4, 4, 5)
    zero = np.uint64(0)
    plain = cubic_value(source, valid, zero, zero, True, taps, 0.5, 0.0, False)
    assert plain == pytest.approx(100 * 0.5625)
    source[:] = 100.0
    source[11] = 0.0
    over = cubic_value(source, valid, zero, zero, True, taps, 0.5, 0.0, False)
    assert over > 100.0
    assert cubic_value(source, valid, zero, zero, True, taps, 0.5, 0.0, True) == 100.0
    valid[11] = False
    assert cubic_value(source, valid, zero, zero, False, taps, 0.5, 0.0, False) == 100.0
    valid[:] = False
    assert np.isnan(cubic_value(source, valid, zero, zero, False, taps, 0.5, 0.0, False))
