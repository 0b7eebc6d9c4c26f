"""Definitions whose files were moved.

Covers engine.build.path_rule and engine.build.moved_rows.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.build.path_repair import preview_repair, repair_paths
from engine.build.path_rule import prefix_rule, regex_rule, with_any_path, with_paths
from engine.errors import ConfigError
from raster_types.adding.add import add_rasters
from raster_types.adding.add_request import AddRequest
from raster_types.adding.additions import known_additions
from raster_types.adding.sync import sync_definition
from raster_types.base import ItemOptions
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for number in range(3):
        write_scene(tmp_path / "data" / f"{number}.tif", number * 1500, 0, number)
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> DefinitionFolder:
    """A built definition, of which one kind of option makes a note of how items were added."""
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    options = ItemOptions(bands=(3, 2, 1))
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[data], options=options))
    build_definition(made, BuildOptions(overviews="all"))
    return made


def test_moved_files_need_no_building(folder: DefinitionFolder, data: Path, tmp_path: Path) -> None:
    moved = data.rename(tmp_path / "moved")
    overviews = [(path, path.stat().st_mtime_ns) for path in folder.overviews.iterdir()]
    report = repair_paths(folder, prefix_rule(str(data), str(moved)), "moved")
    assert (report.files, report.items, report.kept, report.changed) == (3, 3, 3, 0)
    again = build_definition(folder, BuildOptions(overviews="all"))
    assert (again.built, again.overviews, again.missing) == (0, 0, [])
    assert overviews
    assert [(path, path.stat().st_mtime_ns) for path, _ in overviews] == overviews
    compile_definition(folder.path, tmp_path / "out.zmd")
    assert not sync_definition(folder).is_changed
    with folder.table() as table:
        (known,) = known_additions(table)
        assert known.paths == (str(moved),)
        assert next(table.rows()).headers[0].path == str(moved / "0.tif")
        assert "repair paths" in [line.command for line in history(table)]


def test_moving_there_and_back_needs_no_building(folder: DefinitionFolder, data: Path) -> None:
    other = data.with_name("other")
    for start, end in ((data, other), (other, data), (data, other)):
        start.rename(end)
        report = repair_paths(folder, prefix_rule(str(start), str(end)), "moved")
        assert report.kept == 3
        assert build_definition(folder, BuildOptions(overviews="all")).built == 0


def test_copies_of_another_time_are_known_by_their_headers(
    folder: DefinitionFolder, data: Path
) -> None:
    copies = data.with_name("copies")
    shutil.copytree(data, copies)
    for number in range(3):
        os.utime(copies / f"{number}.tif", ns=(5, 5))
    write_scene(copies / "2.tif", 9000, 0, 2)
    assert (copies / "2.tif").stat().st_size == (data / "2.tif").stat().st_size
    report = repair_paths(folder, prefix_rule(str(data), str(copies)), "copied")
    assert (report.kept, report.changed) == (2, 1)
    built = build_definition(folder)
    # The item and the overview that it is in.
    assert (built.built, built.overviews) == (1, 1)
    with folder.table() as table:
        geotransform = next(table.rows("Name = '2'")).headers[0].geotransform
    assert geotransform is not None
    assert geotransform[0] == pytest.approx(509000.0, abs=1e6)


def test_rows_edited_since_the_last_build_are_built(folder: DefinitionFolder, data: Path) -> None:
    with folder.table() as table:
        row = next(table.rows())
        table.update(row.id, {"Raster": row.raster_text.replace("[3,2,1]", "[1,2,3]")})
    moved = data.rename(data.with_name("moved"))
    report = repair_paths(folder, prefix_rule(str(data), str(moved)), "moved")
    assert (report.kept, report.changed) == (2, 1)
    built = build_definition(folder)
    # The item and the overview that it is in.
    assert (built.built, built.overviews) == (1, 1)


def test_where_no_file_is_nothing_is_changed(folder: DefinitionFolder, data: Path) -> None:
    rule = prefix_rule(str(data), "/nowhere/at/all")
    report = preview_repair(folder, rule, "moved")
    assert (report.files, len(report.missing)) == (3, 3)
    with pytest.raises(ConfigError, match="nothing was changed"):
        repair_paths(folder, rule, "moved")
    with folder.table() as table:
        assert next(table.rows()).headers[0].path == str(data / "0.tif")


def test_a_regular_expression_moves_files_too(folder: DefinitionFolder, data: Path) -> None:
    for number in range(3):
        (data / str(number)).mkdir()
        (data / f"{number}.tif").rename(data / str(number) / "scene.tif")
    report = repair_paths(folder, regex_rule(r"/(\d)\.tif$", r"/\1/scene.tif"), "sorted")
    assert (report.kept, report.missing) == (3, [])
    assert build_definition(folder).built == 0


@pytest.mark.parametrize(
    ("old", "new", "path", "wanted"),
    [
        ("/a", "/b", "/a/x.tif", "/b/x.tif"),
        ("/a/", "/b/", "/a/x.tif", "/b/x.tif"),
        ("/a", "/b", "/ab/x.tif", "/ab/x.tif"),
        ("/a", "/b", "/c/a/x.tif", "/c/a/x.tif"),
        ("/a/x.tif", "/b/y.tif", "/a/x.tif", "/b/y.tif"),
        ("\\\\host\\share", "/mnt", "\\\\host\\share\\in\\x.tif", "/mnt/in/x.tif"),
        ("D:\\in", "E:\\in", "D:\\in\\x.tif", "E:\\in\\x.tif"),
    ],
)
def test_whole_names_are_replaced(old: str, new: str, path: str, wanted: str) -> None:
    assert prefix_rule(old, new)(path) == wanted


@pytest.mark.parametrize(("pattern", "new"), [("(", "x"), ("a", r"\1"), ("(a)", r"\g<no>")])
def test_wrong_patterns_are_refused(pattern: str, new: str) -> None:
    with pytest.raises(ConfigError, match="FROM"):
        regex_rule(pattern, new)


def test_only_paths_are_rewritten() -> None:
    rule = prefix_rule("/a", "/b")
    record = {"path": "/a/1", "name": "/a/1", "more": [{"source": "/a/2", "bands": [1]}]}
    assert with_paths(record, rule) == {
        "path": "/b/1",
        "name": "/a/1",
        "more": [{"source": "/b/2", "bands": [1]}],
    }
    assert with_any_path({3: ["x", ["/a/1"], {"/a/2": [1, 2]}]}, rule) == {
        3: ["x", ["/b/1"], {"/b/2": [1, 2]}]
    }
    for empty in (("", "/b"), ("/a", ""), ("/", "/b")):
        with pytest.raises(ConfigError):
            prefix_rule(*empty)
