"""Mosaic methods by example; tests/conformance/test_methods.py sorts by brute force."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.definition import MosaicMethod
from engine.mosaic.methods import METHODS
from engine.mosaic.methods.base import OrderView
from engine.mosaic.methods.by_attribute import number_of_sort_value
from engine.size_bands import size_edges
from tests.engine.catalogs import make_item
from tests.strategies import coordinates, items, order_views

if TYPE_CHECKING:
    from engine.item import Item


@pytest.mark.parametrize("method", [m for m in MosaicMethod if not METHODS[m].depends_on_view])
@settings(max_examples=40)
@given(items=items(), view=order_views, center=st.tuples(coordinates, coordinates))
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
