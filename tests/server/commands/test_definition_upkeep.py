"""The commands that keep a definition in order, as typed.

Covers server.commands.definition_sync, server.commands.definition_repair, server.commands.definition_items
and server.commands.stated_files.
"""

from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from engine.build.definition_folder import DefinitionFolder
from server.cli import app
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a built definition of three scenes in `data/`."""
    folder = tmp_path_factory.mktemp("built") / "work"
    folder.mkdir()
    (folder / "data").mkdir()
    for number in range(3):
        write_scene(folder / "data" / f"S_2020030{number + 1}.tif", number * 1500, 0, number)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in (
            ("create", "d.isdef"),
            ("add", "d.isdef", "data", "--name-regex", r"_(?P<AcqDate>\d{8})"),
            ("build", "d.isdef"),
        ):
            assert _run(*words).exit_code == 0
    shutil.copytree(folder, folder.with_name("kept"))
    return folder


@pytest.fixture
def here(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with that definition, as it was built; in the same place, as it names its files."""
    shutil.rmtree(built)
    shutil.copytree(built.with_name("kept"), built)
    monkeypatch.chdir(built)
    monkeypatch.setenv("COLUMNS", "200")
    return built


def _run(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, ["definition", *words], input=answer)


def test_history_lists_what_was_done(here: Path) -> None:
    lines = _run("history", "d.isdef").output.splitlines()
    assert [line.split()[1] for line in lines] == ["create", "add", "build"]
    assert "3 new, 0 changed, 0 failed" in lines[1]
    assert len(_run("history", "d.isdef", "-n", "1").output.splitlines()) == 1


def test_remove_asks_and_a_dry_run_does_not(here: Path) -> None:
    dry = _run("remove", "d.isdef", "--where", "AcqDate < DATE '2020-03-03'", "--dry-run")
    assert "2 items fulfil it" in dry.output
    assert "S_20200301" in dry.output
    assert _run("remove", "d.isdef", "--where", "OBJECTID = 1", answer="n\n").exit_code == 1
    assert "3 items" in _run("check", "d.isdef").output
    done = _run("remove", "d.isdef", "--where", "OBJECTID = 1", answer="y\n")
    assert "Removed 1 items." in done.output
    assert "Removed 1 items." in _run("remove", "d.isdef", "--where", "OBJECTID = 2", "-y").output
    assert "1 items, 1 files: nothing is wrong." in _run("check", "d.isdef").output
    assert "Removed 1 items where OBJECTID = 2" in _run("history", "d.isdef").output


@pytest.mark.parametrize("where", ["", "Nonsense = 1", "Name ="])
def test_remove_takes_a_condition_that_is_one(here: Path, where: str) -> None:
    result = _run("remove", "d.isdef", "--where", where, "--yes")
    assert result.exit_code == 1
    assert "--where" in str(result.exception)
    assert "3 items" in _run("check", "d.isdef").output


def test_calculate_and_statistics_print_what_there_is(here: Path) -> None:
    made = _run("calculate", "d.isdef", "Day", "day(AcqDate)", "--where", "OBJECTID > 1")
    assert "Made field Day (integer). Set Day in 2 items" in made.output
    table = _run("statistics", "d.isdef", "--per-item").output.splitlines()
    assert len(table) == 1 + 3 * 3 + 3
    assert table[-3].split()[:3] == ["all", "3", "items"]
    only = _run("statistics", "d.isdef", "--where", "Day = 2", "--recompute").output
    assert "all 1 items" in only
    assert "statistics" in _run("history", "d.isdef").output


def test_sync_tells_what_it_found_and_warns_by_its_code(here: Path) -> None:
    write_scene(here / "data" / "S_20200304.tif", 4500, 0, 4)
    (here / "data" / "S_20200301.tif").unlink()
    dry = _run("sync", "d.isdef", "--dry-run")
    assert "Would be: 1 new, 0 changed, 1 marked as not found, 0 back." in dry.output
    done = _run("sync", "d.isdef")
    assert (done.exit_code, "1 new, 0 changed, 1 marked" in done.output) == (0, True)
    assert "0 new, 0 changed, 0 marked" in _run("sync", "d.isdef").output
    (here / "data").rename(here / "elsewhere")
    lost = _run("sync", "d.isdef", "--gone", "remove")
    assert lost.exit_code == 1
    assert "--gone-folders believes it" in lost.output


