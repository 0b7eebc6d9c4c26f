"""The catalog at serving time against brute force over the same items.

Covers engine.catalog_selection, engine.statement_watch and engine.zmd too.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.build.zmd_writer import ZmdExtras
from engine.catalog import Catalog
from engine.catalog_place import is_wide
from engine.errors import ConfigError, DeadlineExceeded, InvalidParameter, ItemNotFound
from engine.extent import Extent, union_of
from engine.request_parts import TimeRange
from engine.summary import Histogram
from tests.engine.catalogs import make_catalog, make_item, make_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.item import Item

# Whole world in metres: float32 of the R*Tree cannot hold these places to a pixel.
WORLD = 20_000_000.0


def _random_items(count: int) -> list[Item]:
    rng = np.random.default_rng(7)
    items = []
    for key in range(1, count + 1):
        x, y = rng.uniform(-WORLD, WORLD, 2)
        side = rng.uniform(1e5, 3e6)
        low, high = sorted(rng.choice([0.0, 10.0, 20.0, 40.0, 80.0], 2, replace=False))
        top = 0.0 if key % 3 else float(high)
        box = Extent(float(x), float(y), float(x + side), float(y + side))
        items.append(make_item(key, box, min_ps=float(low), max_ps=top))
    return items


ITEMS = _random_items(400)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    rows = [
        make_row(
            item,
            {
                "AcqDate": item.id * 1000 if item.id % 5 else None,
                "EndDate": item.id * 1000 + 500 if item.id % 2 else None,
                "Cloud": float(item.id % 10),
                "Sensor": "AB"[item.id % 2],
            },
        )
        for item in ITEMS
    ]
    extras = ZmdExtras(
        operations={"abc": "proj=utm zone=33"},
        histograms=(Histogram(min=0, max=2, counts=(1, 2)),),
        boundary=b"wkb",
        definition="[service]",
    )
    opened = make_catalog(tmp_path_factory.mktemp("catalog") / "a b%c?.zmd", rows, extras)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The same items in a service whose extent is about as large as the boxes asked for."""
    rows = [make_row(item, {"Cloud": float(item.id % 10)}) for item in ITEMS]
    extent = Extent(-1, -1, 0, 0)
    opened = make_catalog(tmp_path_factory.mktemp("world") / "w.zmd", rows, extent=extent)
    yield opened
    opened.close()


def _shows(item: Item, box: Extent, low: float, high: float) -> bool:
    visible = item.min_ps <= high and (item.max_ps == 0 or low < item.max_ps)
    return visible and item.extent.intersects(box)


@given(
    x=st.floats(-WORLD, WORLD),
    y=st.floats(-WORLD, WORLD),
    side=st.floats(0, WORLD),
    sizes=st.lists(
        st.sampled_from([0.0, 5.0, 10.0, 19.99, 20.0, 80.0, 1e9]), min_size=2, max_size=2
    ),
)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_items_at_a_place_equal_brute_force(
    catalog: Catalog, x: float, y: float, side: float, sizes: list[float]
) -> None:
    low, high = sorted(sizes)
    box = Extent(x, y, x + side, y + side)
    found = catalog.items_at(box, low, high, None, 1000)
    assert found == [item for item in ITEMS if _shows(item, box, low, high)]


@pytest.mark.parametrize("key", [1, 17, 400])
def test_a_box_that_only_touches_an_item_by_its_exact_corner_finds_it(
    catalog: Catalog, key: int
) -> None:
    item = ITEMS[key - 1]
    corner = Extent(item.extent.xmax, item.extent.ymax, item.extent.xmax, item.extent.ymax)
    assert item in catalog.items_at(corner, item.min_ps, item.min_ps, None, 1000)


def test_the_upper_end_of_the_pixel_sizes_does_not_show(catalog: Catalog) -> None:
    item = next(item for item in ITEMS if item.max_ps > 0)
    at_end = catalog.items_at(item.extent, item.max_ps, item.max_ps, None, 1000)
    below = catalog.items_at(
        item.extent, np.nextafter(item.max_ps, 0), np.nextafter(item.max_ps, 0), None, 1000
    )
    assert item not in at_end
    assert item in below


def test_not_more_items_come_than_asked_for(catalog: Catalog) -> None:
    assert len(catalog.items_at(Extent(-3e7, -3e7, 3e7, 3e7), 0, 1e9, None, 7)) == 7


def test_an_item_with_two_boxes_comes_once(tmp_path: Path) -> None:
    west, east = Extent(-180, 0, -170, 10), Extent(170, 0, 180, 10)
    item = make_item(1, west.union(east))
    row = make_row(item)
    catalog = make_catalog(
        tmp_path / "a.zmd", [type(row)(item=item, wkb=row.wkb, boxes=(west, east))]
    )
    assert catalog.items_at(Extent(-180, 0, 180, 10), 1, 1, None, 10) == [item]
    assert catalog.items_at(Extent(-1, 0, 1, 10), 1, 1, None, 10) == []
    catalog.close()


def test_conditions_choose_among_the_items_of_a_place(catalog: Catalog) -> None:
    everywhere = Extent(-3e7, -3e7, 3e7, 3e7)
    selection = catalog.select("Cloud < 3 AND Sensor = 'A'")
    found = catalog.items_at(everywhere, 0, 1e9, selection, 1000)
    assert [item.id for item in found] == [k for k in range(1, 401) if k % 10 < 3 and k % 2 == 0]


