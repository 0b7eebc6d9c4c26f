"""The order said to the catalog is the order of the method (engine.mosaic.ranking, engine.catalog_place)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.catalog_place import Place
from engine.extent import Extent
from engine.mosaic.methods import METHODS
from engine.mosaic.methods.base import OrderView
from tests.engine.catalogs import make_catalog, make_item, make_row
from tests.strategies import items, order_views

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.catalog import Catalog
    from engine.item import Item
    from engine.results import AttributeValue

_HERE = Place(Extent(0, 0, 10, 10), 1.0, 1.0)
_VIEW = OrderView()


def _catalog(path: Path, found: list[Item], values: Mapping[int, AttributeValue]) -> Catalog:
    rows = [make_row(item, {"Cloud": values.get(item.id)}) for item in found]
    return make_catalog(path / "a.zmd", sorted(rows, key=lambda row: row.item.id))


def _ranked(catalog: Catalog, name: str, view: OrderView, page: int) -> list[int]:
    ranking = METHODS[name].rank(replace(view, sort_column='"Cloud"'))
    return [item.id for item in catalog.ranked_at(_HERE, None, ranking, page)]


@pytest.mark.parametrize("name", METHODS)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(found=items(), view=order_views, page=st.integers(1, 20))
def test_the_catalog_ranks_as_the_method_orders(
    name: str, found: list[Item], view: OrderView, page: int, tmp_path: Path
) -> None:
    catalog = _catalog(tmp_path, found, view.attribute_values)
    ranked = _ranked(catalog, name, view, page)
    catalog.close()
    ordered = [item.id for item in METHODS[name].order(found, view)]
    assert ranked[: len(ordered)] == ordered
    assert sorted(ranked) == sorted(item.id for item in found)


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("base", [None, 3.0])
def test_texts_rank_behind_numbers_and_nulls_last(
    tmp_path: Path, base: float | None, *, ascending: bool
) -> None:
    values = {1: "b", 2: 5.0, 3: None, 4: "a", 5: 1.0, 6: "ä", 7: 3.0}
    found = [make_item(key) for key in range(1, 8)]
    catalog = _catalog(tmp_path, found, values)
    held = catalog.attribute_values("Cloud", range(1, 8))
    view = replace(_VIEW, attribute_values=held, sort_value=base, ascending=ascending)
    ordered = [item.id for item in METHODS["ByAttribute"].order(found, view)]
    assert _ranked(catalog, "ByAttribute", view, 3) == ordered
    assert ordered[-1] == 3
    catalog.close()


def test_an_item_with_two_boxes_is_ranked_once(tmp_path: Path) -> None:
    item = make_item(1)
    halves = (Extent(0, 0, 5, 10), Extent(5, 0, 10, 10))
    row = replace(make_row(item), boxes=halves)
    other = make_row(make_item(2))
    catalog = make_catalog(tmp_path / "a.zmd", [row, other])
    assert _ranked(catalog, "None", _VIEW, 1) == [1, 2]
    catalog.close()


def test_what_does_not_show_is_not_ranked(tmp_path: Path) -> None:
    shown = make_item(1, min_ps=0.5)
    coarse, far = make_item(2, min_ps=2.0), make_item(3, Extent(20, 20, 30, 30))
    over = msgspec.structs.replace(make_item(4), max_ps=1.0)
    catalog = make_catalog(tmp_path / "a.zmd", [make_row(i) for i in (shown, coarse, far, over)])
    assert _ranked(catalog, "None", _VIEW, 10) == [1]
    catalog.close()


def test_conditions_choose_what_is_ranked(tmp_path: Path) -> None:
    found = [make_item(key) for key in range(1, 9)]
    catalog = _catalog(tmp_path, found, {key: key % 4 for key in range(1, 9)})
    selection = catalog.select("Cloud < 2")
    ranking = METHODS["None"].rank(replace(_VIEW, ascending=False))
    for place in (_HERE, Place(Extent(0, 0, 1000, 1000), 1.0, 1.0)):
        ranked = [item.id for item in catalog.ranked_at(place, selection, ranking, 2)]
        assert ranked == [8, 5, 4, 1]
    catalog.close()
