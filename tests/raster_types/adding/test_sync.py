"""A definition follows its files: what is new, changed, gone and back.

Covers raster_types.adding.additions.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from engine.build.build import build_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError
from raster_types.adding.add import add_rasters
from raster_types.adding.add_request import AddRequest
from raster_types.adding.additions import known_additions
from raster_types.adding.sync import SyncOptions, sync_definition
from raster_types.base import ItemOptions
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = "raster-dataset"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of three scenes, one of them in a folder inside."""
    (tmp_path / "data" / "inside").mkdir(parents=True)
    for number, name in enumerate(("A_20200301.tif", "A_20200302.tif", "inside/A_20200303.tif")):
        write_scene(tmp_path / "data" / name, number * 1500, 0, number)
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> DefinitionFolder:
    """A built definition of them."""
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    request = AddRequest(
        raster_type=PLAIN,
        paths=[data],
        recursive=True,
        name_regex=r"_(?P<AcqDate>\d{8})",
        options=ItemOptions(bands=(3, 2, 1)),
    )
    add_rasters(made, request)
    build_definition(made)
    return made


def _statuses(folder: DefinitionFolder) -> dict[str, ItemStatus]:
    with folder.table() as table:
        return {row.name: row.status for row in table.rows()}


def test_what_was_added_is_added_again_with_its_options(
    folder: DefinitionFolder, data: Path
) -> None:
    write_scene(data / "inside" / "A_20200304.tif", 4500, 0, 4)
    write_scene(data / "A_20200301.tif", 0, 0, 77)
    report = sync_definition(folder)
    assert [(each.added, each.changed) for each in report.added] == [(1, 1)]
    assert report.is_changed
    with folder.table() as table:
        rows = {row.name: row for row in table.rows()}
        assert [line.command for line in history(table)][-1] == "sync"
        assert len(known_additions(table)) == 1
    assert rows["A_20200301"].id == 1
    assert rows["A_20200304"].attributes["AcqDate"].startswith("2020-03-04")
    assert rows["A_20200304"].raster.sources[0].bands == (3, 2, 1)
    again = sync_definition(folder)
    assert not again.is_changed
    with folder.table() as table:
        assert [line.command for line in history(table)].count("sync") == 1


def test_a_dry_run_tells_the_same_and_changes_nothing(folder: DefinitionFolder, data: Path) -> None:
    new = write_scene(data / "A_20200305.tif", 4500, 0, 4)
    changed = write_scene(data / "A_20200301.tif", 0, 0, 77)
    (data / "A_20200302.tif").unlink()
    with folder.table() as table:
        before = [(row.id, row.status, row.header_text) for row in table.rows()]
    report = sync_definition(folder, SyncOptions(dry_run=True))
    assert (report.new, report.changed) == ([str(new)], [str(changed)])
    assert report.gone == [(2, str(data / "A_20200302.tif"))]
    with folder.table() as table:
        assert [(row.id, row.status, row.header_text) for row in table.rows()] == before
        assert "sync" not in [line.command for line in history(table)]


def test_gone_items_are_marked_once_and_come_back(folder: DefinitionFolder, data: Path) -> None:
    away = data.parent / "away.tif"
    shutil.move(data / "A_20200302.tif", away)
    assert len(sync_definition(folder).gone) == 1
    assert _statuses(folder)["A_20200302"] is ItemStatus.NOT_FOUND
    assert sync_definition(folder).gone == []
    build_definition(folder)
    assert _statuses(folder)["A_20200302"] is ItemStatus.NOT_FOUND
    shutil.move(away, data / "A_20200302.tif")
    assert sync_definition(folder).back == [(2, "A_20200302")]
    assert build_definition(folder).built == 1
    assert set(_statuses(folder).values()) == {ItemStatus.READY}


def test_gone_items_are_removed_or_kept_on_demand(folder: DefinitionFolder, data: Path) -> None:
    (data / "A_20200302.tif").unlink()
    sync_definition(folder, SyncOptions(gone="keep"))
    assert _statuses(folder)["A_20200302"] is ItemStatus.READY
    sync_definition(folder)
    report = sync_definition(folder, SyncOptions(gone="remove"))
    assert [fid for fid, _ in report.gone] == [2]
    assert sorted(_statuses(folder)) == ["A_20200301", "A_20200303"]


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_disk_that_is_not_mounted_loses_no_item(
    folder: DefinitionFolder, data: Path, *, is_empty: bool
) -> None:
    data.rename(data.parent / "elsewhere")
    if is_empty:
        data.mkdir()
    report = sync_definition(folder, SyncOptions(gone="remove"))
    assert [place for place, _ in report.doubtful] == [str(data)]
    assert report.gone == []
    assert len(_statuses(folder)) == 3
    believed = sync_definition(folder, SyncOptions(gone="mark", gone_folders=True))
    assert len(believed.gone) == 3
    assert set(_statuses(folder).values()) == {ItemStatus.NOT_FOUND}


def test_a_single_file_that_was_added_may_go(tmp_path: Path, data: Path) -> None:
    folder = DefinitionFolder.create(tmp_path / "one.isdef")
    paths = [data / "A_20200301.tif", data / "A_20200302.tif"]
    add_rasters(folder, AddRequest(raster_type=PLAIN, paths=paths))
    paths[0].unlink()
    assert sync_definition(folder).gone == [(1, str(paths[0]))]


def test_the_same_place_is_remembered_once_with_all_that_was_stated(
    folder: DefinitionFolder, data: Path
) -> None:
    options = ItemOptions(no_data="7.0")
    add_rasters(
        folder, AddRequest(raster_type=PLAIN, paths=[data], recursive=True, options=options)
    )
    with folder.table() as table:
        (known,) = known_additions(table)
    assert (known.options.bands, known.options.no_data) == ((3, 2, 1), "7.0")
    assert known.name_regex
    assert known.paths == (str(data),)


def test_a_definition_that_knows_no_additions_says_what_to_do(tmp_path: Path) -> None:
    folder = DefinitionFolder.create(tmp_path / "empty.isdef")
    with pytest.raises(ConfigError, match="swath definition add once more"):
        sync_definition(folder)


def test_a_file_touched_but_not_changed_is_read_again_and_stays(
    folder: DefinitionFolder, data: Path
) -> None:
    os.utime(data / "A_20200301.tif", ns=(1, 1))
    report = sync_definition(folder)
    assert [(each.added, each.changed) for each in report.added] == [(0, 1)]
    build_definition(folder)
    assert set(_statuses(folder).values()) == {ItemStatus.READY}
