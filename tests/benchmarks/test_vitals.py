"""Trends of what processes hold: benchmarks/campaigns/vitals.py."""

import os

import numpy as np

from benchmarks.campaigns.vitals import look, trend


def series(rise, noise, first=100.0):
    random = np.random.default_rng(7)
    at = np.arange(200.0)
    return list(at), list(
        first + rise * np.clip(at - 100, 0, None) / 99 + random.normal(0, noise, 200)
    )


def test_noise_is_flat():
    assert trend(*series(rise=0.0, noise=1.0)).is_flat(0.02)


def test_a_leak_is_not_flat():
    assert not trend(*series(rise=10.0, noise=1.0)).is_flat(0.02)


def test_a_small_leak_is_none_only_where_the_time_was_short():
    found = trend(*series(rise=1.5, noise=0.2))
    assert found.is_flat(0.02)
    assert not found.is_flat(0.005)


def test_growth_while_caches_fill_does_not_count():
    at, values = series(rise=0.0, noise=1.0)
    values[:50] = list(np.linspace(10, 100, 50))
    assert trend(at, values).is_flat(0.02)


def test_a_process_is_looked_at():
    class Own:
        def pids(self):
            return [os.getpid(), 2**22 + 1]

    seen = look(Own(), since=0.0)
    assert seen.memory_bytes > 1e6
    assert seen.descriptors > 2
    assert seen.threads >= 1
