"""Boxes: intersection, union and growth, also of boxes without area."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.extent import Extent, union_of

_whole = st.integers(-5, 5)


@st.composite
def _boxes(draw: st.DrawFn) -> Extent:
    xs, ys = sorted([draw(_whole), draw(_whole)]), sorted([draw(_whole), draw(_whole)])
    return Extent(xs[0], ys[0], xs[1], ys[1])


def _points(box: Extent) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(-5, 6)
        for y in range(-5, 6)
        if box.xmin <= x <= box.xmax and box.ymin <= y <= box.ymax
    }


@given(one=_boxes(), other=_boxes())
def test_an_intersection_holds_the_points_of_both(one: Extent, other: Extent) -> None:
    common = one.intersection(other)
    shared = _points(one) & _points(other)
    assert one.intersects(other) is bool(shared)
    assert (_points(common) if common else set()) == shared


@given(boxes=st.lists(_boxes(), min_size=1, max_size=4))
def test_a_union_is_the_smallest_box_around_all(boxes: list[Extent]) -> None:
    whole = union_of(boxes)
    assert whole is not None
    assert whole.xmin == min(box.xmin for box in boxes)
    assert whole.ymax == max(box.ymax for box in boxes)
    assert all(box.intersection(whole) == box for box in boxes)


def test_the_union_of_nothing_is_nothing() -> None:
    assert union_of([]) is None


def test_boxes_that_touch_at_a_corner_share_that_point() -> None:
    assert Extent(0, 0, 1, 1).intersection(Extent(1, 1, 2, 2)) == Extent(1, 1, 1, 1)


def test_a_box_has_sides_and_a_middle_and_grows_on_each_side() -> None:
    box = Extent(1.0, 10.0, 4.0, 12.0)
    assert (box.width, box.height, box.center_x, box.center_y) == (3.0, 2.0, 2.5, 11.0)
    assert box.expand(1.0, 2.0) == Extent(0.0, 8.0, 5.0, 14.0)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_one_number_that_is_not_finite_makes_the_box_not_finite(wrong: float) -> None:
    assert Extent(0, 0, 1, 1).is_finite
    assert not any(
        Extent(*(wrong if n == at else 0.0 for n in range(4))).is_finite for at in range(4)
    )


def test_a_side_that_overflows_makes_the_box_not_finite() -> None:
    assert not Extent(-1.7e308, 0.0, 1.7e308, 1.0).is_finite
    assert not Extent(0.0, -1.7e308, 1.0, 1.7e308).is_finite
    assert Extent(0.0, 0.0, 1.7e308, 1.0).is_finite
