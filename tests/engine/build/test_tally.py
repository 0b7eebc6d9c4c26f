"""Tallies add up exactly, whatever the order and however they are cut."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.build.tally import (
    BandTally,
    add_tallies,
    histogram_of,
    pack_tallies,
    statistics_of,
    tally_samples,
    unpack_tallies,
)
from engine.pixel_type import PixelType


@given(
    st.lists(st.integers(-30000, 30000), min_size=1, max_size=60),
    st.integers(1, 59),
)
def test_parts_add_up_to_the_whole(values: list[int], cut: int) -> None:
    samples = np.array(values, np.int16)
    whole = tally_samples(samples)
    parts = [tally_samples(part) for part in np.split(samples, [min(cut, len(values))])]
    for order in (parts, parts[::-1]):
        found = reduce(add_tallies, order, BandTally())
        assert (found.count, found.min, found.max) == (whole.count, whole.min, whole.max)
        assert found.mean == pytest.approx(whole.mean)
        assert found.squares == pytest.approx(whole.squares, abs=1e-3)
        assert found.counts.sum() == len(values)


def test_statistics_equal_numpys() -> None:
    samples = np.random.default_rng(3).normal(1000, 50, 10_000).astype(np.float32)
    found = statistics_of(tally_samples(samples))
    assert found.min == samples.min()
    assert found.max == samples.max()
    assert found.mean == pytest.approx(float(samples.astype(float).mean()))
    assert found.std == pytest.approx(float(samples.astype(float).std()))


def test_eight_bit_histograms_have_one_bin_a_value_around_it() -> None:
    samples = np.array([0, 0, 7, 255], np.uint8)
    found = histogram_of(tally_samples(samples), PixelType.U8)
    assert (found.min, found.max, len(found.counts)) == (-0.5, 255.5, 256)
    assert (found.counts[0], found.counts[7], found.counts[255]) == (2, 1, 1)


def test_wider_histograms_hold_every_sample_between_their_edges() -> None:
    samples = np.random.default_rng(3).integers(0, 65535, 5000).astype(np.uint16)
    found = histogram_of(tally_samples(samples), PixelType.U16)
    assert len(found.counts) <= 1024
    assert sum(found.counts) == 5000
    assert found.min <= samples.min()
    assert found.max >= samples.max()
    width = (found.max - found.min) / len(found.counts)
    below = sum(found.counts[: round((np.median(samples) - found.min) / width)])
    assert abs(below - 2500) < 30


def test_nan_and_infinity_are_no_samples() -> None:
    samples = np.array([math.nan, math.inf, 1.5, -math.inf], np.float64)
    found = tally_samples(samples)
    assert (found.count, found.min, found.max) == (1, 1.5, 1.5)
    nothing = tally_samples(samples[:1])
    assert nothing.count == 0
    assert statistics_of(nothing).std == 0
    assert sum(histogram_of(nothing, PixelType.F32).counts) == 0


@pytest.mark.parametrize("values", [[1e300, -1e300], [1e-300, 2e-300], [5.0, 5.0], [0.0]])
def test_any_span_of_floats_can_be_counted(values: list[float]) -> None:
    found = tally_samples(np.array(values))
    assert found.counts.sum() == len(values)
    assert sum(histogram_of(found, PixelType.F64).counts) == len(values)


def test_tallies_survive_being_packed() -> None:
    tallies = (tally_samples(np.arange(100)), BandTally())
    assert unpack_tallies(pack_tallies(tallies)) == tallies
    assert unpack_tallies(b"") == ()
