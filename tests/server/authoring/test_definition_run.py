"""`swath definition run`: one file from create to publish, repeated and resumed.

Covers server.commands.definition_run.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from engine.build import demo_scenes
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.build.progress import no_progress
from engine.errors import ConfigError, InvalidParameter
from server.cli import app
from server.site.data_folder import DataFolder
from tests.photographs import write_photograph
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from typer.testing import Result

_README = Path(__file__).resolve().parents[3] / "README.md"
_EXAMPLE = Path(__file__).resolve().parents[3] / "config" / "examples" / "run.toml"
_FILE = """
[definition]
path = "made/s.isdef"

[service]
title = "Scenes"

[[add]]
paths = ["data"]
type = "raster-dataset"
name_regex = '_(?P<AcqDate>\\d{8})'

[[calculate]]
field = "Day"
expression = "day(AcqDate)"

[overviews]
mode = "all"

[compile]

[publish]
name = "folder/s"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a run file and three scenes; commands are run from another one."""
    (tmp_path / "home" / "data").mkdir(parents=True)
    for number in range(3):
        name = f"S_2020030{number + 1}.tif"
        write_scene(tmp_path / "home" / "data" / name, number * 1500, 0, number)
    (tmp_path / "home" / "run.toml").write_text(_FILE)
    return tmp_path / "home"


def _run(home: Path, *options: str) -> Result:
    environment = {"COLUMNS": "200", "SWATH_DATA": ""}
    words = ["definition", "run", str(home / "run.toml"), *options]
    return CliRunner().invoke(app, words, env=environment)


def _commands(home: Path) -> list[str]:
    with DefinitionFolder(home / "made" / "s.isdef").table() as table:
        return [line.command for line in history(table)]


def test_one_file_makes_a_service_and_paths_count_from_it(home: Path) -> None:
    result = _run(home)
    assert result.exit_code == 0, result.output
    assert result.output.endswith("Done.\n")
    assert "Next:" not in result.output
    folder = DefinitionFolder(home / "made" / "s.isdef")
    assert folder.properties().title == "Scenes"
    entry = DataFolder(home / "swath-data").entry("folder/s")
    assert entry is not None
    assert (home / "made" / "s.zmd").is_file()
    assert _commands(home) == ["create", "add", "calculate", "build"]


def test_a_second_run_changes_nothing_and_says_so(home: Path) -> None:
    _run(home)
    files = {
        path: path.stat().st_mtime_ns for path in home.rglob("*") if path.suffix in (".zmd", ".tif")
    }
    before = _commands(home)
    again = _run(home)
    assert again.exit_code == 0
    assert again.output.endswith("Nothing was to be done.\n")
    assert again.output.count("nothing to do") == 4
    assert _commands(home) == before
    assert {path: path.stat().st_mtime_ns for path in files} == files


def test_a_new_scene_costs_its_own_work(home: Path) -> None:
    _run(home)
    first = DataFolder(home / "swath-data").entry("folder/s")
    write_scene(home / "data" / "S_20200304.tif", 4500, 0, 4)
    told = _run(home, "--dry-run").output
    assert "Would read 1 new products" in told
    assert "would run" in told
    result = _run(home)
    assert "Added 1 items" in result.output
    assert "4 items" in result.output
    second = DataFolder(home / "swath-data").entry("folder/s")
    assert first is not None
    assert second is not None
    assert second.version != first.version


def test_what_is_edited_by_hand_is_taken_up(home: Path) -> None:
    _run(home)
    with DefinitionFolder(home / "made" / "s.isdef").table() as table:
        table.update(1, {"Tag": "mine"})
    assert _run(home).output.endswith("Done.\n")
    assert _run(home).output.endswith("Nothing was to be done.\n")


def test_a_lost_compiled_file_is_made_again_to_the_same_bytes(home: Path) -> None:
    _run(home)
    compiled = home / "made" / "s.zmd"
    content = compiled.read_bytes()
    compiled.unlink()
    result = _run(home)
    assert "build\n  nothing to do" in result.output
    assert compiled.read_bytes() == content
    assert "serves this version" in result.output


def test_a_dry_run_before_the_first_makes_nothing(home: Path) -> None:
    result = _run(home, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "would add data" in result.output
    assert sorted(path.name for path in home.iterdir()) == ["data", "run.toml"]


@pytest.mark.parametrize("stopped", ["add_rasters", "build_definition", "compile_definition"])
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    other = shutil.copytree(home, tmp_path / "other")
    modules = {
        "add_rasters": "raster_types.adding.add",
        "build_definition": "engine.build.build",
        "compile_definition": "engine.build.compile",
    }

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"{modules[stopped]}.{stopped}", stop)
        assert _run(home).exit_code != 0
    assert _run(home).exit_code == 0
    assert _run(other).exit_code == 0
    assert _titles(home) == _titles(other)
    assert _run(home).output.endswith("Nothing was to be done.\n")


_RECIPE = """
[definition]
path = "made/s.isdef"

[service]
mosaic_method = "Seamline"

[[add]]
paths = ["data"]
name_regex = '_(?P<AcqDate>\\d{8})'

[[calculate]]
field = "Year"
expression = "year(AcqDate)"

[balance]

[seamlines]
method = "radiometric"

[overviews]
mode = "all"
by = "Year"

