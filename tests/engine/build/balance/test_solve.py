"""Gains and offsets from overlaps, without pixels."""

from __future__ import annotations

import numpy as np
import pytest

from engine.build.balance.robust_match import NO_MATCH, BandMatch
from engine.build.balance.solve import Overlap, solve_band


def match(a: tuple[float, float], b: tuple[float, float], **changes: float) -> BandMatch:
    """Two exact views (gain, offset) of samples with mean 100 and spread 20."""
    known = {"count": 400, "correlation": 1.0, "noise": 0.0, **changes}
    return BandMatch(
        mean_a=a[0] * 100 + a[1],
        mean_b=b[0] * 100 + b[1],
        spread_a=a[0] * 20,
        spread_b=b[0] * 20,
        **known,  # type: ignore[arg-type]  # -- whole and other numbers
    )


def grid(side: int, seed: int = 3) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    """Return errors of items on a square grid, and the pairs of neighbours."""
    random = np.random.default_rng(seed)
    errors = list(
        zip(
            random.uniform(0.7, 1.4, side * side).tolist(),
            random.uniform(-20, 20, side * side).tolist(),
            strict=True,
        )
    )
    pairs = []
    for row in range(side):
        for col in range(side):
            here = row * side + col
            pairs += [(here, here + 1)] if col + 1 < side else []
            pairs += [(here, here + side)] if row + 1 < side else []
    return errors, pairs


def test_exact_errors_are_undone_up_to_one_common_change() -> None:
    errors, pairs = grid(6)
    overlaps = [Overlap(a, b, match(errors[a], errors[b])) for a, b in pairs]
    found = solve_band(36, overlaps, frozenset(), "gain-offset")
    products = found.gains * [gain for gain, _ in errors]
    assert products == pytest.approx(np.full(36, products.mean()), rel=0.01)
    assert np.abs(found.step_after).max() < 0.01 * np.abs(found.step_before).mean()
    # None moves further than it must.
    assert np.exp(np.log(found.gains).mean()) == pytest.approx(1.0, abs=1e-3)


def test_fixed_items_stay_and_the_others_come_to_them() -> None:
    errors, pairs = grid(4)
    overlaps = [Overlap(a, b, match(errors[a], errors[b])) for a, b in pairs]
    found = solve_band(16, overlaps, frozenset({5}), "gain-offset")
    assert (found.gains[5], found.offsets[5]) == (pytest.approx(1.0, abs=1e-6), 0.0)
    expected = errors[5][0] / np.array([gain for gain, _ in errors])
    assert found.gains == pytest.approx(expected, rel=0.01)


def test_a_target_gives_the_scale() -> None:
    errors = [(0.8, 5.0), (1.3, -9.0)]
    overlaps = [Overlap(n, -1, match(error, (1.0, 0.0))) for n, error in enumerate(errors)]
    found = solve_band(2, overlaps, frozenset(), "gain-offset")
    assert found.gains == pytest.approx([1 / 0.8, 1 / 1.3], rel=0.01)
    assert found.step_after == pytest.approx([0.0, 0.0], abs=0.1)


def test_one_wrong_overlap_among_many_is_outvoted() -> None:
    errors, pairs = grid(5)
    overlaps = [Overlap(a, b, match(errors[a], errors[b])) for a, b in pairs]
    overlaps[7] = Overlap(*pairs[7], match((0.3, 90.0), (2.0, -60.0)))
    found = solve_band(25, overlaps, frozenset(), "gain-offset")
    products = found.gains * [gain for gain, _ in errors]
    assert products == pytest.approx(np.full(25, products.mean()), rel=0.03)


def test_overlaps_without_likeness_move_levels_and_leave_contrast() -> None:
    flat = match((1.5, 0.0), (1.0, 0.0), correlation=0.01, noise=20.0)
    found = solve_band(2, [Overlap(0, 1, flat)], frozenset(), "gain-offset")
    assert found.gains == pytest.approx([1.0, 1.0], abs=0.01)
    assert np.abs(found.step_after[0]) < 0.1 * np.abs(found.step_before[0])


def test_items_without_overlaps_and_overlaps_that_tell_nothing_change_nothing() -> None:
    found = solve_band(3, [Overlap(0, 1, NO_MATCH)], frozenset(), "gain-offset")
    assert found.gains.tolist() == [1.0, 1.0, 1.0]
    assert found.offsets.tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(found.step_before).all()
    known = [Overlap(0, 1, match((1.2, 0.0), (0.9, 3.0)))]
    assert solve_band(3, known, frozenset(), "gain").gains[2] == pytest.approx(1.0, abs=1e-9)


def test_gains_alone_make_means_equal() -> None:
    known = [Overlap(0, 1, match((1.2, 0.0), (0.8, 0.0)))]
    found = solve_band(2, known, frozenset(), "gain")
    assert found.gains[0] / found.gains[1] == pytest.approx(0.8 / 1.2, rel=1e-3)
    assert found.offsets.tolist() == [0.0, 0.0]
