"""Counts by value equal a dictionary's."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.build.value_counts import count_values


@given(
    st.sampled_from(["uint8", "int8"]).flatmap(lambda name: arrays.arrays(name, st.integers(0, 40)))
)
@pytest.mark.small
def test_counts_equal_a_dictionarys(samples: np.ndarray) -> None:
    found = count_values(samples)
    least = int(np.iinfo(samples.dtype).min)
    assert {least + int(n): int(found[n]) for n in np.flatnonzero(found)} == Counter(
        samples.tolist()
    )
    assert found.size == 256


def test_every_second_sample_is_counted_where_only_those_are_given() -> None:
    samples = np.arange(200, dtype=np.uint8)[::2]
    assert count_values(samples).tolist()[:4] == [1, 0, 1, 0]


def test_wider_integers_are_refused() -> None:
    with pytest.raises(ValueError, match="int16"):
        count_values(np.zeros(3, np.int16))
