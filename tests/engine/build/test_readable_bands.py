"""Damage to one band of a scene costs nothing of the others, and its file is named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from rasterio.shutil import copy

from engine.build.build import build_definition
from engine.build.definition_folder import DefinitionFolder
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from tests.raster_types.landsat_scenes import NAME, write_band, write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.build_options import BuildReport

_SIDE = 400
_BANDS = ("2", "3", "4", "5")


def _built(tmp_path: Path, kept_bytes: int, values: str) -> BuildReport:
    """Build a scene of four bands, the near infrared cut off."""
    scene = tmp_path / "scene"
    write_scene(scene, _BANDS)
    for key in _BANDS:
        plain = write_band(tmp_path / "plain.tif", 10_000 + int(key) * 1000, _SIDE)
        # Its header comes first, so that the file opens when its end is gone.
        options = {"blocksize": 128, "overviews": "none", "compress": "none"}
        band = scene / f"{NAME}_B{key}.TIF"
        # Written over, GDAL would delete the metadata beside it, too.
        band.unlink()
        copy(plain, band, driver="COG", **options)
    os.truncate(scene / f"{NAME}_B5.TIF", kept_bytes)
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    request = AddRequest(raster_type="landsat", paths=[scene], options=ItemOptions(values=values))
    assert add_rasters(folder, request).failed == []
    return build_definition(folder)


@pytest.mark.parametrize("values", ["dn", ""])
def test_of_a_damaged_band_what_can_be_read_is_counted(tmp_path: Path, values: str) -> None:
    report = _built(tmp_path, _SIDE * _SIDE, values)
    assert report.failed == []
    assert report.facts is not None
    *others, damaged = report.facts.statistics
    # The upper left pixel is no data.
    assert [band.count for band in others] == [_SIDE * _SIDE - 1] * 3
    assert 0.3 * _SIDE * _SIDE < damaged.count < 0.6 * _SIDE * _SIDE
    assert damaged.min == damaged.max == (15_000 if values == "dn" else pytest.approx(0.4))
    assert report.facts.picture_bands == (2, 1, 0)
    ((_, _, note),) = report.notes
    assert f"band 4 (NIR) in {NAME}_B5.TIF (" in note
    assert "band 1" not in note


def test_a_band_of_which_nothing_can_be_read_has_no_statistics(tmp_path: Path) -> None:
    report = _built(tmp_path, 1500, "")
    assert report.facts is not None
    *others, damaged = report.facts.statistics
    assert all(band.count for band in others)
    assert damaged.is_empty
    assert f"{NAME}_B5.TIF" in report.notes[0][2]