[compile]
"""


@pytest.mark.parametrize(
    "stopped",
    [
        "engine.build.seamlines.make.make_seamlines",
        "engine.build.seamlines.make.note_history",
        "engine.build.build.make_overviews",
    ],
)
def test_balanced_seams_and_overviews_come_out_alike_however_often_a_run_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    for number, (east, north) in enumerate(((0, 0), (800, 0), (800, -800))):
        write_photograph(home / "data" / f"P_2020030{number + 1}.tif", east, north, number)
    (home / "run.toml").write_text(_RECIPE)
    other = shutil.copytree(home, tmp_path / "other")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stopped, stop)
        assert _run(home).exit_code != 0
    for each in (home, other):
        result = _run(each)
        assert result.exit_code == 0, f"{result.output}\n{result.exception}"
        assert "3 seamlines made" in result.output
    assert _titles(home) == _titles(other)
    assert _layers(home) == _layers(other)
    assert len(_layers(home)["seamlines"]) == 3
    assert any(row[1] == 2 for row in _overviews(home))
    assert _overviews(home) == _overviews(other)
    assert _run(home).output.endswith("Nothing was to be done.\n")


def test_the_steps_of_the_readme_run_through_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, (east, north) in enumerate(((0, 0), (800, 0), (800, -800))):
        (tmp_path / "in").mkdir(exist_ok=True)
        write_photograph(tmp_path / "in" / f"P_2020030{number + 1}.tif", east, north, number)
    text = _README.read_text(encoding="utf-8").partition("Then make one picture of them")[2]
    steps = [
        shlex.split(line, comments=True)[2:]
        for line in text.partition("\nFootprints")[0].splitlines()
        if line.startswith("    swath definition ")
    ]
    wanted = ["calculate", "build", "balance", "seamlines", "build", "items", "sync", "run"]
    assert [step[0] for step in steps] == wanted
    regex = r"_(?P<AcquisitionDate>\d{8})"
    first = [["create", "scenes.isdef"], ["add", "scenes.isdef", "in", "--name-regex", regex]]
    last = [["compile", "scenes.isdef"], ["validate", "scenes.isdef"]]
    for step in (*first, *steps[:-1], *last):
        result = CliRunner().invoke(app, ["definition", *step])
        assert result.exit_code == 0, f"{step}: {result.output}\n{result.exception}"
    assert (tmp_path / "seams.png").is_file()
    with DefinitionFolder(tmp_path / "scenes.isdef").table() as table:
        assert {row.attributes.get("Year") for row in table.rows("Category = 1")} == {2020}
        assert table.count("StatusId = 0 AND Category = 1") == 3


def _layers(home: Path) -> dict[str, list[tuple[object, ...]]]:
    with DefinitionFolder(home / "made" / "s.isdef").table() as table:
        return {
            layer: [tuple(row) for row in table.execute(f"SELECT * FROM {layer} ORDER BY fid")]
            for layer in ("seamlines", "boundary")
        }


def _overviews(home: Path) -> list[tuple[object, ...]]:
    with DefinitionFolder(home / "made" / "s.isdef").table() as table:
        return [(row.name, row.category, row.wkb) for row in table.rows("Category = 2")]


def _titles(home: Path) -> list[tuple[object, ...]]:
    with DefinitionFolder(home / "made" / "s.isdef").table() as table:
        return [
            (row.id, row.status, row.wkb, sorted(row.attributes.items(), key=str))
            for row in table.rows()
        ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[add]]\npaths = ["data"]\nrecursiv = true', "recursiv"),
        ('[[add]]\npaths = ["data"]\nrecursive = "yes"', "true or false"),
        ('[[add]]\npaths = ["data"]\ntype = "landsatt"', "landsat"),
        ('[overviews]\nmode = "some"', "auto, none, all"),
        ("[overviews]\nlevels = 3", "known"),
        ('[balance]\nmethod = "magic"', "gain-offset"),
        ("[build]\ndefinition = 'x'", "is unknown"),
        ('[[field]]\nname = "A"\ntype = "blob"', "expected one of text, integer"),
        ('[service]\ntitel = "x"', "titel"),
        ('[service]\nmosaic_method = "Foo"', "expected one of"),
        ('[compile]\n[publish]\nname = "../x"', "../x"),
        ('[compile]\noutput = "x.tif"', ".zmd"),
    ],
)
def test_unknown_keys_and_wrong_values_are_named(home: Path, text: str, says: str) -> None:
    (home / "run.toml").write_text(f'[definition]\npath = "made/s.isdef"\n{text}\n')
    result = _run(home)
    assert isinstance(result.exception, ConfigError | InvalidParameter), result.output
    assert says in str(result.exception)
    assert not (home / "made").exists()


def test_the_example_runs_over_scenes_of_the_demo(tmp_path: Path) -> None:
    scenes = demo_scenes.make_blue_marble(tmp_path / "all", no_progress)
    home = tmp_path / "home"
    (home / "scenes").mkdir(parents=True)
    for scene in sorted(scenes)[:5]:
        shutil.copy(scene, home / "scenes")
    shutil.copy(tmp_path / "all" / "scenes.csv", home / "scenes")
    shutil.copy(_EXAMPLE, home / "run.toml")
    result = _run(home)
    assert result.exit_code == 0, f"{result.output}\n{result.exception}"
    entry = DataFolder(home / "swath-data").entry("demo/scenes")
    assert entry is not None
    assert "Balanced" in result.output
    assert "seamlines made" in result.output
    with DefinitionFolder(home / "scenes.isdef").table() as table:
        months = [row.attributes["Month"] for row in table.rows("Category = 1")]
        assert table.count("Category = 1 AND Zone IS NOT NULL") == 5
    assert all(5 <= int(str(month)) <= 9 for month in months)
    again = _run(home)
    assert again.output.endswith("Nothing was to be done.\n"), again.output
