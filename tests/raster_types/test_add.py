"""Adding rasters: incremental, in the order of their names, and one bad file stops nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError, SourceCorrupt
from raster_types.add import AddReport, AddRequest, add_rasters, sentence
from tests.synthetic import place, ramp, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.item_row import ItemRow


@pytest.fixture
def definition(tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "hills.isdef")


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    folder = tmp_path / "scenes"
    folder.mkdir()
    for number in (2, 1):
        write_geotiff(folder / f"s{number}_2020013{number - 1}.tif", ramp(8, 9), place(number * 90))
    return folder


def _add(definition: DefinitionFolder, path: Path, **changes: object) -> AddReport:
    values: dict[str, object] = {"raster_type": "raster-dataset", "paths": [path], **changes}
    return add_rasters(definition, AddRequest(**values))  # type: ignore[arg-type]  # -- a shorthand


def _rows(definition: DefinitionFolder) -> list[ItemRow]:
    with definition.table() as table:
        return list(table.rows())


def test_items_come_in_the_order_of_their_names(definition: DefinitionFolder, scenes: Path) -> None:
    assert _add(definition, scenes).added == 2
    rows = _rows(definition)
    assert [(row.id, row.name) for row in rows] == [(1, "s1_20200130"), (2, "s2_20200131")]
    assert {row.status for row in rows} == {ItemStatus.ADDED}


def test_what_is_known_and_unchanged_is_left_alone(
    definition: DefinitionFolder, scenes: Path
) -> None:
    _add(definition, scenes)
    again = _add(definition, scenes)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    assert len(_rows(definition)) == 2


def test_a_file_that_changed_keeps_its_objectid(definition: DefinitionFolder, scenes: Path) -> None:
    _add(definition, scenes)
    path = write_geotiff(scenes / "s1_20200130.tif", ramp(16, 5))
    os.utime(path, ns=(1, 1))
    again = _add(definition, scenes)
    assert (again.added, again.changed, again.unchanged) == (0, 1, 1)
    first = _rows(definition)[0]
    assert first.id == 1
    assert (first.headers[0].height, first.headers[0].width) == (16, 5)


def test_a_bad_raster_becomes_an_item_with_a_sentence(
    definition: DefinitionFolder, scenes: Path
) -> None:
    (scenes / "bad.tif").write_bytes(b"II*\0")
    report = _add(definition, scenes)
    assert report.added == 3
    (failed,) = report.failed
    assert failed[0] == str(scenes / "bad.tif")
    bad = next(row for row in _rows(definition) if row.name == "bad")
    assert bad.status.is_failed
    assert bad.message.endswith(".")
    assert str(scenes) not in bad.message


def test_a_file_that_claims_nothing_is_ignored_unless_it_is_named(
    definition: DefinitionFolder, scenes: Path
) -> None:
    other = scenes / "notes.unknown"
    other.write_text("nothing to see")
    report = _add(definition, scenes)
    assert [path for path, _ in report.ignored] == [str(other)]
    assert report.failed == []
    named = _add(definition, other)
    assert [path for path, _ in named.failed] == [str(other)]


def test_a_bad_file_that_was_repaired_becomes_good(
    definition: DefinitionFolder, scenes: Path
) -> None:
    path = scenes / "bad.tif"
    path.write_bytes(b"II*\0")
    _add(definition, path)
    path.unlink()
    write_geotiff(path, ramp(4, 4))
    assert _add(definition, path).failed == []
    (row,) = _rows(definition)
    assert (row.id, row.status, row.message) == (1, ItemStatus.ADDED, "")


def test_names_and_a_table_fill_fields_of_the_authors_own(
    definition: DefinitionFolder, scenes: Path, tmp_path: Path
) -> None:
    csv = tmp_path / "fields.csv"
    csv.write_text("file,Cloud\ns1_20200130.tif,12\nnone.tif,3\n")
    report = _add(definition, scenes, csv=csv, name_regex=r"_(?P<AcqDate>\d{8})")
    assert report.unused_csv_rows == ["none.tif"]
    attributes = [row.attributes for row in _rows(definition)]
    assert [a["AcqDate"] for a in attributes] == [
        "2020-01-30T00:00:00.000Z",
        "2020-01-31T00:00:00.000Z",
    ]
    assert [a["Cloud"] for a in attributes] == [12, None]


def test_fields_reach_items_that_are_known_already(
    definition: DefinitionFolder, scenes: Path
) -> None:
    _add(definition, scenes)
    _add(definition, scenes, name_regex=r"^(?P<Series>s)")
    assert [row.attributes["Series"] for row in _rows(definition)] == ["s", "s"]


def test_progress_tells_how_many_are_done(definition: DefinitionFolder, scenes: Path) -> None:
    told: list[tuple[str, int, int]] = []
    request = AddRequest(raster_type="raster-dataset", paths=[scenes])
    add_rasters(definition, request, progress=lambda *step: told.append(step))
    assert told[0] == ("reading headers", 0, 2)
    assert told[-1] == ("reading headers", 2, 2)


@pytest.mark.parametrize("changes", [{"raster_type": "satellite"}, {"name_regex": "("}])
def test_a_wrong_request_adds_nothing(
    definition: DefinitionFolder, scenes: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(ConfigError):
        _add(definition, scenes, **changes)
    assert _rows(definition) == []


@pytest.mark.parametrize("why", ["cannot be decoded", "Cannot be decoded.", " cannot be decoded "])
def test_a_reason_becomes_a_sentence_without_the_path(why: str) -> None:
    assert sentence(SourceCorrupt("/data/a.tif", why)) == "Cannot be decoded."
