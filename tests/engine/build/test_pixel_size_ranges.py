"""At each pixel size one raster stands for a place: a primary or its overview, never both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.build.pixel_size_ranges import (
    PixelSizeRange,
    check_partition,
    generation_of,
    overview_range,
    primary_range,
)
from engine.errors import ConfigError

SIZES = st.lists(st.floats(0.1, 1e6), max_size=4, unique=True).map(sorted)


@given(SIZES, st.floats(0.01, 1e7), st.floats(0, 1e8))
def test_ranges_of_any_primary_are_a_partition(
    thresholds: list[float], low_ps: float, pixel_size: float
) -> None:
    primary = primary_range(low_ps, thresholds)
    check_partition([primary], thresholds)
    member_from = generation_of(primary, thresholds)
    overviews = [
        overview_range(g, thresholds)
        for g in range(1, len(thresholds) + 1)
        if member_from and g >= member_from
    ]
    assert primary.holds(pixel_size) + sum(o.holds(pixel_size) for o in overviews) == 1


def test_zooming_in_never_blanks() -> None:
    assert primary_range(10, [40, 1280]).holds(1e-9)
    assert primary_range(10, [40, 1280]) == PixelSizeRange(0, 40)
    assert primary_range(100, [40, 1280]) == PixelSizeRange(0, 1280)
    assert primary_range(5000, [40, 1280]) == PixelSizeRange(0, 0)


def test_a_range_edited_by_hand_that_leaves_a_gap_is_found() -> None:
    with pytest.raises((ConfigError, ValueError)):
        check_partition([PixelSizeRange(0, 30)], [40])
    with pytest.raises(ConfigError, match="pixel size"):
        check_partition([PixelSizeRange(10, 40)], [40])
