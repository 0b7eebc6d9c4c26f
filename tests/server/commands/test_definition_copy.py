"""A definition in PostGIS from the command line, and its copies in files and databases.

Covers engine.build.definition_copy, server.commands.definition_copy and server.commands.options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from engine.build.definition_folder import DefinitionFolder
from engine.errors import ConfigError
from server.cli import app
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with three rasters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "rasters").mkdir()
    for number, name in enumerate(("one", "two", "three")):
        write_raster(tmp_path / "rasters" / f"{name}.tif", ramp(64, 80 + number))
    return tmp_path


def _run(*words: str) -> str:
    done = CliRunner().invoke(app, ["definition", *words])
    if done.exception is not None:
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def _compiled(here: Path, definition: str) -> bytes:
    _run("compile", definition, "-o", "out.zmd")
    return (here / "out.zmd").read_bytes()


def _authored(here: Path, *catalog: str) -> bytes:
    """Author from the command line what `d.isdef` is to be, and return it compiled."""
    _run("create", "d.isdef", *catalog)
    _run("add", "d.isdef", "rasters", "--name-regex", r"(?P<Title>.*)\.tif")
    _run("build", "d.isdef")
    assert "3" in _run("show", "d.isdef")
    _run("validate", "d.isdef")
    return _compiled(here, "d.isdef")


def test_the_command_line_authors_the_same_in_both(here: Path, postgis: str) -> None:
    in_file = _authored(here)
    (here / "d.isdef").rename(here / "file.isdef")
    address = f"{postgis}&schema=typed"
    assert _authored(here, "--catalog", address) == in_file
    assert address in (here / "d.isdef" / "definition.toml").read_text()
    assert not (here / "d.isdef" / "catalog.gpkg").exists()


def test_copies_compile_to_the_same_bytes(here: Path, postgis: str) -> None:
    first = _authored(here)
    told = _run("copy", "d.isdef", "there.isdef", "--catalog", f"{postgis}&schema=copied_there")
    assert "Copied 3 items" in told
    assert _compiled(here, "there.isdef") == first
    _run("copy", "there.isdef", "back.isdef")
    assert _compiled(here, "back.isdef") == first
    assert DefinitionFolder(here / "back.isdef").catalog_name == "catalog.gpkg"
    assert "Copied 3 items from there.isdef" in _run("history", "back.isdef")
    with pytest.raises(ConfigError, match="exists already"):
        _run("copy", "d.isdef", "back.isdef")


def test_a_password_on_the_command_line_is_refused(here: Path) -> None:
    with pytest.raises(ConfigError, match="PGPASSWORD") as caught:
        _run("create", "d.isdef", "--catalog", "postgresql://anna:open-sesame@host/db")
    assert "open-sesame" not in str(caught.value)
    assert not (here / "d.isdef" / "definition.toml").exists()
