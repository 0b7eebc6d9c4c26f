"""Definitions in which items overlap: a row of photographs of one ground, each with noise of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from raster_types.adding.add import AddRequest, add_rasters
from tests.photographs import write_photograph

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    """Four photographs of 1280 m, every 800 m along a row and the last below the second; built."""
    for number, (east, north) in enumerate(((0, 0), (800, 0), (1600, 0), (800, -800))):
        write_photograph(tmp_path / f"p{number}.tif", east, north, number)
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="p*.tif"))
    build_definition(made, BuildOptions(overviews="none", statistics=False))
    return made
