"""Moments and intervals of ISO 8601, and several of them as a condition."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.request_parts import MosaicRule, TimeRange
from engine.summary import FieldInfo, TimeInfo
from engine.where import parse_where
from server.protocols.arcgis.parameters import Parameters
from server.protocols.wms.refusal import WmsRefusal
from server.protocols.wms.time_dimension import at_times, iso_text, times_of


def _ms(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]  # -- whole numbers


_DAY = 86_400_000
_INFO = TimeInfo(
    start_field="From", end_field="Until", start=_ms(2019, 1, 1), end=_ms(2021, 12, 31)
)
_READ = [
    ("2020", _ms(2020, 1, 1), _ms(2021, 1, 1) - 1),
    ("2021", _ms(2021, 1, 1), _ms(2022, 1, 1) - 1),
    ("2020-02", _ms(2020, 2, 1), _ms(2020, 3, 1) - 1),
    ("2020-12", _ms(2020, 12, 1), _ms(2021, 1, 1) - 1),
    ("2020-02-29", _ms(2020, 2, 29), _ms(2020, 3, 1) - 1),
    ("2020-02-29T10Z", _ms(2020, 2, 29, 10), _ms(2020, 2, 29, 11) - 1),
    ("2020-02-29T10:30Z", _ms(2020, 2, 29, 10, 30), _ms(2020, 2, 29, 10, 31) - 1),
    ("2020-02-29T10:30:15Z", _ms(2020, 2, 29, 10, 30, 15), _ms(2020, 2, 29, 10, 30, 16) - 1),
    ("2020-02-29t10:30:15.25z", _ms(2020, 2, 29, 10, 30, 15) + 250, None),
    ("2020-02-29T10:30:15+01:30", _ms(2020, 2, 29, 9, 0, 15), _ms(2020, 2, 29, 9, 0, 16) - 1),
    ("2020-02-29 10:30:15", _ms(2020, 2, 29, 10, 30, 15), _ms(2020, 2, 29, 10, 30, 16) - 1),
    ("current", _INFO.end, _INFO.end),
    ("2020-01-01/2020-01-02", _ms(2020, 1, 1), _ms(2020, 1, 3) - 1),
    ("2020-01-01/2020-01-02/P1D", _ms(2020, 1, 1), _ms(2020, 1, 3) - 1),
    ("2021/current", _ms(2021, 1, 1), _INFO.end),
    ("1900/2019", _ms(1900, 1, 1), _ms(2020, 1, 1) - 1),
]


def _times(text: str, info: TimeInfo | None = _INFO) -> tuple[TimeRange, ...]:
    return times_of(Parameters.from_mapping({"TIME": text}), info)


@pytest.mark.parametrize(("text", "start", "end"), _READ)
def test_a_moment_is_as_long_as_it_is_precise(text: str, start: int, end: int | None) -> None:
    assert _times(text) == (TimeRange(start=start, end=start if end is None else end),)


_REFUSED = [
    *("now", "1600000000000", "2020-13", "2020-02-30", "2020-01-01T25", "20", "2020-1-1"),
    *("2020/2019", "2020/2021/2022", "2020/2021/P1D/P1D", "/", "2020/", "1999", "9999", "0000"),
    *("2020-01-01T10:00:00+99:00", "2020,", ",".join(["2020"] * 101), "٢٠٢٠"),
]


@pytest.mark.parametrize("text", _REFUSED)
def test_what_is_no_time_of_the_service_is_refused(text: str) -> None:
    with pytest.raises(WmsRefusal) as caught:
        _times(text)
    assert caught.value.fields[:2] == ("InvalidDimensionValue", "TIME")


def test_a_service_without_times_has_no_such_dimension() -> None:
    assert _times("anything", None) == ()
    assert _times("") == ()


def test_several_times_are_a_condition_beside_that_of_the_rule() -> None:
    times = _times("2020-01-01T00:00:00Z,2021-06")
    rule, time = at_times(MosaicRule(where="Cloud < 5"), times, _INFO)
    assert time is None
    assert rule is not None
    fields = [
        FieldInfo(name="Cloud", type="double"),
        FieldInfo(name="From", type="date"),
        FieldInfo(name="Until", type="date"),
    ]
    clause = parse_where(rule.where, fields)
    ends = [
        *(_ms(2020, 1, 1) + 999, _ms(2020, 1, 1)),
        *(_ms(2021, 7, 1) - 1, _ms(2021, 6, 1)),
    ]
    assert list(clause.parameters) == [5, *ends]
    only, none = at_times(None, times[:1], _INFO), at_times(None, (), _INFO)
    assert only == (None, times[0])
    assert none == (None, None)


def test_moments_are_written_in_utc() -> None:
    assert iso_text(0) == "1970-01-01T00:00:00Z"
    assert iso_text(-1) == "1969-12-31T23:59:59.999Z"
    assert iso_text(_ms(2020, 5, 4, 3, 2, 1) + 7) == "2020-05-04T03:02:01.007Z"
    assert iso_text(10**17).startswith("9999")
    assert iso_text(-(10**17)).startswith("0001")
