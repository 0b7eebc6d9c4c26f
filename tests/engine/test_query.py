"""Queries of the catalog against brute force.

Covers engine.query_search and engine.query_place too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from engine.errors import Cancelled, InvalidParameter
from engine.extent import Extent
from engine.geometry.projection import operation, transform
from engine.query import query
from engine.request import QueryRequest
from engine.request_parts import TimeRange
from engine.summary import FieldInfo
from tests.engine.catalogs import make_catalog, make_item, make_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.catalog import Catalog
    from engine.request import SpatialRelation

SIDE = 20


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    rows = []
    for key in range(1, 101):
        col, row = (key - 1) % 10, (key - 1) // 10
        box = Extent(col * 100, row * 100, col * 100 + 90, row * 100 + 90)
        item = make_item(key, box, name=f"s{key:03}", max_ps=0.0 if key % 2 else 50.0)
        rows.append(make_row(item, {"AcqDate": key, "Sensor": "abc"[key % 3], "Cloud": -key / 2}))
    opened = make_catalog(tmp_path_factory.mktemp("query") / "q.zmd", rows)
    yield opened
    opened.close()


def _ids(catalog: Catalog, **changes: object) -> list[int]:
    return list(query(catalog, QueryRequest(returns="ids", **changes)).ids)  # type: ignore[arg-type]  # -- a test's shorthand


def test_all_rows_come_in_pages_of_the_service(catalog: Catalog) -> None:
    seen: list[object] = []
    offset = 0
    while True:
        page = query(catalog, QueryRequest(offset=offset))
        seen.extend(row.values[0] for row in page.rows)
        offset += len(page.rows)
        if not page.exceeded:
            break
    assert seen == list(range(1, 101))


def test_a_row_has_the_fields_asked_for_in_the_tables_spelling(catalog: Catalog) -> None:
    result = query(
        catalog,
        QueryRequest(
            object_ids=(7,), out_fields=("NAME", "acqdate", "Shape"), return_geometry=False
        ),
    )
    assert [field.name for field in result.fields] == ["Name", "AcqDate"]
    assert result.rows[0].values == ("s007", 7)
    assert result.rows[0].footprint == b""
    assert result.crs == "EPSG:3857"


def test_a_star_gives_all_but_shape(catalog: Catalog) -> None:
    result = query(catalog, QueryRequest(object_ids=(7,), out_fields=("*",)))
    names = [field.name for field in result.fields]
    assert names[:2] == ["OBJECTID", "Name"]
    assert "Shape" not in names
    assert shapely.from_wkb(result.rows[0].footprint).bounds == (600, 0, 690, 90)


def test_order_offset_and_limit_count_in_this_sequence(catalog: Catalog) -> None:
    request = QueryRequest(
        where="OBJECTID <= 9",
        order_by=(("sensor", False), ("cloud", True)),
        offset=2,
        limit=3,
        out_fields=("Sensor", "OBJECTID"),
    )
    result = query(catalog, request)
    assert [row.values for row in result.rows] == [("c", 2), ("b", 7), ("b", 4)]
    assert result.exceeded


def test_counts_ids_and_extent_agree(catalog: Catalog) -> None:
    where = "MOD(OBJECTID, 10) = 3"
    assert query(catalog, QueryRequest(where=where, returns="count")).count == 10
    assert _ids(catalog, where=where) == list(range(3, 101, 10))
    result = query(catalog, QueryRequest(where=where, returns="extent"))
    assert (result.extent, result.count) == (Extent(200, 0, 290, 990), 10)


def test_the_extent_of_all_rows_is_that_of_their_footprints(catalog: Catalog) -> None:
    result = query(catalog, QueryRequest(returns="extent"))
    by_shapes = query(catalog, QueryRequest(where="1=1", returns="extent"))
    assert result == by_shapes
    assert (result.extent, result.count) == (Extent(0, 0, 990, 990), 100)


def test_nothing_found_is_an_empty_answer(catalog: Catalog) -> None:
    assert query(catalog, QueryRequest(where="1=0")).rows == ()
    result = query(catalog, QueryRequest(where="1=0", returns="extent"))
    assert (result.extent, result.count) == (None, 0)


def test_distinct_values_come_once_in_order(catalog: Catalog) -> None:
    request = QueryRequest(out_fields=("Sensor",), distinct=True, return_geometry=False)
    assert [row.values for row in query(catalog, request).rows] == [("a",), ("b",), ("c",)]
    count = QueryRequest(out_fields=("Sensor",), distinct=True, returns="count")
    assert query(catalog, count).count == 3


def test_distinct_values_within_a_place(catalog: Catalog) -> None:
    request = QueryRequest(
        out_fields=("Sensor",), distinct=True, geometry=shapely.to_wkb(shapely.box(0, 0, 150, 50))
    )
    assert {row.values for row in query(catalog, request).rows} == {("b",), ("c",)}


_TRIANGLE = shapely.Polygon([(-5, -5), (560, 10), (40, 777)])
_SMALL = shapely.box(110, 110, 120, 120)
_EDGE = shapely.box(90, 0, 100, 90)
_LINE = shapely.LineString([(-10, 45), (250, 45)])


@pytest.mark.parametrize(
    ("relation", "shape", "predicate"),
    [
        ("intersects", _TRIANGLE, shapely.intersects),
        ("contains", _TRIANGLE, shapely.contains),
        ("within", _SMALL, shapely.within),
        ("overlaps", _TRIANGLE, shapely.overlaps),
        ("touches", _EDGE, shapely.touches),
        ("crosses", _LINE, shapely.crosses),
        ("intersects", shapely.Point(45, 45), shapely.intersects),
    ],
)
def test_relations_equal_brute_force(
    catalog: Catalog, relation: SpatialRelation, shape: shapely.Geometry, predicate: object
) -> None:
    footprints = catalog.footprints_of(range(1, 101))
    expected = [
        key
        for key in range(1, 101)
        if predicate(shape, shapely.from_wkb(footprints[key]))  # type: ignore[operator]  # -- a ufunc
    ]
    assert expected
    assert _ids(catalog, geometry=shapely.to_wkb(shape), relation=relation) == expected
    count = QueryRequest(geometry=shapely.to_wkb(shape), relation=relation, returns="count")
    assert query(catalog, count).count == len(expected)


def test_envelope_intersects_asks_the_box_of_the_geometry(catalog: Catalog) -> None:
    found = _ids(catalog, geometry=shapely.to_wkb(_TRIANGLE), relation="envelope_intersects")
    box = shapely.box(*_TRIANGLE.bounds)
    assert found == _ids(catalog, geometry=shapely.to_wkb(box))
    assert len(found) > len(_ids(catalog, geometry=shapely.to_wkb(_TRIANGLE)))


def test_a_geometry_in_degrees_is_brought_to_the_service(catalog: Catalog) -> None:
    pipeline = operation("EPSG:3857", "EPSG:4326").pipeline
    x, y = transform(pipeline, np.array([110.0, 120.0]), np.array([110.0, 120.0]))
    box = shapely.box(x[0], y[0], x[1], y[1])
    assert _ids(catalog, geometry=shapely.to_wkb(box), crs="EPSG:4326") == [12]


def test_footprints_come_in_the_crs_asked_for(catalog: Catalog) -> None:
    result = query(catalog, QueryRequest(object_ids=(100,), out_crs="4326"))
    assert result.crs == "EPSG:4326"
    xmin, _, xmax, _ = shapely.from_wkb(result.rows[0].footprint).bounds
    assert (xmin, xmax) == pytest.approx((900 / 111319.49, 990 / 111319.49), rel=1e-6)


def test_pixel_size_leaves_out_what_does_not_show(catalog: Catalog) -> None:
    assert _ids(catalog, pixel_size=50.0) == list(range(1, 101, 2))
    assert len(_ids(catalog, pixel_size=49.0)) == 100


def test_time_and_where_count_together(catalog: Catalog) -> None:
    assert _ids(catalog, time=TimeRange(start=10, end=20), where="Sensor = 'a'") == [12, 15, 18]


def test_a_bow_tie_is_made_valid(catalog: Catalog) -> None:
    bow_tie = shapely.Polygon([(0, 0), (500, 500), (500, 0), (0, 500)])
    assert 1 in _ids(catalog, geometry=shapely.to_wkb(bow_tie))


def test_an_empty_geometry_matches_nothing(catalog: Catalog) -> None:
    assert _ids(catalog, geometry=shapely.to_wkb(shapely.Polygon())) == []


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (QueryRequest(out_fields=("nope",)), "outFields"),
        (QueryRequest(order_by=(("nope", True),)), "orderByFields"),
        (QueryRequest(where="nope = 1"), "where"),
        (QueryRequest(geometry=b"garbage"), "geometry"),
        (QueryRequest(out_crs="EPSG:0"), "outSR"),
        (QueryRequest(geometry=shapely.to_wkb(_SMALL), crs="http://x"), "inSR"),
    ],
)
def test_what_is_not_accepted_is_named(catalog: Catalog, request_: QueryRequest, name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"parameter '{name}'"):
        query(catalog, request_)


class _Gone:
    def check(self) -> None:
        raise Cancelled

    def remaining_s(self) -> float:
        return 0.0


def test_a_client_who_left_ends_a_spatial_query(catalog: Catalog) -> None:
    with pytest.raises(Cancelled):
        query(catalog, QueryRequest(geometry=shapely.to_wkb(_TRIANGLE), returns="ids"), _Gone())


@pytest.mark.parametrize(
    "pattern", ["T********", "T*F**F***", "FF*FF****", "212101212", "F***T****", "*********"]
)
def test_a_pattern_of_relations_equals_brute_force(catalog: Catalog, pattern: str) -> None:
    found = _ids(
        catalog,
        geometry=shapely.to_wkb(_TRIANGLE),
        relation="relate",
        relation_pattern=pattern,
    )
    footprints = catalog.footprints_of(range(1, 101))
    expected = [
        key
        for key, wkb in footprints.items()
        if shapely.relate_pattern(_TRIANGLE, shapely.from_wkb(wkb), pattern)
    ]
    assert found == expected


@pytest.mark.parametrize("relation", ["intersects", "contains", "envelope_intersects", "relate"])
def test_a_place_around_everything_chooses_everything(
    catalog: Catalog, relation: SpatialRelation
) -> None:
    around = shapely.to_wkb(shapely.box(-5, -5, 2000, 2000))
    asked = {"geometry": around, "relation": relation, "relation_pattern": "T*****FF*"}
    assert _ids(catalog, **asked) == list(range(1, 101))
    assert _ids(catalog, **asked, where="OBJECTID < 4") == [1, 2, 3]
    assert _ids(catalog, geometry=around, relation="within") == []


def test_pages_of_a_wide_place_come_in_order_and_end(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = shapely.to_wkb(shapely.box(-5, 150, 2000, 2000))
    expected = _ids(catalog, geometry=wide)
    assert len(expected) == 90
    # As if the catalog were larger: the scan gives up and the index takes over.
    for most in (1, 17, 1000):
        monkeypatch.setattr("engine.query_search._MOST_SCANNED", most)
        seen: list[object] = []
        while True:
            page = query(catalog, QueryRequest(geometry=wide, offset=len(seen)))
            seen.extend(row.values[0] for row in page.rows)
            if not page.exceeded:
                break
        assert seen == expected


def test_key_properties_choose_rows(catalog_of_keys: Catalog) -> None:
    assert _ids(catalog_of_keys, key_where="CloudCover < 0.5 AND SensorName LIKE 'L%'") == [2]
    assert _ids(catalog_of_keys, key_where="CloudCover < 0.5", where="OBJECTID > 2") == [3]


@pytest.mark.parametrize("condition", ["Name = 'a'", "CloudCover <", "1=1; DROP TABLE items"])
def test_only_key_properties_choose_so(catalog_of_keys: Catalog, condition: str) -> None:
    with pytest.raises(InvalidParameter, match="rasterQuery"):
        _ids(catalog_of_keys, key_where=condition)


def test_a_catalog_without_key_properties_says_so(tmp_path: Path) -> None:
    plain = make_catalog(
        tmp_path / "p.zmd",
        [make_row(make_item(1))],
        fields=(FieldInfo(name="OBJECTID", type="oid"), FieldInfo(name="Name", type="string")),
        time=None,
    )
    with pytest.raises(InvalidParameter, match="no fields of key properties"):
        _ids(plain, key_where="CloudCover < 1")
    plain.close()


@pytest.fixture(scope="module")
def catalog_of_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    fields = (
        FieldInfo(name="OBJECTID", type="oid"),
        FieldInfo(name="Name", type="string"),
        FieldInfo(name="CloudCover", type="double"),
        FieldInfo(name="SensorName", type="string"),
    )
    sensors = ("Landsat", "Landsat", "Sentinel")
    rows = [
        make_row(make_item(key), {"CloudCover": 0.9 / key, "SensorName": sensors[key - 1]})
        for key in (1, 2, 3)
    ]
    opened = make_catalog(tmp_path_factory.mktemp("keys") / "k.zmd", rows, fields=fields, time=None)
    yield opened
    opened.close()


@pytest.mark.parametrize("relation", ["intersects", "contains", "envelope_intersects", "within"])
@pytest.mark.parametrize("where", ["", "OBJECTID < 47"])
def test_a_box_counts_what_it_lists(
    catalog: Catalog, relation: SpatialRelation, where: str
) -> None:
    for box in ((-5, 150, 2000, 2000), (95, 95, 545.5, 690), (90, 90, 100, 100), (3, 3, 9, 9)):
        asked = {"geometry": shapely.to_wkb(shapely.box(*box)), "relation": relation}
        counted = query(catalog, QueryRequest(returns="count", where=where, **asked)).count  # type: ignore[arg-type]  # -- a test's shorthand
        assert counted == len(_ids(catalog, where=where, **asked))
