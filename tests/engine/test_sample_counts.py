"""Counting samples, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from engine.sample_counts import add_bins, add_counts, add_moments, new_moments

RNG = np.random.default_rng(4)
VALID = RNG.random((9, 13)) < 0.7


@pytest.mark.small
@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_whole_numbers_are_counted_by_value(dtype: str) -> None:
    limits = np.iinfo(dtype)
    data = RNG.integers(limits.min, limits.max, (9, 13), endpoint=True).astype(dtype)
    data[0, :2] = limits.min, limits.max
    counts = np.zeros(1 << limits.bits, np.int64)
    add_counts(data, VALID, int(limits.min), counts)
    want = np.bincount(data[VALID].astype(np.int64) - limits.min, minlength=counts.size)
    np.testing.assert_array_equal(counts, want)


@pytest.mark.small
def test_moments_of_blocks_add_up_far_from_zero() -> None:
    data = RNG.normal(1e9, 1.0, (9, 13))
    data[3] = np.nan
    moments = new_moments()
    for rows in (slice(0, 4), slice(4, 5), slice(5, 9)):
        add_moments(data[rows], VALID[rows], moments)
    values = data[VALID & np.isfinite(data)]
    assert moments[:3].tolist() == [values.size, values.min(), values.max()]
    assert moments[3] == pytest.approx(values.mean(), rel=1e-15)
    assert moments[4] / values.size == pytest.approx(values.var(), rel=1e-6)


@pytest.mark.small
def test_nothing_valid_changes_nothing() -> None:
    moments, counts = new_moments(), np.zeros(4, np.int64)
    nothing = np.zeros((2, 2), np.bool_)
    add_moments(np.full((2, 2), np.nan), nothing, moments)
    add_bins(np.full((2, 2), np.nan), ~nothing, np.linspace(0, 1, 5), counts)
    assert moments.tolist() == new_moments().tolist()
    assert not counts.any()


@pytest.mark.small
def test_samples_on_edges_fall_into_the_bins_that_begin_there() -> None:
    edges = np.linspace(-0.3, 0.7, 11)
    data = np.concatenate([edges, np.nextafter(edges, -1), np.nextafter(edges, 1)])[None]
    data = np.clip(data, edges[0], edges[-1])
    counts = np.zeros(10, np.int64)
    add_bins(data, np.ones(data.shape, np.bool_), edges, counts)
    place = np.clip(np.searchsorted(edges, data[0], side="right") - 1, 0, 9)
    np.testing.assert_array_equal(counts, np.bincount(place, minlength=10))
