"""Fields of the author's: types are guessed from all values, dates in many forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from raster_types.adding.author_fields import (
    CsvFields,
    NameFields,
    date_text,
    guess_kind,
    parse_date_text,
    parse_value,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20200301", "2020-03-01T00:00:00.000Z"),
        ("20200301T101112", "2020-03-01T10:11:12.000Z"),
        ("2020-03-01", "2020-03-01T00:00:00.000Z"),
        ("2020/03/01 10:11", "2020-03-01T10:11:00.000Z"),
        ("2020-03-01T10:11:12.345Z", "2020-03-01T10:11:12.345Z"),
        ("2020-03-01T10:00:00+02:00", "2020-03-01T08:00:00.000Z"),
        ("2020061", "2020-03-01T00:00:00.000Z"),
        ("2020:03:01 10:11:12", "2020-03-01T10:11:12.000Z"),
        ("19880814", "1988-08-14T00:00:00.000Z"),
        ("20201341", None),
        ("2019366", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_read_in_the_forms_that_file_names_have(text: str, expected: str | None) -> None:
    assert parse_date_text(text) == expected


@given(seconds=st.integers(-2_000_000_000, 4_000_000_000), ms=st.integers(0, 999))
def test_a_date_that_was_written_is_read_back(seconds: int, ms: int) -> None:
    text = date_text(seconds * 1000 + ms)
    assert parse_date_text(text) == text


@given(texts=st.lists(st.text(max_size=12), max_size=5))
def test_every_text_is_a_value_of_the_type_that_was_guessed_from_all(texts: list[str]) -> None:
    kind = guess_kind("AnyDate", texts)
    for text in texts:
        assert (parse_value(text, kind) is None) is (not text.strip())


def test_dates_before_1970_are_written() -> None:
    assert date_text(-1) == "1969-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    ("name", "texts", "kind"),
    [
        ("n", ["1", "-2", ""], "INTEGER"),
        ("n", ["1", "2.5"], "DOUBLE"),
        ("n", ["1", "x"], "TEXT"),
        ("n", ["063", "064"], "TEXT"),
        ("n", [], "TEXT"),
        ("n", ["2020-01-01", "2020/02/02"], "DATETIME"),
        ("n", ["20200101"], "INTEGER"),
        ("AcqDate", ["20200101", "20200202"], "DATETIME"),
        ("AcqDate", ["20200101", "n/a"], "TEXT"),
        ("n", ["nan", "inf"], "TEXT"),
    ],
)
def test_a_field_gets_the_narrowest_type_that_holds_all(
    name: str, texts: list[str], kind: str
) -> None:
    assert guess_kind(name, texts) == kind


def test_values_that_do_not_fit_are_null() -> None:
    assert parse_value("x", "INTEGER") is None
    assert parse_value(" 5 ", "INTEGER") == 5
    assert parse_value("2.5", "REAL") == 2.5
    assert parse_value("", "TEXT") is None
    assert parse_value("x", "TEXT") == "x"


@pytest.mark.parametrize("key", ["a.tif", "a", "some/folder/a.tif", "C:\\data\\a.tif"])
def test_csv_rows_are_found_by_file_name(tmp_path: Path, key: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f"Name,Cloud\n{key},3\n", encoding="utf-8-sig")
    fields = CsvFields(path)
    assert fields.values("/other/place/a.tif") == {"Cloud": 3}
    assert fields.values("/other/place/b.tif") == {}
    assert fields.unused == []


@pytest.mark.parametrize("text", ["", "only\na.tif\n"])
def test_a_csv_file_without_fields_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(text)
    with pytest.raises(ConfigError):
        CsvFields(path)
    with pytest.raises(ConfigError):
        CsvFields(tmp_path / "none.csv")


def test_short_rows_are_filled_with_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('file,A,B\na.tif,1\nb.tif,2,"x, y",extra\n')
    fields = CsvFields(path)
    assert fields.values("a.tif") == {"A": 1, "B": None}
    assert fields.values("b.tif") == {"A": 2, "B": "x, y"}


def test_a_pattern_without_named_groups_is_refused() -> None:
    for bad in ("(", "no group", r"(\d+)"):
        with pytest.raises(ConfigError, match="--name-regex"):
            NameFields(bad, [])


def test_groups_are_typed_over_all_names() -> None:
    paths = ["/x/s1_20200101.tif", "/x/s22_20200202.tif", "/x/none.tif"]
    fields = NameFields(r"s(?P<Orbit>\d+)_(?P<AcqDate>\d{8})", paths)
    assert fields.kinds == {"Orbit": "INTEGER", "AcqDate": "DATETIME"}
    assert fields.values(paths[1]) == {"Orbit": 22, "AcqDate": "2020-02-02T00:00:00.000Z"}
    assert fields.values(paths[2]) == {}
