"""Fields of the author's: types are guessed from all values, rows are found by file name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from raster_types.author_fields import (
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
        ("20200131", "2020-01-31T00:00:00.000Z"),
        ("20200131T102030", "2020-01-31T10:20:30.000Z"),
        ("20200131_1020", "2020-01-31T10:20:00.000Z"),
        ("2020060", "2020-02-29T00:00:00.000Z"),
        ("2020366", "2020-12-31T00:00:00.000Z"),
        ("2015:09:23 08:00:01", "2015-09-23T08:00:01.000Z"),
        ("2015-09-23T08:00:01.250Z", "2015-09-23T08:00:01.250Z"),
        ("2015/09/23", "2015-09-23T00:00:00.000Z"),
    ],
)
def test_dates_are_read_in_the_forms_that_names_and_headers_use(text: str, expected: str) -> None:
    assert parse_date_text(text) == expected


@pytest.mark.parametrize(
    "text", ["", "20201331", "2019366", "2020000", "cloudy", "2015:13:01", "1e9", "99999999"]
)
def test_what_is_no_date_gives_none(text: str) -> None:
    assert parse_date_text(text) is None


@given(
    moment=st.datetimes(
        min_value=datetime(1901, 1, 1),  # noqa: DTZ001 -- the strategy adds the zone
        max_value=datetime(2099, 1, 1),  # noqa: DTZ001 -- as above
        timezones=st.just(UTC),
    )
)
def test_a_date_that_was_written_is_read_back_to_the_millisecond(moment: datetime) -> None:
    milliseconds = round(moment.timestamp() * 1000)
    text = date_text(milliseconds)
    assert parse_date_text(text) == text
    assert datetime.fromisoformat(text).timestamp() * 1000 == pytest.approx(milliseconds, abs=0.5)


@pytest.mark.parametrize(
    ("name", "texts", "kind"),
    [
        ("Path", ["12", "-3", ""], "INTEGER"),
        ("Cloud", ["12", "3.5"], "DOUBLE"),
        ("Sensor", ["12", "L8"], "TEXT"),
        ("Row", ["063", "064"], "TEXT"),
        ("AcqDate", ["20200131", "20200201"], "DATETIME"),
        ("Orbit", ["20200131", "20200201"], "INTEGER"),
        ("When", ["2020-01-31", ""], "DATETIME"),
        ("Gain", ["nan", "1"], "TEXT"),
        ("Empty", ["", " "], "TEXT"),
    ],
)
def test_the_narrowest_type_that_holds_all_values_is_taken(
    name: str, texts: list[str], kind: str
) -> None:
    assert guess_kind(name, texts) == kind


@given(texts=st.lists(st.text(max_size=12), max_size=5))
def test_every_value_is_of_the_type_that_was_guessed(texts: list[str]) -> None:
    kind = guess_kind("AnyDate", texts)
    for text in texts:
        value = parse_value(text, kind)
        assert (value is None) is (not text.strip())


def _csv(folder: Path, text: str) -> CsvFields:
    path = folder / "fields.csv"
    path.write_text(text, encoding="utf-8")
    return CsvFields(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_are_found_with_and_without_folder_and_ending(tmp_path: Path, delimiter: str) -> None:
    lines = ["Cloud,file,AcqDate", "5,a.tif,2020-01-31", "7.5,C:\\x\\b,2020-02-01", "1,gone.tif,"]
    fields = _csv(tmp_path, "\n".join(lines).replace(",", delimiter))
    assert fields.kinds == {"Cloud": "DOUBLE", "AcqDate": "DATETIME"}
    assert fields.values("/data/a.tif") == {"Cloud": 5.0, "AcqDate": "2020-01-31T00:00:00.000Z"}
    assert fields.values("/data/b.tif")["Cloud"] == 7.5
    assert fields.values("/data/other.tif") == {}
    assert fields.unused == ["gone.tif"]


def test_short_rows_have_empty_values_and_empty_lines_do_not_count(tmp_path: Path) -> None:
    fields = _csv(tmp_path, "name,Sensor,Cloud\na.tif,L8\n\nb.tif,L7,3\n")
    assert fields.values("a.tif") == {"Sensor": "L8", "Cloud": None}
    assert fields.values("b.tif") == {"Sensor": "L7", "Cloud": 3}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"name\na.tif\n", "no column"), (b"name,x\n\xff\xfe,1\n", "UTF-8")],
)
def test_a_csv_file_that_cannot_serve_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "fields.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        CsvFields(path)


def test_a_csv_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.csv"):
        CsvFields(tmp_path / "gone.csv")


def test_groups_of_a_name_become_typed_fields() -> None:
    paths = ["/d/L8_20200131_063.tif", "/d/L8_20200201_064.tif", "/d/readme.tif"]
    fields = NameFields(r"_(?P<AcqDate>\d{8})_(?P<Row>\d+)", paths)
    assert fields.kinds == {"AcqDate": "DATETIME", "Row": "TEXT"}
    assert fields.values(paths[0]) == {"AcqDate": "2020-01-31T00:00:00.000Z", "Row": "063"}
    assert fields.values(paths[2]) == {}


@pytest.mark.parametrize(("pattern", "said"), [("(", "no regular expression"), (r"\d+", "group")])
def test_a_pattern_that_names_nothing_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        NameFields(pattern, [])
