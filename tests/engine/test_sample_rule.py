"""Which samples count, and what is filled in for those that do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.sample_rule import SampleRule

U16 = np.dtype(np.uint16)
F32 = np.dtype(np.float32)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (SampleRule(), None),
        (SampleRule(0.0), [False, True, True]),
        (SampleRule(None, (1, 5)), [False, True, False]),
        (SampleRule(5.0, (1, 9)), [False, False, True]),
        (SampleRule(-9999.0), None),
        (SampleRule(0.5), None),
    ],
)
def test_samples_count_by_no_data_and_range(rule: SampleRule, expected: list[bool] | None) -> None:
    found = rule.valid(np.array([0, 5, 9], np.uint16))
    assert (None if found is None else found.tolist()) == expected


def test_a_number_that_is_none_never_counts() -> None:
    found = SampleRule(7.0).valid(np.array([math.nan, 7, 1], np.float32))
    assert found is not None
    assert found.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("rule", "dtype", "expected"),
    [
        (SampleRule(0.0), U16, 0.0),
        (SampleRule(), U16, None),
        (SampleRule(-1.0), U16, None),
        (SampleRule(-1.0, (1, 9)), U16, 0.0),
        (SampleRule(None, (0, 9)), U16, 65535.0),
        (SampleRule(None, (0, 65535)), U16, None),
        (SampleRule(-1.0), F32, -1.0),
    ],
)
def test_what_stands_for_no_data_never_counts(
    rule: SampleRule, dtype: np.dtype[np.generic], expected: float | None
) -> None:
    assert rule.fill(dtype) == expected


def test_floats_without_a_value_are_filled_with_nan() -> None:
    found = SampleRule().filled(np.array([1, 2], np.float32), np.array([True, False]))
    assert found[0] == 1
    assert math.isnan(found[1])


@pytest.mark.parametrize(
    ("fill", "dtype", "beside"), [(0, U16, 1), (65535, U16, 65534), (0.0, F32, None)]
)
def test_a_valid_sample_that_is_the_fill_stays_valid(
    fill: float, dtype: np.dtype[np.generic], beside: int | None
) -> None:
    rule = SampleRule(float(fill))
    samples = np.array([fill, 9], dtype)
    found = rule.filled(samples, np.array([True, False]))
    valid = rule.valid(found)
    assert valid is not None
    assert valid.tolist() == [True, False]
    assert beside is None or found[0] == beside
    assert abs(float(found[0]) - fill) <= 1
