"""The commands that keep a definition in order, as typed.

Covers server.commands.definition_sync and server.commands.definition_repair.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from server.cli import app
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a built definition of three scenes in `data/`."""
    (tmp_path / "data").mkdir()
    for number in range(3):
        write_scene(tmp_path / "data" / f"S_2020030{number + 1}.tif", number * 1500, 0, number)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for words in (
        ("create", "d.isdef"),
        ("add", "d.isdef", "data", "--name-regex", r"_(?P<AcqDate>\d{8})"),
        ("build", "d.isdef"),
    ):
        assert _run(*words).exit_code == 0
    return tmp_path


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
