"""`swath definition inspect` says what files are, and its command takes them in.

Covers raster_types.adding.inspection, server.commands.listing and server.commands.product_options too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from typer.testing import CliRunner, Result

from server.cli import app
from tests.engine.rasters import ramp, write_raster
from tests.engine.readers.test_cubes import write_netcdf

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["definition", *words])


def _next_commands(output: str) -> list[list[str]]:
    found = [line.removeprefix("Next: ").strip() for line in output.splitlines()]
    return [line.split()[2:] for line in found if line.startswith("swath definition ")]


@pytest.mark.parametrize("kind", ["plain", "cube"])
def test_the_commands_it_names_take_the_files_in(kind: str, here: Path) -> None:
    (here / "files").mkdir()
    if kind == "plain":
        write_raster(here / "files" / "one.tif", ramp(16, 16))
        write_raster(here / "files" / "two.tif", ramp(16, 16))
    else:
        write_netcdf(here / "files" / "rain.nc")
    told = _run("inspect", "files")
    assert told.exit_code == 0, told.output
    assert ("raster-dataset" if kind == "plain" else "series") in told.output
    commands = _next_commands(told.output)
    assert [words[0] for words in commands] == ["create", "add"]
    for words in commands:
        ended = _run(*("x.isdef" if word == "NAME.isdef" else word for word in words))
        assert ended.exit_code == 0, ended.output
    assert "Added 2 items" in ended.output or "Added 3 items" in ended.output


def test_bands_in_files_of_their_own_get_advice_and_are_not_taken_one_by_one(here: Path) -> None:
    (here / "scene").mkdir()
    for number in range(1, 8):
        write_raster(here / "scene" / f"scene_B{number}.tif", ramp(16, 16))
    told = _run("inspect", "scene")
    assert "--type stack" in told.output
    assert _run("create", "x.isdef").exit_code == 0
    refused = _run("add", "x.isdef", "scene")
    assert refused.exit_code == 1
    assert "stack" in str(refused.exception)


def test_a_folder_of_nothing_is_said_to_be_one(here: Path) -> None:
    (here / "empty").mkdir()
    (here / "empty" / "README.txt").write_text("nothing")
    told = _run("inspect", "empty")
    assert told.exit_code == 1
    assert "swath definition add" not in told.output


def test_values_that_are_not_known_are_refused_by_name(here: Path) -> None:
    write_raster(here / "one.tif", ramp(16, 16))
    assert _run("create", "x.isdef").exit_code == 0
    refused = _run("add", "x.isdef", "one.tif", "--values", "nonsense")
    assert refused.exit_code == 1
    text = str(refused.exception)
    assert "nonsense" in text
    assert "reflectance" in text


def test_a_document_takes_only_the_memory_of_its_own_size(here: Path) -> None:
    # A guarded worker has 400 MB: the most that a document may have must not be asked for at once.
    write_raster(here / "red.tif", ramp(16, 16))
    asset = {"href": "./red.tif", "type": "image/tiff; application=geotiff", "roles": ["data"]}
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "scene", "properties": {}}
    text = msgspec.json.encode(item | {"links": [], "assets": {"red": asset}})
    (here / "item.json").write_bytes(text)
    told = _run("inspect", "item.json")
    assert told.exit_code == 0, told.output
    assert "cannot be used" not in told.output
    assert "pixel size" in told.output
