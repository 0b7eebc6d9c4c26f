"""Shifts of known size are found; what cannot be told is not: server.comparison.shift."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from server.comparison.shift import estimate_shift

_SIDE = 128
_ALL = np.ones((_SIDE, _SIDE), bool)


def _texture(seed: int = 3) -> np.ndarray:
    draws = np.random.default_rng(seed)
    values = sum(
        ndimage.gaussian_filter(draws.normal(size=(300, 300)), size) * size for size in (1, 4, 12)
    )
    return values / values.std() * 40 + 120


def _part(values: np.ndarray) -> np.ndarray:
    return np.round(values[80 : 80 + _SIDE, 80 : 80 + _SIDE])


def _best_by_brute_force(first: np.ndarray, second: np.ndarray, reach: int) -> tuple[int, int]:
    """Return the (down, right) at which the pictures differ least."""
    inner = (slice(reach, -reach), slice(reach, -reach))
    wrong = {
        (down, right): np.abs(np.roll(first, (down, right), (0, 1))[inner] - second[inner]).mean()
        for down in range(-reach, reach + 1)
        for right in range(-reach, reach + 1)
    }
    return min(wrong, key=wrong.__getitem__)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, 0), (0, -5), (-4, 6), (6, 6)])
def test_whole_pixels_are_those_of_a_search_through_all(down: int, right: int) -> None:
    first, second = _part(_texture()), _part(np.roll(_texture(), (down, right), (0, 1)))
    assert _best_by_brute_force(first, second, 7) == (down, right)
    found = estimate_shift(first, second, _ALL)
    assert found is not None
    assert (found.down_px, found.right_px) == pytest.approx((down, right), abs=0.02)


@pytest.mark.parametrize("interpolation", [1, 3])
@pytest.mark.parametrize(("down", "right"), [(0.5, 0), (0.5, -0.5), (0.25, 0.1), (-3.4, 2.7)])
def test_parts_of_pixels_are_found_within_a_tenth(
    down: float, right: float, interpolation: int
) -> None:
    moved = ndimage.shift(_texture(), (down, right), order=interpolation)
    found = estimate_shift(_part(_texture()), _part(moved), _ALL)
    assert found is not None
    assert (found.down_px, found.right_px) == pytest.approx((down, right), abs=0.1)
    assert found.length_px == pytest.approx(np.hypot(down, right), abs=0.1)


def test_other_brightness_and_contrast_do_not_matter() -> None:
    moved = ndimage.shift(_texture(), (0.0, 0.5), order=1) * 0.6 + 70
    found = estimate_shift(_part(_texture()), _part(moved), _ALL)
    assert found is not None
    assert found.text == "+0.50 +0.00" or abs(found.right_px - 0.5) < 0.05


def test_only_valid_pixels_count() -> None:
    valid = _ALL.copy()
    valid[:, :40] = False
    first, second = _part(_texture()), _part(ndimage.shift(_texture(), (0.5, 0.5), order=3))
    found = estimate_shift(np.where(valid, first, 0), np.where(valid, second, 255), valid)
    assert found is not None
    assert (found.down_px, found.right_px) == pytest.approx((0.5, 0.5), abs=0.1)


def test_none_where_nothing_can_be_told() -> None:
    first = _part(_texture())
    assert estimate_shift(first, _part(_texture(seed=4)), _ALL) is None
    assert estimate_shift(first, np.full_like(first, 100), _ALL) is None
    few = np.zeros_like(_ALL)
    few[:30] = True
    assert estimate_shift(first, first, few) is None
    assert estimate_shift(first[:20], first[:20], _ALL[:20]) is None
    assert estimate_shift(first, first, np.zeros_like(_ALL)) is None


def test_zero_has_no_sign_below_zero() -> None:
    first = _part(_texture())
    found = estimate_shift(first, first, _ALL)
    assert found is not None
    assert found.text == "+0.00 +0.00"
    assert found.trust == pytest.approx(1.0)
