"""Seamlines edited in QGIS or by OGR stay through new seamlines, rebuilds and removal."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import shapely

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.build.seamline_rows import Seamline, seamlines_by_item
from engine.build.seamlines.make import make_seamlines, remove_seamlines
from engine.build.seamlines.options import SeamlineOptions, SeamMethod
from raster_types.adding.add import AddRequest, add_rasters
from tests.photographs import write_photograph

if TYPE_CHECKING:
    from collections.abc import Callable

_NONE = BuildOptions(overviews="none", statistics=False)


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    for number in range(3):
        write_photograph(tmp_path / f"p{number}.tif", number * 800, 0, number)
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="p*.tif"))
    build_definition(made, _NONE)
    make_seamlines(made, SeamlineOptions(method=SeamMethod.VORONOI))
    return made


def _lines(folder: DefinitionFolder) -> dict[int, Seamline]:
    with folder.table() as table:
        return seamlines_by_item(table)


@pytest.mark.parametrize("program", ["qgis", "ogr"])
def test_a_shape_and_a_width_edited_there_survive(
    program: str, folder: DefinitionFolder, require_system_module: Callable[[str], Path]
) -> None:
    python = require_system_module("qgis.core")
    before = _lines(folder)
    script = Path(__file__).with_name("edit_seamlines.py")
    words = [python, script, program, folder.catalog, "2", "3"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    area = float(done.stdout.splitlines()[-1])
    assert 0 < area < shapely.from_wkb(before[2].wkb).area
    write_photograph(folder.path.parent / "p3.tif", 2400, 0, 3)
    paths = [folder.path.parent / "p3.tif"]
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=paths))
    build_definition(folder, _NONE)
    for method in (SeamMethod.RADIOMETRIC, SeamMethod.VORONOI):
        report = make_seamlines(folder, SeamlineOptions(method=method))
        # The width that was edited stays, while the shape beside it is made anew.
        assert (report.made, report.edited) == (3, 1)
        after = _lines(folder)
        assert shapely.from_wkb(after[2].wkb).area == pytest.approx(area)
        assert (after[3].blend_width, after[3].blend_type) == (3.0, "inside")
        assert (after[1].blend_width, after[1].blend_type) == (20.0, "both")
    assert remove_seamlines(folder).removed == 3
    assert list(_lines(folder)) == [2]
