"""Calculating fields, choosing rows, printing statistics and removing items, on a built definition.

Covers engine.build.row_selection, engine.build.item_statistics, engine.build.removal,
engine.build.catalog_digest and engine.build.definition_edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.calculate import calculate_field
from engine.build.catalog_digest import catalog_digest
from engine.build.definition_edit import set_properties
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.build.item_statistics import StatisticsReader, forget_statistics
from engine.build.removal import remove_files, remove_items
from engine.build.row_selection import select_rows
from engine.errors import ConfigError
from raster_types.adding.add import add_rasters
from raster_types.adding.add_request import AddRequest
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    """Three scenes of three days, not built."""
    (tmp_path / "data").mkdir()
    for number in range(3):
        write_scene(tmp_path / "data" / f"S_2020030{number + 1}.tif", number * 1500, 0, number)
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    request = AddRequest(
        raster_type="raster-dataset", paths=[tmp_path / "data"], name_regex=r"_(?P<AcqDate>\d{8})"
    )
    add_rasters(made, request)
    return made


def _column(folder: DefinitionFolder, name: str) -> list[object]:
    with folder.table() as table:
        return [row.attributes.get(name) for row in table.rows()]


def test_a_new_field_has_the_type_of_its_expression(folder: DefinitionFolder) -> None:
    for name, expression, sql_type, first in (
        ("Day", "day(AcqDate)", "INTEGER", 1),
        ("Half", "day(AcqDate) / 2", "DOUBLE", 0.5),
        ("Tile", "left(Name, 1) + '1'", "TEXT", "S1"),
        ("After", "AcqDate + 1", "DATETIME", "2020-03-02T00:00:00.000Z"),
    ):
        done = calculate_field(folder, name, expression)
        assert (done.is_new, done.changed, done.unchanged) == (True, 3, 0)
        with folder.table() as table:
            assert table.fields()[name] == sql_type
        assert _column(folder, name)[0] == first


def test_calculating_again_changes_nothing_and_leaves_no_history(folder: DefinitionFolder) -> None:
    calculate_field(folder, "After", "AcqDate + 1", "AcqDate > DATE '2020-03-01'")
    again = calculate_field(folder, "after", "AcqDate + 1", "AcqDate > DATE '2020-03-01'")
    assert (again.field, again.is_new, again.changed, again.unchanged) == ("After", False, 0, 2)
    assert _column(folder, "After")[0] is None
    with folder.table() as table:
        assert [line.command for line in history(table)] == ["add", "calculate"]


@pytest.mark.parametrize(
    ("field", "expression", "says"),
    [
        ("LowPS", "1", "filled by build"),
        ("OBJECTID", "1", "filled by build"),
        ("Name", "1", "text(…) makes one"),
        ("ZOrder", "'1'", "number(…) reads one"),
        ("Flag", "Name = 'a'", "is a condition"),
        ("Empty", "null", "a new field needs a type"),
        ("no name", "1", "a field name is a letter"),
    ],
)
def test_a_field_takes_what_it_can_hold(
    folder: DefinitionFolder, field: str, expression: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        calculate_field(folder, field, expression)
    assert says in str(caught.value)


def test_a_value_that_is_too_long_undoes_all(folder: DefinitionFolder) -> None:
    long = "pad(Name, 3990 + 10 * day(AcqDate) , 'x')"
    with pytest.raises(ConfigError) as caught:
        calculate_field(folder, "Text", f"{long} + pad('', 10 * day(AcqDate) - 10, 'x')")
    assert "OBJECTID 2" in str(caught.value)
    with folder.table() as table:
        assert "Text" not in table.fields()


def test_conditions_know_dates_and_the_status(folder: DefinitionFolder) -> None:
    with folder.table() as table:
        assert select_rows(table) == [1, 2, 3]
        assert select_rows(table, "AcqDate >= TIMESTAMP '2020-03-02 00:00:00'") == [2, 3]
        assert select_rows(table, "EXTRACT(DAY FROM AcqDate) = 2 OR Name LIKE '%01'") == [1, 2]
        assert select_rows(table, "StatusId = 1 AND OBJECTID < 3") == [1, 2]
        assert select_rows(table, "1 = 2") == []
        with pytest.raises(ConfigError, match="one of the fields"):
            select_rows(table, "Nonsense = 1")
        with pytest.raises(ConfigError, match="an operator"):
            select_rows(table, "1 = 1; DROP TABLE footprints")


def test_statistics_are_those_of_the_pixels(folder: DefinitionFolder) -> None:
    build_definition(folder)
    scenes = sorted((folder.path.parent / "data").iterdir())
    samples = []
    for scene in scenes:
        with rasterio.open(scene) as dataset:
            samples.append(dataset.read(masked=True).reshape(3, -1))
    with folder.table() as table:
        reader = StatisticsReader(table)
        items = list(reader.each())
        total = reader.total()
    assert [item.name for item in items] == [scene.stem for scene in scenes]
    for item, own in zip(items, samples, strict=True):
        assert [band.max for band in item.bands] == own.max(axis=1).tolist()
        assert [band.mean for band in item.bands] == pytest.approx(own.mean(axis=1))
    together = np.ma.concatenate(samples, axis=1)
    assert [band.min for band in total] == together.min(axis=1).tolist()
    assert [band.std for band in total] == pytest.approx(together.std(axis=1), rel=1e-6)


def test_forgotten_statistics_are_made_by_the_next_build(folder: DefinitionFolder) -> None:
    build_definition(folder)
    with folder.table() as table:
        assert forget_statistics(table, "OBJECTID = 2") == 1
        reader = StatisticsReader(table)
        assert [len(item.bands) for item in reader.each()] == [3, 0, 3]
        assert (reader.items, reader.uncounted) == (3, 1)
    assert build_definition(folder).built == 1
    with folder.table() as table:
        assert all(item.bands for item in StatisticsReader(table).each())


def test_removed_items_leave_nothing_but_their_numbers(folder: DefinitionFolder) -> None:
    build_definition(folder, BuildOptions(pyramids=True))
    with folder.table() as table:
        table.execute("INSERT INTO seamlines(ItemId) VALUES (?)", (2,))
        with table.batch():
            files = remove_items(folder, table, [2])
        assert table.execute("SELECT count(*) FROM seamlines").fetchone()[0] == 0
        assert select_rows(table) == [1, 3]
    remove_files(files)
    assert not any(file.exists() for file in files)
    assert len(list((folder.path.parent / "data").iterdir())) == 3
    paths = [folder.path.parent / "data"]
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=paths))
    with folder.table() as table:
        assert select_rows(table) == [1, 3, 4]


def test_the_digest_tells_any_change_and_nothing_else(folder: DefinitionFolder) -> None:
    build_definition(folder)

    def digest() -> str:
        with folder.table() as table:
            return catalog_digest(folder, table)

    first = digest()
    build_definition(folder)
    with folder.table() as table:
        table.set_state("anything", b"1")
    assert digest() == first
    seen = {first}
    calculate_field(folder, "Tag", "'a'", "OBJECTID = 1")
    seen.add(digest())
    with folder.table() as table:
        table.execute("INSERT INTO seamlines(ItemId) VALUES (?)", (2,))
    seen.add(digest())
    assert set_properties(folder.toml, {"title": "New"}) == ["title"]
    seen.add(digest())
    assert len(seen) == 4


def test_properties_are_set_in_place_and_checked(folder: DefinitionFolder) -> None:
    before = folder.toml.read_text()
    changed = set_properties(folder.toml, {"title": "Scenes", "bands": 0, "thematic": False})
    assert changed == ["title", "thematic"]
    after = folder.toml.read_text()
    assert after.count("#") >= before.count("#")
    assert (folder.properties().title, folder.properties().thematic) == ("Scenes", False)
    assert set_properties(folder.toml, {"title": "Scenes"}) == []
    for values in ({"titel": "x"}, {"jpeg_quality": 900}, {"bands": "three"}):
        with pytest.raises(ConfigError) as caught:
            set_properties(folder.toml, values)
        assert str(folder.toml) in str(caught.value)
        assert folder.toml.read_text() == after
        assert [path.name for path in folder.path.iterdir() if "part" in path.name] == []
