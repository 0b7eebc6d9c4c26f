"""Means and spreads of samples that agree."""

from __future__ import annotations

import numpy as np
import pytest

from engine.build.balance.robust_match import NO_MATCH, match_samples


def two(count: int = 900, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Samples with b = 1.4 a - 20 and some noise."""
    random = np.random.default_rng(2)
    a = random.normal(100, 20, count)
    return a, 1.4 * a - 20 + random.normal(0, noise, count)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4])
def test_the_line_of_most_samples_is_found_whatever_the_others_are(share: float) -> None:
    a, b = two()
    wrong = int(share * a.size)
    b[:wrong] = np.random.default_rng(5).uniform(230, 250, wrong)
    found = match_samples(a, b, 1.0)
    slope = found.spread_b / found.spread_a
    assert slope == pytest.approx(1.4, rel=0.02)
    assert found.mean_b - slope * found.mean_a == pytest.approx(-20, abs=3)
    assert found.count <= a.size - 0.9 * wrong
    assert found.correlation > 0.99


def test_exact_samples_match_exactly() -> None:
    a, b = two(noise=0.0)
    found = match_samples(a, b, 0.0)
    assert found.spread_b / found.spread_a == pytest.approx(1.4, rel=1e-9)
    assert found.noise == pytest.approx(0.0, abs=1e-9)


def test_samples_that_are_not_numbers_do_not_count() -> None:
    a, b = two()
    a[:100], b[300:400] = np.nan, np.nan
    assert match_samples(a, b, 1.0).count <= 700


def test_few_samples_tell_nothing() -> None:
    a, b = two(11)
    assert match_samples(a, b, 1.0) == NO_MATCH
    assert match_samples(np.full(50, np.nan), np.ones(50), 1.0) == NO_MATCH


def test_flat_samples_have_means_and_no_spread() -> None:
    found = match_samples(np.full(50, 7.0), np.full(50, 9.0), 1.0)
    assert (found.count, found.mean_a, found.mean_b) == (50, 7.0, 9.0)
    assert (found.spread_a, found.correlation) == (0.0, 0.0)
