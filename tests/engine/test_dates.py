"""Dates as clients and authors write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dates import date_text, date_words, parse_date_ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01", 0),
        ("1970/1/2", 86_400_000),
        ("2014-04-01T10:20:30Z", 1_396_347_630_000),
        ("2014/04/01 10:20:30", 1_396_347_630_000),
        ("2014-04-01T12:20:30.250+02:00", 1_396_347_630_250),
        (" 2014-04-01T05:20:30-0500 ", 1_396_347_630_000),
        ("1969-12-31T23:59:59.999", -1),
    ],
)
def test_all_accepted_forms_are_milliseconds_utc(text: str, ms: int) -> None:
    assert parse_date_ms(text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2014",
        "2014-13-01",
        "2014-02-30",
        "01/04/2014",
        "2014-01-01T25:00",
        "2014-01-01T10:00+99",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date_ms(text) is None


@given(st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1)))  # noqa: DTZ001 -- made UTC below
def test_iso_text_of_any_time_is_read_back(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000
    assert parse_date_ms(moment.isoformat()) == round(expected)


def test_dates_are_shown_without_a_time_of_day_that_they_lack() -> None:
    assert date_words(0) == "1970-01-01"
    assert date_words(86_400_000 + 3_661_000) == "1970-01-02 01:01:01"
    assert date_words(10**20) == str(10**20)


def test_a_date_is_stored_with_its_milliseconds() -> None:
    assert date_text(86_400_000 + 3_661_007) == "1970-01-02T01:01:01.007Z"
    assert date_text(-1) == "1969-12-31T23:59:59.999Z"
