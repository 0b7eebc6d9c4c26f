"""Pixel types say what numpy says of the types that hold them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.pixel_type import PixelType, pixel_type_of_dtype

_PACKED = {PixelType.U1: 1, PixelType.U2: 3, PixelType.U4: 15}


@pytest.mark.parametrize("kind", PixelType)
def test_size_and_limits_are_those_of_the_dtype(kind: PixelType) -> None:
    dtype = np.dtype(kind.dtype_name)
    assert kind.bytes_per_sample == dtype.itemsize
    assert kind.is_float is (dtype.kind == "f")
    if kind.is_float:
        assert kind.limits == (-np.inf, np.inf)
    else:
        assert kind.limits == (np.iinfo(dtype).min, _PACKED.get(kind, np.iinfo(dtype).max))


@pytest.mark.parametrize("kind", [kind for kind in PixelType if kind not in _PACKED])
def test_a_dtype_leads_back_to_its_pixel_type(kind: PixelType) -> None:
    assert pixel_type_of_dtype(kind.dtype_name) is kind


@pytest.mark.parametrize("name", ["complex64", "complex_int16", "int64", "uint64", "bool", ""])
def test_dtypes_that_are_not_served_have_no_pixel_type(name: str) -> None:
    assert pixel_type_of_dtype(name) is None
