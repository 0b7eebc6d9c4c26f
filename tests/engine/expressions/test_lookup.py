"""Looking up is what numpy's `take` gives."""

from __future__ import annotations

import numpy as np
import pytest

from engine.expressions.lookup import valid_of, values_of

RNG = np.random.default_rng(71)


@pytest.mark.small
@pytest.mark.parametrize("count", [0, 1, 16])
@pytest.mark.parametrize("places", ["uint8", "uint16"])
def test_entries_are_those_at_the_places(places: str, count: int) -> None:
    size = 1 << 8 * np.dtype(places).itemsize
    at = RNG.integers(0, size, count).astype(places)
    at[:1] = size - 1
    table, marks = RNG.normal(size=size).astype(np.float32), RNG.random(size) > 0.5
    valid, out, good = RNG.random(count) > 0.3, np.empty(count, np.float32), np.empty(count, bool)
    values_of(table, at, out)
    valid_of(marks, at, valid, good)
    np.testing.assert_array_equal(out, np.take(table, at))
    np.testing.assert_array_equal(good, np.take(marks, at) & valid)


def test_tables_and_results_that_do_not_fit_are_refused() -> None:
    places, out = np.zeros(3, np.uint8), np.zeros(3)
    with pytest.raises(ValueError, match="no entry"):
        values_of(np.zeros(255), places, out)
    with pytest.raises(ValueError, match="no entry"):
        values_of(np.zeros(256), places.astype(np.int8), out)
    with pytest.raises(ValueError, match="differ in shape"):
        values_of(np.zeros(256), places, np.zeros(4))
