"""Mosaic methods against brute-force sorts."""

from __future__ import annotations

from dataclasses import replace
from functools import cmp_to_key
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.definition import MosaicMethod
from engine.mosaic.methods import METHODS
from engine.mosaic.methods.base import OrderView
from engine.mosaic.methods.by_attribute import number_of_sort_value
from engine.size_bands import size_band, size_edges
from tests.engine.catalogs import make_item

if TYPE_CHECKING:
    from engine.item import Item

# Small whole numbers: ties are frequent and squares are exact.
_small = st.integers(-4, 4).map(float)
_sizes = st.sampled_from([0.3, 0.31, 0.5, 0.6, 10.0, 20.0, 300.0, 600.0, 0.0])
_values = st.none() | st.integers(-5, 5) | st.sampled_from([0.5, float("nan")])


@st.composite
def _items(draw: st.DrawFn) -> list[Item]:
    count = draw(st.integers(0, 12))
    keys = draw(st.permutations(range(1, count + 1)))
    return [
        make_item(
            key,
            z_order=draw(st.sampled_from([None, -1.0, 0.0, 2.0])),
            ground_size_m=draw(_sizes),
            center_x=draw(_small),
            center_y=draw(_small),
            nadir_x=draw(st.none() | _small),
            nadir_y=draw(st.none() | _small),
        )
        for key in keys
    ]


_views = st.builds(
    OrderView,
    center=st.tuples(_small, _small),
    viewpoint=st.none() | st.tuples(_small, _small),
    ascending=st.booleans(),
    size_edges=st.lists(_sizes.filter(bool), max_size=6).map(size_edges),
    attribute_values=st.dictionaries(st.integers(1, 12), _values),
    sort_value=st.none() | st.integers(-3, 3),
    lock_ids=st.lists(st.integers(1, 14)).map(tuple),
)


def _distance(method: MosaicMethod, item: Item, view: OrderView) -> float:
    if method in (MosaicMethod.NORTH_WEST, MosaicMethod.SEAMLINE):
        return item.center_x - item.center_y
    x, y = item.center_x, item.center_y
    point = view.center
    if method is not MosaicMethod.CENTER:
        x = x if item.nadir_x is None else item.nadir_x
        y = y if item.nadir_y is None else item.nadir_y
    if method is MosaicMethod.VIEWPOINT and view.viewpoint is not None:
        point = view.viewpoint
    return (x - point[0]) ** 2 + (y - point[1]) ** 2


def _sign(first: float, second: float) -> int:
    return (first > second) - (first < second)


@pytest.mark.parametrize(
    "method",
    [
        MosaicMethod.CENTER,
        MosaicMethod.NORTH_WEST,
        MosaicMethod.NADIR,
        MosaicMethod.VIEWPOINT,
        MosaicMethod.SEAMLINE,
    ],
)
@given(items=_items(), view=_views)
def test_methods_by_distance_equal_a_comparison_of_pairs(
    method: MosaicMethod, items: list[Item], view: OrderView
) -> None:
    turned = -1 if not view.ascending and method is not MosaicMethod.SEAMLINE else 1

    def compare(first: Item, second: Item) -> int:
        edges = view.size_edges
        return (
            _sign(first.z_order or 0, second.z_order or 0)
            or _sign(size_band(first.ground_size_m, edges), size_band(second.ground_size_m, edges))
            or turned * _sign(_distance(method, first, view), _distance(method, second, view))
            or _sign(first.id, second.id)
        )

    assert METHODS[method].order(items, view) == sorted(items, key=cmp_to_key(compare))


@given(items=_items(), view=_views)
def test_by_attribute_equals_a_comparison_of_pairs(items: list[Item], view: OrderView) -> None:
    base = number_of_sort_value(view.sort_value)

    def value(item: Item) -> float | None:
        found = view.attribute_values.get(item.id)
        if found is None or found != found:
            return None
        assert not isinstance(found, str)
        return float(found) if base is None else abs(found - base)

    def compare(first: Item, second: Item) -> int:
        a, b = value(first), value(second)
        by_value = _sign(a is None, b is None)
        if a is not None and b is not None:
            by_value = _sign(a, b) * (1 if view.ascending else -1)
        edges = view.size_edges
        return (
            _sign(first.z_order or 0, second.z_order or 0)
            or by_value
            or _sign(size_band(first.ground_size_m, edges), size_band(second.ground_size_m, edges))
            or _sign(first.id, second.id)
        )

    ordered = METHODS[MosaicMethod.ATTRIBUTE].order(items, view)
    assert ordered == sorted(items, key=cmp_to_key(compare))


@pytest.mark.parametrize("method", list(MosaicMethod))
@given(items=_items(), view=_views)
def test_no_order_depends_on_how_the_items_come(
    method: MosaicMethod, items: list[Item], view: OrderView
) -> None:
    order = METHODS[method].order
    assert order(items, view) == order(items[::-1], view)


@pytest.mark.parametrize("method", [m for m in MosaicMethod if not METHODS[m].depends_on_view])
@given(items=_items(), view=_views, center=st.tuples(_small, _small))
def test_methods_that_say_so_do_not_depend_on_the_view(
    method: MosaicMethod, items: list[Item], view: OrderView, center: tuple[float, float]
) -> None:
    order = METHODS[method].order
    view = replace(view, viewpoint=view.viewpoint or (0.0, 0.0))
    assert order(items, view) == order(items, replace(view, center=center))


def test_none_is_by_objectid_alone() -> None:
    items = [make_item(3, z_order=-5.0), make_item(1, ground_size_m=99.0), make_item(2)]
    order = METHODS[MosaicMethod.NONE].order
    assert [item.id for item in order(items, OrderView())] == [1, 2, 3]
    assert [item.id for item in order(items, OrderView(ascending=False))] == [3, 2, 1]


def test_lock_raster_keeps_the_given_order_and_drops_the_rest() -> None:
    items = [make_item(key) for key in (1, 2, 3, 4)]
    view = OrderView(lock_ids=(3, 1, 3, 9), ascending=False)
    assert [item.id for item in METHODS["LockRaster"].order(items, view)] == [3, 1]


def test_a_coarse_scene_never_hides_a_fine_one_under_north_west() -> None:
    fine = make_item(2, ground_size_m=300.0, center_x=100.0)
    coarse = make_item(1, ground_size_m=600.0, center_x=-100.0)
    view = OrderView(size_edges=size_edges([300.0, 600.0]))
    assert METHODS["NorthWest"].order([coarse, fine], view) == [fine, coarse]


def test_texts_are_ordered_as_texts_and_after_numbers() -> None:
    items = [make_item(key) for key in (1, 2, 3, 4)]
    view = OrderView(attribute_values={1: "b", 2: "a", 3: 5})
    order = METHODS["ByAttribute"].order
    assert [item.id for item in order(items, view)] == [3, 2, 1, 4]
    assert [item.id for item in order(items, replace(view, ascending=False))] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2014/04/01", 1_396_310_400_000.0),
        ("2014-04-01T00:00:00Z", 1_396_310_400_000.0),
        ("1396310400000", 1_396_310_400_000.0),
        (12, 12.0),
        ("cloudy", None),
        ("", None),
        ("nan", None),
        (float("inf"), None),
        (None, None),
    ],
)
def test_sort_values_are_numbers_or_dates(text: str | float | None, number: float | None) -> None:
    assert number_of_sort_value(text) == number
