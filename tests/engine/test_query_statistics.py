"""Statistics of groups of rows against Python's own, and conditions on groups.

Covers engine.having and engine.sql_aggregates too.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.query import query
from engine.request import QueryRequest
from engine.request_parts import QueryStatistic
from tests.engine.catalogs import make_catalog, make_item, make_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.catalog import Catalog
    from engine.results import AttributeValue

COUNT = 50
# Far from zero, so that sums of squares would cancel; two rows have none.
CLOUD = {key: 1e9 + (key * key) % 17 / 8 for key in range(1, COUNT + 1) if key not in (7, 8)}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    rows = []
    for key in range(1, COUNT + 1):
        box = Extent(key * 10, 0, key * 10 + 9, 9)
        item = make_item(key, box, name=f"s{key:02}")
        values = {"AcqDate": key * 1000, "Sensor": "abc"[key % 3], "Cloud": CLOUD.get(key)}
        rows.append(make_row(item, values))
    opened = make_catalog(tmp_path_factory.mktemp("statistics") / "s.zmd", rows)
    yield opened
    opened.close()


def _rows(catalog: Catalog, *asked: QueryStatistic, **changes: object) -> list[tuple[object, ...]]:
    request = QueryRequest(statistics=asked, **changes)  # type: ignore[arg-type]  # -- a test's shorthand
    return [row.values for row in query(catalog, request).rows]


def _of(kind: str, field: str = "Cloud", **changes: object) -> QueryStatistic:
    return QueryStatistic(kind=kind, field=field, name=f"{kind}_{field}", **changes)  # type: ignore[arg-type]  # -- a test's shorthand


def test_figures_are_those_of_the_values_that_are_there(catalog: Catalog) -> None:
    values = list(CLOUD.values())
    kinds = ("count", "sum", "min", "max", "avg", "stddev", "var")
    (row,) = _rows(catalog, *map(_of, kinds))
    expected = (
        len(values),
        sum(values),
        min(values),
        max(values),
        statistics.fmean(values),
        statistics.stdev(values),
        statistics.variance(values),
    )
    assert row == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_percentiles_equal_those_of_numpy(catalog: Catalog, share: float) -> None:
    values = list(CLOUD.values())
    (row,) = _rows(
        catalog,
        _of("percentile_cont", share=share),
        QueryStatistic(
            kind="percentile_cont", field="Cloud", name="d", share=share, descending=True
        ),
        _of("percentile_disc", share=share),
    )
    assert row[:2] == pytest.approx(tuple(np.quantile(values, [share, 1 - share])), rel=1e-15)
    assert row[2] == np.quantile(values, share, method="inverted_cdf")


def test_a_discrete_percentile_counts_from_the_top_where_asked(catalog: Catalog) -> None:
    top = QueryStatistic(
        kind="percentile_disc", field="OBJECTID", name="p", share=0.1, descending=True
    )
    assert _rows(catalog, top) == [(COUNT - 4,)]


def test_groups_come_in_the_order_of_their_values_or_as_asked(catalog: Catalog) -> None:
    rows = QueryStatistic(kind="count", field="*", name="n")
    groups: list[tuple[object, ...]] = [("a", 16), ("b", 17), ("c", 17)]
    assert _rows(catalog, rows, group_by=("sensor",)) == groups
    by_count = _rows(catalog, rows, group_by=("Sensor",), order_by=(("N", False), ("Sensor", True)))
    assert by_count == [groups[1], groups[2], groups[0]]


def test_groups_come_in_pages(catalog: Catalog) -> None:
    asked = QueryRequest(statistics=(_of("count"),), group_by=("OBJECTID",), offset=45, limit=3)
    page = query(catalog, asked)
    assert [row.values[0] for row in page.rows] == [46, 47, 48]
    assert page.exceeded
    assert [field.name for field in page.fields] == ["OBJECTID", "count_Cloud"]
    count = QueryRequest(statistics=(_of("count"),), group_by=("Sensor",), returns="count")
    assert query(catalog, count).count == 3


def test_conditions_and_places_narrow_what_is_counted_up(catalog: Catalog) -> None:
    box = shapely.to_wkb(shapely.box(100, 0, 149, 9))
    rows = QueryStatistic(kind="count", field="*", name="n")
    assert _rows(catalog, rows, _of("min", "OBJECTID"), geometry=box) == [(5, 10)]
    assert _rows(catalog, rows, where="Sensor = 'a'", geometry=box) == [(1,)]
    assert _rows(catalog, rows, _of("max"), where="1=0") == [(0, None)]
    assert _rows(catalog, rows, where="1=0", group_by=("Sensor",)) == []


def test_dates_stay_dates(catalog: Catalog) -> None:
    request = QueryRequest(
        statistics=(
            _of("min", "AcqDate"),
            _of("avg", "AcqDate"),
            _of("percentile_cont", "AcqDate"),
            _of("max", "Name"),
        )
    )
    found = query(catalog, request)
    assert [field.type for field in found.fields] == ["date", "date", "date", "string"]
    values: tuple[AttributeValue, ...] = (1000, 25500, 25500, "s50")
    assert found.rows[0].values == values


@pytest.mark.parametrize(
    ("having", "sensors"),
    [
        ("COUNT(*) > 16", ["b", "c"]),
        ("n > 16 AND Sensor <> 'b'", ["c"]),
        ("MIN(OBJECTID) = 3 OR max(Name) = 's50'", ["a", "c"]),
        ("AVG(OBJECTID) BETWEEN 25 AND 25.6", ["a", "b"]),
        ("VAR(OBJECTID) < 0", []),
        ("AVG(OBJECTID) / 2 < 12.8", ["a", "b"]),
    ],
)
def test_groups_can_be_chosen(catalog: Catalog, having: str, sensors: list[str]) -> None:
    rows = QueryStatistic(kind="count", field="*", name="n")
    found = _rows(catalog, rows, group_by=("Sensor",), having=having)
    assert [row[0] for row in found] == sensors


@pytest.mark.parametrize(
    "having",
    ["COUNT(Nothing) > 1", "SUM(Name) > 1", "Cloud > 1", "COUNT(*", "n", "1); DROP TABLE items"],
)
def test_a_bad_condition_on_groups_is_named(catalog: Catalog, having: str) -> None:
    rows = QueryStatistic(kind="count", field="*", name="n")
    with pytest.raises(InvalidParameter, match="having"):
        _rows(catalog, rows, group_by=("Sensor",), having=having)


@pytest.mark.parametrize(
    ("asked", "changes", "match"),
    [
        (_of("sum", "Name"), {}, "outStatistics"),
        (_of("sum", "AcqDate"), {}, "outStatistics"),
        (_of("percentile_cont", "Name"), {}, "outStatistics"),
        (_of("max", "Nothing"), {}, "outStatistics"),
        (_of("count", "Shape"), {}, "outStatistics"),
        (_of("max"), {"group_by": ("Nothing",)}, "groupByFieldsForStatistics"),
        (_of("max"), {"order_by": (("Cloud", True),)}, "orderByFields"),
        (
            QueryStatistic(kind="max", field="Cloud", name="sensor"),
            {"group_by": ("Sensor",)},
            "outStatisticFieldName",
        ),
    ],
)
def test_a_bad_statistic_is_named(
    catalog: Catalog, asked: QueryStatistic, changes: dict[str, object], match: str
) -> None:
    with pytest.raises(InvalidParameter, match=match):
        _rows(catalog, asked, **changes)


def test_the_spread_of_one_value_is_not_known(tmp_path: Path) -> None:
    row = make_row(make_item(1), {"Cloud": 5.0})
    with_one = make_catalog(tmp_path / "one.zmd", [row])
    assert _rows(with_one, _of("stddev"), _of("var"), _of("percentile_disc", share=0.0)) == [
        (None, None, 5.0)
    ]
    with_one.close()


_WORDS = st.sampled_from(
    [
        "n",
        "Sensor",
        "Cloud",
        "AcqDate",
        "COUNT(*)",
        "SUM(Cloud)",
        "MIN(AcqDate)",
        "MAX(Name)",
        "VAR(OBJECTID)",
        "AVG(",
        "STDDEV",
        "(",
        ")",
        ",",
        "=",
        "<>",
        "<",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "||",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "LIKE",
        "IS",
        "NULL",
        "0",
        "1.5",
        "'a'",
        "'%'",
        "UPPER(",
        "CAST(",
        "AS",
        "DATE",
        "INTEGER",
        "INTERVAL",
        "DAY",
        "POSITION(",
        "FLOOR(",
        "MOD(",
        "EXTRACT(",
        "YEAR",
        "FROM",
        "CURRENT_DATE",
    ]
)


@given(st.lists(_WORDS, min_size=1, max_size=15).map(" ".join) | st.text(max_size=40))
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_condition_on_groups_runs_or_is_named(catalog: Catalog, having: str) -> None:
    rows = QueryStatistic(kind="count", field="*", name="n")
    named = "having"
    found: list[tuple[object, ...]] = []
    try:
        found = _rows(catalog, rows, group_by=("Sensor",), having=having)
    except InvalidParameter as error:
        named = str(error.fields[0])
    assert named == "having"
    assert set(found) <= {("a", 16), ("b", 17), ("c", 17)}
