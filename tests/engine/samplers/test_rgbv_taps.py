"""The two ways to blend four taps, one against the other."""

import numpy as np
import pytest
from numba import njit

from engine.samplers import rgbv_taps


@pytest.mark.skipif(not rgbv_taps._HAS_X86, reason="runs on x86-64, compiled")
def test_the_instruction_of_x86_gives_what_plain_arithmetic_gives():
    x86, anywhere = rgbv_taps._blend_taps_x86, rgbv_taps._blend_taps_anywhere

    @njit
    def blend(words, tops, bottoms, out):
        for k in range(len(tops)):
            at = np.uint64(k)
            out[0, k] = x86(words, at, np.uint64(1000), tops[k], bottoms[k])
            out[1, k] = anywhere(words, at, np.uint64(1000), tops[k], bottoms[k])

    rng = np.random.default_rng(1)
    words = rng.integers(0, 2**32, 2001, np.uint32)
    fx, fy = rng.integers(0, 256, (2, 1000), np.uint32)
    fx[:4], fy[:4] = (0, 255, 0, 255), (0, 0, 255, 255)
    w11 = (fx * fy + 128) >> 8
    out = np.zeros((2, 1000), np.uint32)
    blend(words, (256 - fx - fy + w11) | ((fx - w11) << 16), (fy - w11) | (w11 << 16), out)
    assert np.array_equal(out[0], out[1])
    assert len(np.unique(out[0])) > 900
