"""Every mosaic method is a total order of items that begins with ZOrder and ends with OBJECTID."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.definition import MosaicMethod
from engine.mosaic.methods import METHODS
from engine.size_bands import size_band
from tests.strategies import items, order_views

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.item import Item
    from engine.mosaic.methods.base import OrderView

# They state so: None is OBJECTID alone, LockRaster the caller's own list.
NO_Z_ORDER = {MosaicMethod.NONE, MosaicMethod.LOCK_RASTER}
WITH_Z_ORDER = [name for name in METHODS if name not in NO_Z_ORDER]
BY_SIZE_BAND = [name for name in WITH_Z_ORDER if name != MosaicMethod.ATTRIBUTE]
NEVER_TURNED = {MosaicMethod.LOCK_RASTER, MosaicMethod.SEAMLINE}


def point_of(name: str, item: Item) -> tuple[float, float]:
    """Where a method sees an item: its nadir, else its centre."""
    if name in (MosaicMethod.CENTER, MosaicMethod.NORTH_WEST, MosaicMethod.SEAMLINE):
        return item.center_x, item.center_y
    return (
        item.center_x if item.nadir_x is None else item.nadir_x,
        item.center_y if item.nadir_y is None else item.nadir_y,
    )


def own_key(name: str, item: Item, view: OrderView) -> float | None:
    """The method's own key, said anew; None = null."""
    if name == MosaicMethod.NONE:
        return float(item.id)
    if name == MosaicMethod.LOCK_RASTER:
        return float(view.lock_ids.index(item.id)) if item.id in view.lock_ids else None
    if name == MosaicMethod.ATTRIBUTE:
        value = view.attribute_values.get(item.id)
        if value is None or value != value:
            return None
        assert not isinstance(value, str)
        base = view.sort_value
        assert not isinstance(base, str)
        return float(value) if base is None else abs(value - base)
    x, y = point_of(name, item)
    if name in (MosaicMethod.NORTH_WEST, MosaicMethod.SEAMLINE):
        return x - y
    point = view.viewpoint if name == MosaicMethod.VIEWPOINT else None
    px, py = point or view.center
    return (x - px) ** 2 + (y - py) ** 2


def keys_of(name: str, item: Item, view: OrderView) -> tuple[float, ...]:
    """All keys in their order of weight, said anew from the rules."""
    own = own_key(name, item, view)
    turned = -1 if not view.ascending and name not in NEVER_TURNED else 1
    key = (float(own is None), turned * own if own is not None else 0.0)
    if name in NO_Z_ORDER:
        return key
    z, band = item.z_order or 0.0, float(size_band(item.ground_size_m, view.size_edges))
    if name == MosaicMethod.ATTRIBUTE:
        return (z, *key, band, float(item.id))
    return (z, band, *key, float(item.id))


def test_every_method_of_a_definition_is_registered() -> None:
    assert set(METHODS) == {str(method) for method in MosaicMethod}


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=40)
@given(found=items(), view=order_views)
def test_the_order_equals_a_sort_by_the_rules(
    name: str, found: list[Item], view: OrderView
) -> None:
    taking_part = [item for item in found if name != "LockRaster" or item.id in view.lock_ids]
    expected = sorted(taking_part, key=lambda item: keys_of(name, item, view))
    assert METHODS[name].order(found, view) == expected


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=40)
@given(found=items(), view=order_views, data=st.data())
def test_no_order_depends_on_how_the_items_come(
    name: str, found: list[Item], view: OrderView, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(found))
    assert METHODS[name].order(shuffled, view) == METHODS[name].order(found, view)


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=40)
@given(found=items(), view=order_views, data=st.data())
def test_leaving_items_out_does_not_change_the_order_of_the_rest(
    name: str, found: list[Item], view: OrderView, data: st.DataObject
) -> None:
    # That is what makes neighbouring views, which see other items, agree.
    kept = {item.id for item in found if data.draw(st.booleans())}
    whole = METHODS[name].order(found, view)
    part = METHODS[name].order([item for item in found if item.id in kept], view)
    assert part == [item for item in whole if item.id in kept]


@pytest.mark.parametrize("name", [name for name in METHODS if name != MosaicMethod.LOCK_RASTER])
@settings(max_examples=40)
@given(found=items(), view=order_views)
def test_no_item_is_lost_or_taken_twice(name: str, found: list[Item], view: OrderView) -> None:
    ordered = METHODS[name].order(found, view)
    assert sorted(item.id for item in ordered) == sorted(item.id for item in found)


@pytest.mark.parametrize("name", WITH_Z_ORDER)
@settings(max_examples=40)
@given(found=items(), view=order_views)
def test_the_lowest_z_order_is_on_top_and_none_is_zero(
    name: str, found: list[Item], view: OrderView
) -> None:
    levels = [item.z_order or 0.0 for item in METHODS[name].order(found, view)]
    assert levels == sorted(levels)


@pytest.mark.parametrize("name", BY_SIZE_BAND)
@settings(max_examples=40)
@given(found=items(), view=order_views)
def test_finer_bands_of_ground_size_are_on_top_within_a_z_order(
    name: str, found: list[Item], view: OrderView
) -> None:
    ordered = METHODS[name].order(found, view)
    bands = [(i.z_order or 0.0, size_band(i.ground_size_m, view.size_edges)) for i in ordered]
    assert bands == sorted(bands)


def _runs(ordered: list[Item], key: Callable[[Item], tuple[float, ...]]) -> list[set[int]]:
    """OBJECTIDs of neighbours with equal keys, run by run."""
    runs: list[set[int]] = []
    for before, item in pairwise([None, *ordered]):
        assert item is not None
        if before is None or key(before) != key(item):
            runs.append(set())
        runs[-1].add(item.id)
    return runs


@pytest.mark.parametrize("name", BY_SIZE_BAND)
@settings(max_examples=40)
@given(found=items(), view=order_views)
def test_ascending_turns_the_own_key_and_no_other(
    name: str, found: list[Item], view: OrderView
) -> None:
    order = METHODS[name].order
    there = order(found, replace(view, ascending=True))
    back = order(found, replace(view, ascending=False))

    def outer(item: Item) -> tuple[float, ...]:
        return (item.z_order or 0.0, size_band(item.ground_size_m, view.size_edges))

    assert _runs(there, outer) == _runs(back, outer)
    for first, second in pairwise(back):
        if outer(first) == outer(second):
            key, following = own_key(name, first, view), own_key(name, second, view)
            assert key is not None
            assert following is not None
            if key == following:
                assert first.id < second.id
            else:
                assert (key > following) is (name not in NEVER_TURNED)


@settings(max_examples=40)
@given(found=items(), view=order_views)
def test_nulls_are_last_within_their_z_order_either_way(found: list[Item], view: OrderView) -> None:
    for ascending in (True, False):
        ordered = METHODS[MosaicMethod.ATTRIBUTE].order(found, replace(view, ascending=ascending))
        marks = [
            (item.z_order or 0.0, own_key(MosaicMethod.ATTRIBUTE, item, view) is None)
            for item in ordered
        ]
        assert marks == sorted(marks)
