"""Positions and numbers before kernels see them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.positions import as_positions, checked_numbers


def test_whole_numbers_and_views_become_contiguous_float64() -> None:
    x, y = as_positions(np.arange(6)[::2], [1, 2, 3])
    assert x.dtype == y.dtype == np.float64
    assert x.flags.c_contiguous
    assert x.tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("y", [np.zeros(2), np.zeros((3, 1)), np.float64(1)])
def test_other_shapes_are_refused(y: np.ndarray) -> None:
    with pytest.raises(ValueError, match="arrays \\(n,\\) of one length"):
        as_positions(np.zeros(3), y)


def test_counts_and_values_are_checked_by_name() -> None:
    assert checked_numbers("scale", (1, 2.5), (2,)).tolist() == [1.0, 2.5]
    with pytest.raises(
        InvalidParameter, match="'3 numbers' for parameter 'scale': expected 2 numbers"
    ):
        checked_numbers("scale", (1.0, 2.0, 3.0), (2,))
    with pytest.raises(InvalidParameter, match="expected 2 or 3 finite numbers"):
        checked_numbers("scale", (1.0, float("nan")), (2, 3))
