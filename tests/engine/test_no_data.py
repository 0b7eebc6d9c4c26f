"""A no-data value counts only where samples of the type can hold it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.no_data import representable


@pytest.mark.parametrize(
    ("value", "dtype", "wanted"),
    [
        (255.0, "uint8", 255.0),
        (256.0, "uint8", None),
        (-1.0, "uint16", None),
        (0.5, "int16", None),
        (float("nan"), "int32", None),
        (float("inf"), "int32", None),
        (-9999.5, "float32", -9999.5),
        (float("-inf"), "float32", float("-inf")),
        (1e300, "float32", None),
        (1e300, "float64", 1e300),
        (-3.40282347e38, "float32", float(np.finfo(np.float32).min)),
        (None, "uint8", None),
    ],
)
def test_a_value_counts_only_where_the_type_holds_it(
    value: float | None, dtype: str, wanted: float | None
) -> None:
    assert representable(value, dtype) == wanted


def test_floats_hold_nan() -> None:
    assert math.isnan(representable(float("nan"), "float32") or 0.0)