def test_check_ends_with_code_1_and_writes_all_faults(here: Path) -> None:
    assert _run("check", "d.isdef", "--deep").exit_code == 0
    (here / "data" / "S_20200302.tif").unlink()
    result = _run("check", "d.isdef", "-o", "faults.csv")
    assert result.exit_code == 1
    assert "missing   S_20200302" in result.output
    with (here / "faults.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["OBJECTID", "Name", "Kind", "File", "Why"]
    assert rows[1][:3] == ["2", "S_20200302", "missing"]


def test_repair_names_moved_files_anew(here: Path) -> None:
    (here / "data").rename(here / "moved")
    old, new = str(here / "data"), str(here / "moved")
    dry = _run("repair", "paths", "d.isdef", old, new, "--dry-run")
    assert "Would name 3 files of 3 items anew; 0 of them are not there." in dry.output
    assert "3 faults" in _run("check", "d.isdef").output
    done = _run("repair", "paths", "d.isdef", old, new)
    assert "3 items are as they were, 0 to be built again" in done.output
    assert "nothing is wrong" in _run("check", "d.isdef").output
    assert "Built 0 items" in _run("build", "d.isdef").output
    wrong = _run("repair", "paths", "d.isdef", "(", new, "--regex")
    assert "FROM" in str(wrong.exception)


def test_a_dry_run_of_add_reads_nothing(here: Path) -> None:
    write_scene(here / "data" / "S_20200304.tif", 4500, 0, 4)
    told = _run("add", "d.isdef", "data", "--dry-run").output
    assert "Would read 1 new products and 0 known ones." in told
    assert "3 items" in _run("check", "d.isdef").output


def test_items_are_listed_as_other_commands_name_them(here: Path) -> None:
    lines = _run("items", "d.isdef").output.splitlines()
    assert lines[0].split()[:2] == ["OBJECTID", "category"]
    assert lines[1].split() == ["1", "primary", "ready", "raster-dataset", "10", "S_20200301"]
    assert lines[-1] == "3 items."
    few = _run("items", "d.isdef", "--where", "OBJECTID > 1", "--limit", "1").output
    assert "S_20200302" in few
    assert few.endswith("1 items, 1 more.\n")
    told = json.loads(_run("items", "d.isdef", "--limit", "1", "--json").output)
    assert (told["OBJECTID"], told["Name"], told["Status"]) == (1, "S_20200301", "ready")
    assert told["LowPS"] == pytest.approx(10.0)


def test_relative_places_are_repaired_and_what_fits_nothing_is_refused(here: Path) -> None:
    (here / "data").rename(here / "moved")
    assert "Named 3 files of 3 items" in _run("repair", "paths", "d.isdef", "data", "moved").output
    assert "nothing is wrong" in _run("check", "d.isdef").output
    for extra in ((), ("--dry-run",)):
        again = _run("repair", "paths", "d.isdef", "data", "moved", *extra)
        assert again.exit_code == 1
        assert "fits none of the 3 files" in str(again.exception)


def test_damage_that_a_build_noted_is_a_fault(here: Path) -> None:
    with DefinitionFolder(here / "d.isdef").table() as table:
        table.update(2, {"StatusMessage": "A part of it cannot be read (block 3)."})
    found = _run("check", "d.isdef")
    assert found.exit_code == 1
    assert "corrupt" in found.output
    assert "S_20200302" in found.output
    assert _run("check", "d.isdef", "--where", "OBJECTID = 1").exit_code == 0
    assert "cannot be read" in _run("validate", "d.isdef").output


def test_calculations_tell_what_is_wrong_with_a_field_and_what_is_null(here: Path) -> None:
    assert str(_run("calculate", "d.isdef", "a b'c", "1").exception).startswith("FIELD: a b'c: ")
    assert (
        "For 3 items the expression gives null." in _run("calculate", "d.isdef", "X", "1/0").output
    )


def test_commands_to_be_pasted_are_quoted_and_slips_are_refused(here: Path) -> None:
    made = _run("create", "o d'.isdef")
    assert """swath definition add 'o d'"'"'.isdef' PATH""" in made.output
    nowhere = _run("create", str(here / "nope" / "x.isdef"))
    assert "there is no folder" in str(nowhere.exception)
    picture = str(here / "nope" / "x.png")
    assert "there is no folder" in str(_run("balance", "d.isdef", "--picture", picture).exception)
    assert not (here / "nope").exists()
    assert ".zmd" in str(_run("compile", "d.isdef", "-o", "d.tif").exception)
    shape = _run("seamlines", "d.isdef", "--method", "order", "--by", "Shape")
    assert "is no field to order by" in str(shape.exception)
    coarse = _run("seamlines", "d.isdef", "--pixel-size", "1e9")
    assert "--pixel-size" in str(coarse.exception)