@given(
    x=st.floats(-WORLD, -1),
    y=st.floats(-WORLD, -1),
    side=st.floats(WORLD, 2 * WORLD),
    size=st.sampled_from([0.0, 10.0, 19.99, 20.0, 80.0]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_conditions_over_wide_boxes_equal_brute_force(
    world: Catalog, x: float, y: float, side: float, size: float
) -> None:
    box = Extent(x, y, x + side, y + side)
    assert is_wide(world.summary, box)
    found = world.items_at(box, size, size, world.select("Cloud < 5"), 1000)
    assert found == [i for i in ITEMS if i.id % 10 < 5 and _shows(i, box, size, size)]


def test_ids_and_conditions_both_count(catalog: Catalog) -> None:
    everywhere = Extent(-3e7, -3e7, 3e7, 3e7)
    selection = catalog.select("Cloud >= 5", fids=[1, 5, 6, 16, 999])
    found = catalog.items_at(everywhere, 0, 1e9, selection, 1000)
    assert [item.id for item in found] == [5, 6, 16]
    assert catalog.items_by_id([16, 5, 1, 7], selection) == [ITEMS[15], ITEMS[4]]


@given(start=st.none() | st.integers(-10, 401_000), end=st.none() | st.integers(-10, 401_000))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_time_chooses_rows_whose_interval_meets_the_asked_one(
    catalog: Catalog, start: int | None, end: int | None
) -> None:
    selection = catalog.select(time=TimeRange(start=start, end=end))
    found = catalog.items_at(Extent(-3e7, -3e7, 3e7, 3e7), 0, 1e9, selection, 1000)
    expected = [
        key
        for key in range(1, 401)
        if key % 5
        and (end is None or key * 1000 <= end)
        and (start is None or key * 1000 + (500 if key % 2 else 0) >= start)
    ]
    assert [item.id for item in found] == expected


def test_locked_items_come_in_the_given_order(catalog: Catalog) -> None:
    assert [item.id for item in catalog.items_by_id([9, 3, 9, 5000, 2**70, -1])] == [9, 3]


def test_an_unknown_item_is_named(catalog: Catalog) -> None:
    with pytest.raises(ItemNotFound, match="5000"):
        catalog.item(5000)


def test_items_survive_the_bound_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.catalog._CACHED_ITEMS", 5)
    small = make_catalog(tmp_path / "a.zmd", [make_row(make_item(k)) for k in range(1, 30)])
    for _ in range(2):
        assert [i.id for i in small.items_at(Extent(0, 0, 1, 1), 1, 1, None, 99)] == [*range(1, 30)]
    assert len(small._items) == 5
    small.close()


def test_attributes_come_in_the_tables_order_and_spelling(catalog: Catalog) -> None:
    assert catalog.attributes_of([2]) == {
        2: {
            "OBJECTID": 2,
            "Name": "scene 2",
            "MinPS": ITEMS[1].min_ps,
            "MaxPS": ITEMS[1].max_ps,
            "Category": 1,
            "ZOrder": None,
            "AcqDate": 2000,
            "EndDate": None,
            "Cloud": 2.0,
            "Sensor": "A",
        }
    }


def test_values_of_one_field_are_found_whatever_its_case(catalog: Catalog) -> None:
    assert catalog.attribute_values("acqdate", [1, 5, 12_345]) == {1: 1000, 5: None}


def test_an_unknown_field_lists_the_known_ones(catalog: Catalog) -> None:
    with pytest.raises(
        InvalidParameter, match="'sortField': expected one of the fields OBJECTID, Name"
    ):
        catalog.attribute_values("nonsense", [1])


def test_the_head_is_read_back(catalog: Catalog) -> None:
    assert catalog.summary.item_count == 400
    assert catalog.operation("abc") == "proj=utm zone=33"
    assert catalog.operation("noop") == "proj=noop"
    assert catalog.histograms[0].counts == (1, 2)
    assert catalog.boundary == b"wkb"
    assert catalog.footprint_extent == union_of(item.extent for item in ITEMS)
    assert catalog.meta("definition") == b"[service]"
    assert catalog.meta("nothing") is None
    with pytest.raises(ConfigError, match="'xyz'"):
        catalog.operation("xyz")


def test_footprints_are_read_back(catalog: Catalog) -> None:
    assert catalog.footprints_of([3]) == {3: make_row(ITEMS[2]).wkb}


def test_threads_read_side_by_side(catalog: Catalog) -> None:
    results: list[int] = []

    def read() -> None:
        for _ in range(20):
            found = catalog.items_at(Extent(-3e7, -3e7, 3e7, 3e7), 0, 1e9, None, 1000)
            results.append(len(found))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [400] * 80


class _Spent:
    def check(self) -> None:
        raise DeadlineExceeded(1.0)

    def remaining_s(self) -> float:
        return 0.0


def test_a_deadline_ends_a_statement_that_takes_long(tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path / "a.zmd", [make_row(make_item(k)) for k in range(1, 20_000)])
    box = Extent(0, 0, 10, 10)
    selection = catalog.select("Name LIKE '%zz%'")
    with pytest.raises(DeadlineExceeded), catalog.watched_by(_Spent()):
        catalog.items_at(box, 0, 1, selection, 10)
    assert catalog.items_at(box, 0, 1, selection, 10) == []
    catalog.close()


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"not a database" * 100])
def test_a_file_that_is_no_definition_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.zmd"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="is not a compiled definition"):
        Catalog.open(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.zmd: there is no such file"):
        Catalog.open(tmp_path / "none.zmd")


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    make_catalog(tmp_path / "a.zmd", [make_row(make_item(1))]).close()
    with pytest.raises(ConfigError, match="format_version: is 99; this server reads 3"):
        make_catalog(tmp_path / "b.zmd", [make_row(make_item(1))], format_version=99)
