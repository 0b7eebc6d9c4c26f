"""`swath definition`, as typed: from a folder of files to a compiled service.

Covers server.authoring.definition_report, server.authoring.progress_bars and server.commands.definition_preview.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from engine.build.definition_folder import DefinitionFolder
from engine.errors import ImageServerError
from server.cli import app
from tests.synthetic import ramp, write_geotiff, write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S = 60


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a few scenes in `data/`."""
    (tmp_path / "data").mkdir()
    for number in range(3):
        write_scene(tmp_path / "data" / f"S_2020030{number + 1}.tif", number * 1500, 0, number)
    (tmp_path / "data" / "broken.tif").write_bytes(b"II*\0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["definition", *words])


def _author(here: Path) -> Path:
    for words in (
        ("create", "d.isdef"),
        ("add", "d.isdef", "data", "--name-regex", r"_(?P<AcqDate>\d{8})"),
        ("build", "d.isdef"),
    ):
        result = _run(*words)
        assert result.exit_code == 0, result.output
    return here / "d.isdef"


def test_the_walk_from_files_to_a_compiled_service(here: Path) -> None:
    assert "Next: swath definition add" in _run("create", "d.isdef").output
    added = _run("add", "d.isdef", "data", "--name-regex", r"_(?P<AcqDate>\d{8})")
    assert "Added 3 items" in added.output
    assert "1 cannot be used" in added.output
    assert "1 failed" in added.output
    built = _run("build", "d.isdef")
    assert "Built 3 items" in built.output
    shown = _run("show", "d.isdef").output
    assert "3 ready, 0 not built, 1 failed" in shown
    assert re.search(r"crs +EPSG:32633 +\(from the data\)", shown)
    assert re.search(r"time_field +AcqDate", shown)
    assert "broken" in shown
    compiled = _run("compile", "d.isdef", "-o", "out.zmd")
    assert compiled.exit_code == 0
    assert (here / "out.zmd").is_file()
    assert "Next: swath publish out.zmd" in compiled.output


def test_validate_tells_what_is_wrong_by_its_code(here: Path) -> None:
    folder = _author(here)
    result = _run("validate", "d.isdef")
    assert result.exit_code == 1
    assert "broken" in result.output
    with DefinitionFolder(folder).table() as table:
        table.delete([row.id for row in table.rows("StatusId >= 100")])
    assert _run("validate", "d.isdef").exit_code == 0
    (here / "data" / "S_20200301.tif").unlink()
    write_scene(here / "data" / "S_20200302.tif", 0, 0, 77)
    result = _run("validate", "d.isdef")
    assert "No such file" in result.output
    assert "has changed" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("create", "d"), "ends with .isdef"),
        (("create", "n.isdef", "--crs", "EPSG:0"), "--crs"),
        (("create", "n.isdef", "--pixel-type", "U9"), "U16"),
        (("add", "none.isdef", "data"), "swath definition create"),
        (("add", "d.isdef", "nowhere"), "does not exist"),
        (("add", "d.isdef", "data", "--bands", "0"), "--bands"),
        (("add", "d.isdef", "data", "--valid-range", "9,1"), "--valid-range"),
        (("add", "d.isdef", "data", "--srs", "mars"), "--srs"),
        (("add", "d.isdef", "data", "--type", "landsats"), "raster-dataset"),
        (("add", "d.isdef", "data", "--name-regex", "x"), "named group"),
        (("add", "d.isdef", "data", "--attributes", "none.csv"), "none.csv"),
        (("build", "d.isdef"), "no raster can be served"),
        (("compile", "d.isdef"), "swath definition build"),
    ],
)
def test_mistakes_are_one_sentence(here: Path, words: tuple[str, ...], says: str) -> None:
    if words[0] != "create":
        _run("create", "d.isdef")
    result = _run(*words)
    assert result.exit_code != 0
    assert isinstance(result.exception, ImageServerError)
    assert says in str(result.exception)


def test_options_reach_the_definition(here: Path) -> None:
    _run("create", "d.isdef", "--crs", "EPSG:3857", "--bands", "2", "--pixel-type", "u16")
    text = (here / "d.isdef" / "definition.toml").read_text()
    assert 'crs = "EPSG:3857"' in text
    assert "bands = 2" in text
    assert 'pixel_type = "U16"' in text
    write_geotiff(here / "bare.tif", ramp(16, 16, 3), crs=None)
    result = _run(
        *("add", "d.isdef", "bare.tif", "--srs", "32633", "--bands", "3,1"),
        *("--nodata", "7", "--valid-range", "1,200"),
    )
    assert result.exit_code == 0
    with DefinitionFolder(here / "d.isdef").table() as table:
        source = next(table.rows()).raster.sources[0]
    assert (source.crs, source.bands, source.no_data) == ("EPSG:32633", (3, 1), "7.0")
    assert source.valid_range == (1, 200)


@pytest.fixture
def preview(here: Path) -> Iterator[str]:
    """The address of a running preview."""
    _author(here)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [
        sys.executable,
        "-m",
        "server.cli",
        "definition",
        "preview",
        "d.isdef",
        "--port",
        "0",
    ]
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen(
        command, cwd=here, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line.split(" at ")[1].strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(_START_S) == 0


def test_preview_serves_the_definition_as_it_stands(here: Path, preview: str) -> None:
    base = preview.partition("/map/")[0]
    with urllib.request.urlopen(preview, timeout=_START_S) as page:
        assert b"<html" in page.read()
    root = f"{base}/arcgis/rest/services/d/ImageServer?f=json"
    with urllib.request.urlopen(root, timeout=_START_S) as answer:
        assert json.load(answer)["bandCount"] == 3
    assert sorted(entry.name for entry in here.iterdir()) == ["d.isdef", "data"]
