"""Options of an encoding: which no-data value counts for which band."""

from __future__ import annotations

import pytest

from engine.formats.base import EncodeOptions


@pytest.mark.parametrize(
    ("no_data", "wanted"),
    [
        ((), [None, None, None]),
        ((7.0,), [7.0, 7.0, 7.0]),
        ((1.0, None, 3.0), [1.0, None, 3.0]),
        ((1.0, 2.0), [1.0, 2.0, None]),
    ],
)
def test_one_value_stands_for_all_bands_and_a_list_for_each(
    no_data: tuple[float | None, ...], wanted: list[float | None]
) -> None:
    options = EncodeOptions(no_data=no_data)
    assert [options.no_data_of(band) for band in range(3)] == wanted
