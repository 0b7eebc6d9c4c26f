"""A service's head is the same after storing; heads of other versions and shapes are refused."""

from __future__ import annotations

import msgspec
import pytest

from engine.extent import Extent
from engine.summary import FORMAT_VERSION, BandStatistics, ServiceSummary
from tests.engine.catalogs import make_summary


def test_a_head_is_the_same_after_storing() -> None:
    summary = make_summary(
        statistics=(BandStatistics(min=0, max=1, mean=0.5, std=0.1, count=4),),
        extent_lonlat=Extent(-180.0, -90.0, 180.0, 90.0),
        no_data=(None,),
        colormap=((0, 1, 2, 3),),
    )
    stored = msgspec.msgpack.encode(summary)
    assert msgspec.msgpack.decode(stored, type=ServiceSummary) == summary
    assert summary.format_version == FORMAT_VERSION


@pytest.mark.parametrize(
    ("name", "value"),
    [("extent", [0, 0, 1]), ("pixel_type", "U64"), ("source_type", "layer"), ("bands", None)],
)
def test_a_head_with_a_wrong_field_is_refused(name: str, value: object) -> None:
    record = {**msgspec.to_builtins(make_summary()), name: value}
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert(record, ServiceSummary)
