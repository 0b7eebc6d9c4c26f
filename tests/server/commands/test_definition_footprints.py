"""`swath definition footprints` and `build`, as typed. Covers server.commands.definition_build, listing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from typer.testing import CliRunner, Result

from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.errors import ConfigError
from raster_types.adding.add import AddRequest, add_rasters
from server.cli import app
from tests.synthetic import place, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DefinitionFolder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    data = np.zeros((1, 100, 100), "uint8")
    data[0, 20:80, 10:90] = 100
    for name in ("one", "two"):
        write_geotiff(tmp_path / f"{name}.tif", data, place())
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="*.tif"))
    return made


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["definition", *words])


def _areas(folder: DefinitionFolder) -> list[int]:
    """Return the areas of the footprints in pixels."""
    with folder.table() as table:
        return [round(shapely.from_wkb(row.wkb).area / 100) for row in table.rows()]


def test_a_rule_is_for_all_and_repeated_by_later_builds(folder: DefinitionFolder) -> None:
    assert _run("build", "d.isdef").exit_code == 0
    assert _areas(folder) == [10_000, 10_000]
    done = _run("footprints", "d.isdef", "--method", "radiometry", "--shrink", "5")
    assert done.exit_code == 0, done.output
    assert "2 items have the rule now; built 2" in done.output
    assert _areas(folder) == [50 * 70, 50 * 70]
    write_geotiff(folder.path.parent / "one.tif", np.ones((1, 50, 50), "uint8"), place())
    assert _run("build", "d.isdef").exit_code == 0
    assert _areas(folder) == [40 * 40, 50 * 70]


def test_a_condition_gives_some_items_their_own_rule(folder: DefinitionFolder) -> None:
    _run("build", "d.isdef")
    done = _run(
        *("footprints", "d.isdef", "--method", "radiometry"),
        *("--where", "Name = 'two'", "--valid-range", "1,255"),
    )
    assert "1 items have the rule now; built 1" in done.output
    assert _areas(folder) == [10_000, 60 * 80]
    # The item's own rule stands whatever becomes of the definition's.
    _run("build", "d.isdef", "--footprints", "extent")
    assert _areas(folder) == [10_000, 60 * 80]
    _run("footprints", "d.isdef", "--method", "extent")
    assert _areas(folder) == [10_000, 10_000]
    with folder.table() as table:
        assert [line.command for line in history(table)].count("footprints") == 2


def test_a_range_that_is_none_is_refused(folder: DefinitionFolder) -> None:
    done = _run("footprints", "d.isdef", "--valid-range", "9,1")
    assert isinstance(done.exception, ConfigError)
    assert "the lower first" in str(done.exception)
    assert folder.path.is_dir()


def test_build_says_what_views_would_cost(folder: DefinitionFolder) -> None:
    done = _run("build", "d.isdef")
    assert "would read 2 rasters a tile: no overviews needed." in done.output
    assert folder.path.is_dir()
