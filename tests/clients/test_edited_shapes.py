"""Shapes edited in QGIS or by OGR stay as they are through rebuilds."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import shapely

from engine.build.build import build_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.footprint_rows import FootprintsRequest, redo_footprints
from engine.build.footprint_rule import FootprintRule
from raster_types.adding.add import AddRequest, add_rasters
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    for number in range(2):
        write_scene(tmp_path / f"s{number}.tif", number * 2000, 0, number)
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="s*.tif"))
    build_definition(made)
    return made


@pytest.fixture(params=["qgis", "ogr"])
def edit(
    request: pytest.FixtureRequest, require_system_module: Callable[[str], Path]
) -> Callable[[DefinitionFolder, str], float]:
    """A function that takes 100 m off around the first shape of a layer and returns its area."""
    python = require_system_module("qgis.core" if request.param == "qgis" else "osgeo")

    def take_off(folder: DefinitionFolder, layer: str) -> float:
        script = Path(__file__).with_name("edit_shapes.py")
        words = [python, script, request.param, folder.catalog, layer, "100"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return float(done.stdout.splitlines()[-1])

    return take_off


def _footprint(folder: DefinitionFolder) -> float:
    with folder.table() as table:
        row = next(table.rows())
    return float(shapely.from_wkb(row.wkb).area)


def _boundary(folder: DefinitionFolder) -> float:
    with folder.table() as table:
        return float(shapely.area(shapely.from_wkb(table.layer_shapes("boundary"))).sum())


def test_a_footprint_edited_there_survives_rebuilds_and_other_rules(
    folder: DefinitionFolder, edit: Callable[[DefinitionFolder, str], float]
) -> None:
    drawn = _footprint(folder)
    area = edit(folder, "footprints")
    assert area < drawn
    build_definition(folder)
    assert _footprint(folder) == pytest.approx(area)
    redo_footprints(folder, FootprintsRequest(rule=FootprintRule(method="extent")))
    assert build_definition(folder).edited == 1
    assert _footprint(folder) == pytest.approx(area)


def test_given_up_it_is_drawn_again(
    folder: DefinitionFolder, edit: Callable[[DefinitionFolder, str], float]
) -> None:
    drawn = _footprint(folder)
    edit(folder, "footprints")
    build_definition(folder)
    found = redo_footprints(folder, FootprintsRequest(rule=FootprintRule(), replace_edited=True))
    assert (found.items, found.edits) == (2, 1)
    build_definition(folder)
    assert _footprint(folder) == pytest.approx(drawn)


def test_a_boundary_edited_there_survives_rebuilds_until_it_is_deleted(
    folder: DefinitionFolder, edit: Callable[[DefinitionFolder, str], float]
) -> None:
    drawn = _boundary(folder)
    area = edit(folder, "boundary")
    assert area < drawn
    build_definition(folder)
    write_scene(folder.path.parent / "s2.tif", 0, 4000, 2)
    paths = [folder.path.parent / "s2.tif"]
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=paths))
    build_definition(folder)
    assert _boundary(folder) == pytest.approx(area)
    with folder.table() as table, table.batch():
        table.execute("DELETE FROM boundary")
    build_definition(folder)
    assert _boundary(folder) > drawn
