"""From a folder of files to a built definition, and built again.

Covers engine.build.settle, engine.build.service_totals, engine.build.item_build,
engine.build.item_pixels, engine.build.fingerprint, engine.build.build_options,
engine.build.service_facts, engine.build.boundary, engine.build.reproject_shapes,
engine.build.band_description, engine.build.band_mapping, engine.build.workers and
engine.build.progress.

Covers engine.build.sum_up too.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions, BuildReport
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError
from engine.pixel_type import PixelType
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from tests.synthetic import place, ramp, slanted_valid, write_geotiff, write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.item_row import ItemRow

NO_OVERVIEWS = BuildOptions(overviews="none")


def _define(tmp_path: Path, *files: Path, options: ItemOptions | None = None) -> DefinitionFolder:
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    _add(folder, *files, options=options)
    return folder


def _add(folder: DefinitionFolder, *files: Path, options: ItemOptions | None = None) -> None:
    request = AddRequest(
        raster_type="raster-dataset", paths=list(files), options=options or ItemOptions()
    )
    add_rasters(folder, request)


def _rows(folder: DefinitionFolder) -> dict[str, ItemRow]:
    with folder.table() as table:
        return {row.name: row for row in table.rows()}


def _build(folder: DefinitionFolder, options: BuildOptions = NO_OVERVIEWS) -> BuildReport:
    return build_definition(folder, options)


def _set_property(folder: DefinitionFolder, line: str) -> None:
    name = line.partition(" =")[0]
    lines = folder.toml.read_text().splitlines()
    kept = [line if old.partition(" =")[0] == name else old for old in lines]
    folder.toml.write_text("\n".join(kept))


def test_a_service_takes_its_crs_bands_and_type_from_its_sources(tmp_path: Path) -> None:
    files = [write_scene(tmp_path / f"{n}.tif", n * 1500, 0, n) for n in range(3)]
    facts = _build(_define(tmp_path, *files)).facts
    assert facts is not None
    assert (facts.crs, facts.pixel_type, len(facts.bands)) == ("EPSG:32633", PixelType.U8, 3)
    assert facts.no_data == (0.0, 0.0, 0.0)
    assert facts.pixel_size_x == 10
    assert facts.extent is not None
    for edge in (facts.extent.xmin, facts.extent.ymax, facts.extent.width, facts.extent.height):
        assert edge % 10 == 0
    assert facts.statistics[0].min >= 40
    assert len(facts.histograms[0].counts) == 256


def test_sources_of_several_crs_become_web_mercator(tmp_path: Path) -> None:
    a = write_geotiff(tmp_path / "a.tif", ramp(64, 64))
    b = write_geotiff(tmp_path / "b.tif", ramp(64, 64), crs="EPSG:32634")
    facts = _build(_define(tmp_path, a, b)).facts
    assert facts is not None
    assert facts.crs == "EPSG:3857"


def test_one_more_scene_never_changes_what_was_settled(tmp_path: Path) -> None:
    folder = _define(tmp_path, write_scene(tmp_path / "a.tif", 0, 0, 1))
    _build(folder)
    _add(folder, write_geotiff(tmp_path / "b.tif", ramp(64, 64, 4, "uint16"), crs="EPSG:32634"))
    report = _build(folder)
    assert report.facts is not None
    assert (report.facts.crs, len(report.facts.bands)) == ("EPSG:32633", 3)
    note = next(text for _, name, text in report.notes if name == "b")
    assert "4 bands, the service 3" in note
    assert "U16, the service's U8" in note
    assert "none, the service's 0" in note


def test_properties_come_before_what_was_settled(tmp_path: Path) -> None:
    folder = _define(tmp_path, write_scene(tmp_path / "a.tif", 0, 0, 1))
    _build(folder)
    _set_property(folder, 'crs = "EPSG:3857"')
    _set_property(folder, "bands = 2")
    _set_property(folder, "picture_bands = [2]")
    facts = _build(folder).facts
    assert facts is not None
    assert (facts.crs, len(facts.bands), facts.picture_bands) == ("EPSG:3857", 2, (1,))
    with folder.table() as table:
        boundary = shapely.from_wkb(table.layer_shapes("boundary")[0])
    assert boundary.bounds[0] == pytest.approx(1_670_000, rel=0.01)
    _set_property(folder, 'band_names = ["only one"]')
    with pytest.raises(ConfigError, match="1 names for 2 bands"):
        _build(folder)


def test_nothing_to_build_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no raster can be served"):
        _build(DefinitionFolder.create(tmp_path / "d.isdef"))


def test_footprints_follow_no_data_and_auto_keeps_the_extent_without_it(tmp_path: Path) -> None:
    plain = write_geotiff(tmp_path / "plain.tif", ramp(200, 200), place(5000))
    collar = write_scene(tmp_path / "collar.tif", 0, 0, 3)
    rows = _rows_built(_define(tmp_path, plain, collar))
    assert rows["plain"].built.rings == b""
    assert rows["collar"].built.rings != b""
    valid = slanted_valid(256, 256).sum() * 100
    assert shapely.from_wkb(rows["collar"].wkb).area == pytest.approx(valid, rel=0.03)


def _rows_built(
    folder: DefinitionFolder, options: BuildOptions = NO_OVERVIEWS
) -> dict[str, ItemRow]:
    _build(folder, options)
    return _rows(folder)


@pytest.mark.parametrize("kind", ["mask", "alpha", "range", "nan"])
def test_footprints_follow_masks_alpha_ranges_and_nan(tmp_path: Path, kind: str) -> None:
    valid = slanted_valid(256, 256)
    path, options = tmp_path / "a.tif", ItemOptions()
    if kind == "mask":
        write_geotiff(path, ramp(256, 256), mask=valid)
    elif kind == "alpha":
        data = ramp(256, 256, 4)
        data[3] = valid * 255
        write_geotiff(path, data, photometric="rgb", alpha="yes")
    elif kind == "range":
        write_geotiff(path, np.where(valid, ramp(256, 256) // 2 + 20, 3))
        options = ItemOptions(valid_range=(10, 255))
    else:
        data = np.where(valid, ramp(256, 256).astype("float32"), np.nan)
        write_geotiff(path, data)
    row = _rows_built(_define(tmp_path, path, options=options))["a"]
    assert shapely.from_wkb(row.wkb).area == pytest.approx(valid.sum() * 100, rel=0.03)


def test_radiometry_takes_black_for_the_collar_where_nothing_is_declared(tmp_path: Path) -> None:
    data = np.where(slanted_valid(256, 256), ramp(256, 256, 3), 0).astype("uint8")
    data[:, 120:130, 120:130] = 0
    folder = _define(tmp_path, write_geotiff(tmp_path / "a.tif", data))
    assert _rows_built(folder)["a"].built.rings == b""
    options = BuildOptions(overviews="none", footprints="radiometry")
    row = _rows_built(folder, options)["a"]
    assert len(shapely.from_wkb(row.wkb).geoms[0].interiors) == 0
    assert row.built.rings != b""
    # The choice stays with the definition.
    assert _build(folder).unchanged == 1


def test_building_again_opens_nothing_that_is_unchanged(tmp_path: Path) -> None:
    files = [write_scene(tmp_path / f"{n}.tif", n * 1500, 0, n) for n in range(3)]
    folder = _define(tmp_path, *files)
    first = _build(folder)
    for file in files[:2]:
        status = file.stat()
        file.write_bytes(b"x" * status.st_size)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    report = _build(folder)
    assert (report.built, report.unchanged, report.failed) == (0, 3, [])
    assert report.facts == first.facts


def test_incremental_totals_equal_those_made_at_once(tmp_path: Path) -> None:
    files = [write_scene(tmp_path / f"{n}.tif", n * 1500, 0, n) for n in range(4)]
    at_once = _build(_define(tmp_path, *files)).facts
    other = DefinitionFolder.create(tmp_path / "other.isdef")
    for file in files:
        _add(other, file)
        _build(other)
    found = _build(other).facts
    assert found is not None
    assert at_once is not None
    assert found.extent == at_once.extent
    assert found.histograms == at_once.histograms
    for one, two in zip(found.statistics, at_once.statistics, strict=True):
        assert one.mean == pytest.approx(two.mean)
        assert one.std == pytest.approx(two.std)


def test_a_changed_file_keeps_its_objectid_and_gets_a_new_footprint(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", 0, 0, 1)
    folder = _define(tmp_path, path, write_scene(tmp_path / "b.tif", 2000, 0, 2))
    before = _rows_built(folder)["a"]
    write_scene(path, 500, 0, 9, side=300)
    report = _build(folder)
    after = _rows(folder)["a"]
    assert (report.built, report.unchanged) == (1, 1)
    assert after.id == before.id
    assert after.headers[0].width == 300
    assert after.wkb != before.wkb


def test_a_file_that_went_away_leaves_its_item_and_is_reported(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", 0, 0, 1)
    folder = _define(tmp_path, path)
    _build(folder)
    path.unlink()
    report = _build(folder)
    assert report.missing == [str(path)]
    assert _rows(folder)["a"].status is ItemStatus.READY


def test_a_footprint_edited_by_hand_survives_rebuilds_and_a_new_crs(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", 0, 0, 1)
    folder = _define(tmp_path, path)
    box = shapely.from_wkb(_rows_built(folder)["a"].wkb).bounds
    drawn = shapely.MultiPolygon([shapely.box(box[0], box[1], box[0] + 500, box[1] + 400)])
    with folder.table() as table:
        table.set_shape(1, bytes(shapely.to_wkb(drawn)), 32633)
    write_scene(path, 0, 0, 5)
    report = _build(folder)
    assert report.edited == 1
    assert shapely.from_wkb(_rows(folder)["a"].wkb).equals(drawn)
    _set_property(folder, 'crs = "EPSG:3857"')
    assert _build(folder).edited == 1
    row = _rows(folder)["a"]
    assert row.is_edited
    assert shapely.from_wkb(row.wkb).area == pytest.approx(500 * 400 * 2, rel=0.05)


def test_a_raster_definition_edited_wrongly_fails_that_item_alone(tmp_path: Path) -> None:
    folder = _define(
        tmp_path, write_scene(tmp_path / "a.tif", 0, 0, 1), write_scene(tmp_path / "b.tif", 9, 0, 2)
    )
    _build(folder)
    with sqlite3.connect(folder.catalog) as db:
        db.execute("UPDATE footprints SET Raster = '{\"sources\": 5}' WHERE Name = 'a'")
    report = _build(folder)
    assert [name for _, name, _ in report.failed] == ["a"]
    rows = _rows(folder)
    assert rows["a"].status is ItemStatus.BAD_DEFINITION
    assert "Raster" in rows["a"].message
    assert rows["b"].status is ItemStatus.READY


def test_bands_and_no_data_stated_by_the_author_are_used(tmp_path: Path) -> None:
    data = np.stack([np.full((64, 64), v, "uint8") for v in (10, 20, 30, 40)])
    path = write_geotiff(tmp_path / "a.tif", data)
    options = ItemOptions(bands=(4, 3), no_data="30.0")
    facts = _build(_define(tmp_path, path, options=options)).facts
    assert facts is not None
    assert len(facts.bands) == 2
    assert facts.statistics[0].mean == 40
    assert facts.statistics[1].count == 0
    assert facts.no_data == (30.0, 30.0)


def test_a_raster_without_a_valid_pixel_and_one_that_cannot_be_placed_fail(tmp_path: Path) -> None:
    empty = write_geotiff(tmp_path / "empty.tif", np.zeros((1, 64, 64), "uint8"), nodata=0)
    lost = write_geotiff(tmp_path / "lost.tif", ramp(64, 64), place(9e15))
    good = write_geotiff(tmp_path / "good.tif", ramp(64, 64))
    rows = _rows_built(_define(tmp_path, empty, lost, good))
    assert rows["empty"].status is ItemStatus.EMPTY
    assert rows["lost"].status is ItemStatus.NOT_PLACED
    assert rows["good"].status is ItemStatus.READY
    assert rows["lost"].message.endswith(".")


def test_a_raster_with_some_bad_blocks_serves_the_rest(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(1024, 1024), compress="deflate", nodata=0)
    raw = bytearray(path.read_bytes())
    raw[-3000:-2000] = b"\xff" * 1000
    path.write_bytes(raw)
    row = _rows_built(_define(tmp_path, path))["a"]
    assert row.status is ItemStatus.READY
    assert "cannot be read" in row.message
    assert row.built.rings == b""


def test_the_picture_shows_natural_colour_by_wavelength(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(64, 64, 4, "uint16"))
    with rasterio.open(path, "r+") as dataset:
        for band, wave in enumerate((490, 560, 665, 842), 1):
            dataset.update_tags(band, wavelength=str(wave), wavelength_units="Nanometers")
    facts = _build(_define(tmp_path, path)).facts
    assert facts is not None
    assert facts.picture_bands == (2, 1, 0)
    assert facts.bands[3].wavelength_min_nm == 842


def test_a_palette_makes_the_service_thematic(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(64, 64) % 4)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {n: (n, n, n, 255) for n in range(4)})
    facts = _build(_define(tmp_path, path)).facts
    assert facts is not None
    assert facts.data_type == "thematic"
    assert (2, 2, 2, 2) in facts.colormap


def test_without_statistics_there_are_none_until_asked_for(tmp_path: Path) -> None:
    folder = _define(tmp_path, write_scene(tmp_path / "a.tif", 0, 0, 1))
    without = _build(folder, BuildOptions(overviews="none", statistics=False)).facts
    assert without is not None
    assert without.statistics == ()
    assert without.histograms == ()
    with_them = _build(folder).facts
    assert with_them is not None
    assert with_them.statistics[0].count > 0


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    files = [write_scene(tmp_path / f"{n:03}.tif", n * 100, 0, n, side=32) for n in range(130)]
    folder = _define(tmp_path, *files)
    seen = []

    def stop(stage: str, done: int, total: int) -> None:
        seen.append((stage, done, total))
        if stage == "building items" and done >= 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_definition(folder, NO_OVERVIEWS, progress=stop)
    report = _build(folder)
    assert report.unchanged == 64
    assert report.built == 66
    assert report.facts is not None
    assert report.facts.extent is not None


def test_what_is_marked_as_waiting_is_built_though_it_is_as_it_was(tmp_path: Path) -> None:
    folder = _define(tmp_path, write_scene(tmp_path / "a.tif", 0, 0, 1))
    _build(folder)
    with folder.table() as table:
        table.update(1, {"StatusId": int(ItemStatus.ADDED), "StatusMessage": "Build again."})
    assert _build(folder).built == 1
    row = _rows(folder)["a"]
    assert (row.status, row.message) == (ItemStatus.READY, "")
    assert _build(folder).built == 0


def test_a_file_that_is_there_again_is_built_again(tmp_path: Path) -> None:
    files = [write_scene(tmp_path / f"{n}.tif", n * 1500, 0, n) for n in range(2)]
    folder = _define(tmp_path, *files)
    _build(folder)
    files[0].rename(tmp_path / "away.tif")
    report = _build(folder, BuildOptions(overviews="none", footprints="extent"))
    assert [name for _, name, _ in report.failed] == ["0"]
    assert _rows(folder)["0"].status is ItemStatus.NOT_FOUND
    assert _build(folder).built == 0
    (tmp_path / "away.tif").rename(files[0])
    assert _build(folder).built == 1
    assert _rows(folder)["0"].status is ItemStatus.READY
    assert _build(folder).unchanged == 2
