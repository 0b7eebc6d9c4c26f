"""Casts clamp and round; no-data values that a request names become invalid."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.functions.cast import cast, mark_no_data
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

NAN = float("nan")
INF = float("inf")


def row(values: list[float], dtype: str) -> PixelBlock:
    data = np.array(values, dtype).reshape(1, 1, -1)
    return PixelBlock(data, np.ones((1, 1, len(values)), np.bool_))


def bands(*planes: list[float], dtype: str = "int16") -> PixelBlock:
    data = np.array(planes, dtype)[:, np.newaxis]
    return PixelBlock(data, np.ones((1, 1, data.shape[2]), np.bool_))


@pytest.mark.parametrize(
    ("values", "dtype", "kind", "wanted"),
    [
        ([-5, 0, 255, 300], "int16", PixelType.U8, [0, 0, 255, 255]),
        ([0, 70000, 2**32 - 1], "uint32", PixelType.S16, [0, 32767, 32767]),
        ([0, 200], "uint8", PixelType.S8, [0, 127]),
        ([-7, 7], "int8", PixelType.U32, [0, 7]),
        ([0, 9, 200], "uint8", PixelType.U1, [0, 1, 1]),
        ([3, 4], "uint8", PixelType.U2, [3, 3]),
        ([1.4, 1.6, 2.5, -3.0, 1e9], "float32", PixelType.U8, [1, 2, 2, 0, 255]),
        ([0.49999997, INF, -INF], "float32", PixelType.S16, [0, 32767, -32768]),
        ([1e30, -1e30], "float32", PixelType.U32, [4294967295, 0]),
        ([1e30, -1e30], "float64", PixelType.S32, [2147483647, -2147483648]),
    ],
)
def test_values_are_clamped_and_rounded(
    values: list[float], dtype: str, kind: PixelType, wanted: list[int]
) -> None:
    answer = cast(row(values, dtype), kind)
    assert answer.data.dtype == kind.dtype_name
    assert answer.data.reshape(-1).tolist() == wanted
    assert answer.valid.all()


def test_nan_is_invalid_in_integers_and_stays_nan_in_floats() -> None:
    block = row([1.0, NAN], "float64")
    assert cast(block, PixelType.U8).valid.reshape(-1).tolist() == [True, False]
    assert np.isnan(cast(block, PixelType.F32).data).reshape(-1).tolist() == [False, True]


def test_doubles_beyond_single_precision_are_clamped() -> None:
    answer = cast(row([1e300, -1e300, 0.5], "float64"), PixelType.F32).data.reshape(-1)
    limit = np.finfo(np.float32).max
    assert answer.tolist() == [limit, -limit, 0.5]


def test_a_cast_to_the_same_type_copies_nothing() -> None:
    block = row([1, 2], "uint16")
    assert cast(block, PixelType.U16).data is block.data


def test_one_value_counts_for_each_band_by_itself() -> None:
    marked = mark_no_data(bands([0, 1, 0], [0, 0, 2]), (0.0,))
    assert marked.valid[:, 0].tolist() == [[False, True, False], [False, False, True]]


def test_a_list_counts_only_where_all_bands_match() -> None:
    marked = mark_no_data(bands([0, 1, 0], [9, 9, 2]), (0.0, 9.0))
    assert marked.valid[0, 0].tolist() == [False, True, True]


@pytest.mark.parametrize(("match", "usable"), [("any", 1), ("all", 3)])
def test_the_asked_interpretation_stands_over_the_default(match: str, usable: int) -> None:
    marked = mark_no_data(bands([0, 1, 0, 3], [9, 9, 2, 3]), (0.0, 9.0), match)  # type: ignore[arg-type]  # -- a literal
    assert int(marked.valid_all().sum()) == usable


def test_nan_matches_nan() -> None:
    marked = mark_no_data(bands([NAN, 1.0], dtype="float32"), (NAN,))
    assert marked.valid.reshape(-1).tolist() == [False, True]


@pytest.mark.parametrize("value", [-1.0, 300.0, 0.5, INF, NAN])
def test_a_value_that_the_type_cannot_hold_matches_nothing(value: float) -> None:
    assert mark_no_data(bands([0, 255], dtype="uint8"), (value,)).valid.all()


def test_pixels_that_were_invalid_stay_so() -> None:
    block = PixelBlock(np.zeros((1, 1, 2), np.uint8), np.array([[[True, False]]]))
    assert mark_no_data(block, (7.0,)).valid.tolist() == [[[True, False]]]


def test_a_count_that_fits_no_bands_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="noData"):
        mark_no_data(bands([0], [0], [0]), (1.0, 2.0))
