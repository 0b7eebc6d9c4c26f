"""Result records hold what pixels and tables hold: missing bands, missing values, dates."""

from __future__ import annotations

import msgspec
import pytest

from engine import results
from engine.extent import Extent
from engine.results import (
    ExplainResult,
    HistogramsResult,
    IdentifiedItem,
    IdentifyResult,
    PictureInfoResult,
    QueryResult,
    QueryRow,
    Result,
    StatisticsResult,
)

EXAMPLES: list[Result] = [
    PictureInfoResult(width=1, height=2, extent=Extent(0, 0, 1, 1)),
    IdentifyResult(
        x=1.0,
        y=2.0,
        values=(1.0, None),
        processed=(None, (3.0,)),
        items=(IdentifiedItem(id=1, attributes={"Name": "a", "AcqDate": 10**12, "Cloud": None}),),
    ),
    QueryResult(rows=(QueryRow(values=(1, "a", 2.5, None), footprint=b"\x01"),), exceeded=True),
    StatisticsResult(),
    HistogramsResult(),
    ExplainResult(extent=Extent(0, 0, 1, 1), width=1, height=2, left_out=(("time", 3),)),
]


@pytest.mark.parametrize("result", EXAMPLES, ids=lambda each: type(each).__name__)
def test_a_result_is_the_same_after_packing(result: Result) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=type(result)) == result


def test_no_result_has_a_field_for_the_place_of_a_file() -> None:
    kinds = [each for each in vars(results).values() if isinstance(each, type)]
    fields = {
        field for kind in kinds if issubclass(kind, Result) for field in kind.__struct_fields__
    }
    assert fields
    assert not {field for field in fields if "path" in field or "source" in field}
