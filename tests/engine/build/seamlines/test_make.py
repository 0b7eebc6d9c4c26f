"""Seamlines of a definition: by each method, anew, of some items, removed, and what people edited.

Covers engine.build.seamlines.kept, engine.build.seamlines.radiometric,
engine.build.seamlines.members, engine.build.seamlines.options, engine.build.seamlines.label_grid and
engine.build.seamlines.regions through the definition's layer, and engine.build.waiting_items.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import shapely

from config.definition import BlendSide
from engine.build import geopackage
from engine.build.balance.balance import balance_definition
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.build.item_row import wkb_extent
from engine.build.seamline_rows import Seamline, seamlines_by_item, set_seamline
from engine.build.seamlines.make import make_seamlines, remove_seamlines
from engine.build.seamlines.options import SeamlineOptions, SeamMethod
from engine.build.workers import InProcess
from engine.errors import ConfigError
from raster_types.adding.add import AddRequest, add_rasters

if TYPE_CHECKING:
    from pathlib import Path

VORONOI = SeamlineOptions(method=SeamMethod.VORONOI)
RADIOMETRIC = SeamlineOptions()
_NONE = BuildOptions(overviews="none", statistics=False)


def _lines(folder: DefinitionFolder) -> dict[int, Seamline]:
    with folder.table() as table:
        return seamlines_by_item(table)


def _shapes(folder: DefinitionFolder) -> dict[int, shapely.Geometry]:
    return {fid: shapely.from_wkb(line.wkb) for fid, line in _lines(folder).items()}


def _footprints(folder: DefinitionFolder) -> dict[int, shapely.Geometry]:
    with folder.table() as table:
        return {row.id: shapely.from_wkb(row.wkb) for row in table.primary_rows()}


def _draw(folder: DefinitionFolder, fid: int, shape: shapely.Geometry) -> None:
    """Change the shape of an item's row, as a person does in QGIS."""
    with folder.table() as table, table.batch():
        ((row,),) = table.execute("SELECT fid FROM seamlines WHERE ItemId = ?", (fid,)).fetchall()
        wkb = bytes(shapely.to_wkb(shapely.MultiPolygon([shape]), byte_order=1))
        set_seamline(table, row, wkb, table.set_crs("EPSG:32633"))


def _assert_partition(folder: DefinitionFolder) -> None:
    shapes, footprints = _shapes(folder), _footprints(folder)
    whole = shapely.union_all(list(footprints.values()))
    areas = shapely.area(list(shapes.values()))
    assert areas.sum() == pytest.approx(whole.area, rel=1e-6)
    assert shapely.union_all(list(shapes.values())).area == pytest.approx(whole.area, rel=1e-6)
    for fid, shape in shapes.items():
        assert shapely.difference(shape, footprints[fid]).area < 1e-3 * shape.area


@pytest.mark.parametrize("method", list(SeamMethod))
def test_every_method_shares_the_whole_mosaic_out_without_overlap(
    folder: DefinitionFolder, method: SeamMethod
) -> None:
    report = make_seamlines(folder, SeamlineOptions(method=method))
    assert (report.made, report.edited, report.notes) == (4, 0, ())
    assert (report.moved > 0) == (method is SeamMethod.RADIOMETRIC)
    _assert_partition(folder)


def test_a_second_run_gives_the_same_and_says_so_in_the_history(folder: DefinitionFolder) -> None:
    make_seamlines(folder, RADIOMETRIC)
    before = _lines(folder)
    report = make_seamlines(folder, RADIOMETRIC)
    assert (report.made, report.edited, report.removed) == (4, 0, 0)
    assert _lines(folder) == before
    with folder.table() as table:
        told = [each.text for each in history(table) if each.command == "seamlines"]
    assert len(told) == 2
    assert "by radiometric" in told[0]


def test_by_order_the_first_keeps_its_whole_footprint(folder: DefinitionFolder) -> None:
    with folder.table() as table, table.batch():
        table.ensure_field("Taken", "TEXT")
        for fid, day in ((1, "2021-05-01"), (2, "2019-05-01"), (3, "2023-05-01")):
            table.execute('UPDATE footprints SET "Taken" = ? WHERE OBJECTID = ?', (day, fid))
    footprints = _footprints(folder)
    order = SeamlineOptions(method=SeamMethod.ORDER, field="Taken")
    make_seamlines(folder, order)
    shapes = _shapes(folder)
    assert shapes[2].equals(footprints[2])
    assert shapes[1].equals(shapely.difference(footprints[1], footprints[2]))
    make_seamlines(folder, replace(order, descending=True))
    shapes = _shapes(folder)
    assert shapes[3].equals(footprints[3])
    # An item without a date comes last either way.
    others = shapely.union_all([footprints[fid] for fid in (1, 2, 3)])
    assert shapes[4].equals(shapely.difference(footprints[4], others))


def test_only_items_that_are_asked_for_take_part(folder: DefinitionFolder) -> None:
    make_seamlines(folder, VORONOI)
    before = _lines(folder)
    report = make_seamlines(folder, replace(VORONOI, where="OBJECTID < 3", blend_width=5.0))
    assert (report.made, report.removed) == (2, 0)
    after = _lines(folder)
    assert {fid: after[fid] for fid in (3, 4)} == {fid: before[fid] for fid in (3, 4)}
    assert {after[fid].blend_width for fid in (1, 2)} == {5.0}


def test_what_was_made_is_removed_all_or_where_a_condition_holds(folder: DefinitionFolder) -> None:
    make_seamlines(folder, VORONOI)
    assert remove_seamlines(folder, "OBJECTID = 2").removed == 1
    assert sorted(_lines(folder)) == [1, 3, 4]
    assert remove_seamlines(folder).removed == 3
    assert _lines(folder) == {}
    assert remove_seamlines(folder).removed == 0


@pytest.mark.parametrize("options", [VORONOI, RADIOMETRIC])
def test_a_shape_that_was_drawn_stays_and_the_others_go_around_it(
    folder: DefinitionFolder, options: SeamlineOptions
) -> None:
    make_seamlines(folder, options)
    drawn = _footprints(folder)[2].buffer(-150, join_style="mitre")
    _draw(folder, 2, drawn)
    build_definition(folder, _NONE)
    for _ in range(2):
        report = make_seamlines(folder, options)
        assert (report.made, report.edited) == (3, 1)
        shapes = _shapes(folder)
        assert shapes[2].equals(drawn)
        for fid in (1, 3, 4):
            assert shapely.intersection(shapes[fid], drawn).area < 1.0
    assert remove_seamlines(folder).edited == 1
    assert list(_lines(folder)) == [2]


def test_a_seamline_drawn_in_two_rows_counts_as_a_whole(folder: DefinitionFolder) -> None:
    box = _footprints(folder)[1].bounds
    west = shapely.box(box[0], box[1], box[0] + 300, box[3])
    east = shapely.box(box[2] - 300, box[1], box[2], box[3])
    with folder.table() as table, table.batch():
        srs_id = table.set_crs("EPSG:32633")
        for part in (west, east):
            wkb = bytes(shapely.to_wkb(shapely.MultiPolygon([part]), byte_order=1))
            blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb))
            table.execute("INSERT INTO seamlines(Shape, ItemId) VALUES (?, 1)", (blob,))
    report = make_seamlines(folder, VORONOI)
    assert (report.made, report.edited) == (3, 1)
    shapes = _shapes(folder)
    assert shapes[1].equals(shapely.union(west, east))
    assert shapely.intersection(shapes[2], east).area < 1e-6


def test_a_width_and_a_type_that_were_edited_stay_whatever_is_asked_for(
    folder: DefinitionFolder,
) -> None:
    make_seamlines(folder, VORONOI)
    with folder.table() as table, table.batch():
        table.execute("UPDATE seamlines SET BlendWidth = 3, BlendType = 'inside' WHERE ItemId = 2")
    own = {2: (3.0, "inside")}
    for width, side in ((3.0, BlendSide.INSIDE), (20.0, BlendSide.BOTH), (7.0, BlendSide.OUTSIDE)):
        make_seamlines(folder, replace(RADIOMETRIC, blend_width=width, blend_type=side))
        blends = {fid: (line.blend_width, line.blend_type) for fid, line in _lines(folder).items()}
        assert blends == dict.fromkeys((1, 3, 4), (width, side.value)) | own


def test_in_another_crs_made_seamlines_are_no_edits_and_drawn_ones_stay(
    folder: DefinitionFolder,
) -> None:
    make_seamlines(folder, VORONOI)
    drawn = _footprints(folder)[2].buffer(-150, join_style="mitre")
    _draw(folder, 2, drawn)
    folder.toml.write_text('[service]\ncrs = "EPSG:3857"\n', encoding="utf-8")
    build_definition(folder, _NONE)
    report = make_seamlines(folder, VORONOI)
    assert (report.made, report.edited) == (3, 1)
    # Mercator is larger by 1 / cos(latitude), twice.
    assert _shapes(folder)[2].area == pytest.approx(drawn.area * 2.0, rel=0.05)


def test_an_interrupted_run_leaves_the_layer_and_the_next_goes_on(
    folder: DefinitionFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_seamlines(folder, VORONOI)
    before = _lines(folder)

    def stop_after_two(stage: str, done: int, _total: int) -> None:
        if stage == "comparing overlaps" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_seamlines(folder, RADIOMETRIC, InProcess(), stop_after_two)
    assert _lines(folder) == before
    kept = folder.path / "seamlines.part"
    known = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert len(known) == 2
    seen: dict[str, int] = {}

    def look(stage: str, _done: int, _total: int) -> None:
        if stage == "comparing overlaps":
            seen.update({path.name: path.stat().st_mtime_ns for path in kept.iterdir()})

    make_seamlines(folder, RADIOMETRIC, InProcess(), look)
    assert {name: seen[name] for name in known} == known
    resumed = _lines(folder)
    assert not kept.exists()
    make_seamlines(folder, RADIOMETRIC)
    assert _lines(folder) == resumed


def test_seamlines_of_items_that_are_no_more_are_taken_away(folder: DefinitionFolder) -> None:
    make_seamlines(folder, VORONOI)
    with folder.table() as table, table.batch():
        table.execute("UPDATE footprints SET StatusId = 100 WHERE OBJECTID = 3")
    assert make_seamlines(folder, VORONOI).removed == 1
    assert sorted(_lines(folder)) == [1, 2, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (SeamlineOptions(method=SeamMethod.ORDER, field="Moon"), "is no field"),
        (SeamlineOptions(where="Moon = 1"), "Moon"),
        (SeamlineOptions(where="OBJECTID > 99"), "no item that is built"),
        (SeamlineOptions(blend_width=-1.0), "expected pixels"),
        (SeamlineOptions(pixel_size=-1.0), "expected more than 0"),
    ],
)
def test_wrong_options_are_refused(
    folder: DefinitionFolder, options: SeamlineOptions, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_seamlines(folder, options)


def test_in_a_catalog_in_postgis_seamlines_are_the_same(
    folder: DefinitionFolder, tmp_path: Path, postgis: str
) -> None:
    other = DefinitionFolder.create(tmp_path / "p.isdef", catalog=f"{postgis}&schema=seams")
    add_rasters(other, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="p*.tif"))
    build_definition(other, _NONE)
    for options in (VORONOI, RADIOMETRIC, RADIOMETRIC):
        reports = [make_seamlines(each, options) for each in (folder, other)]
        assert reports[0] == reports[1]
        assert reports[1].edited == 0
    for fid, shape in _shapes(other).items():
        assert shapely.symmetric_difference(shape, _shapes(folder)[fid]).area < 1e-6
    assert remove_seamlines(other).removed == 4


@pytest.mark.parametrize("method", [SeamMethod.RADIOMETRIC, SeamMethod.VORONOI])
def test_after_a_balance_what_waits_is_built_first(
    folder: DefinitionFolder, method: SeamMethod
) -> None:
    assert balance_definition(folder).corrected == 4
    report = make_seamlines(folder, SeamlineOptions(method=method))
    assert (report.built, report.made, report.notes) == (4, 4, ())
    seams = _lines(folder)
    _assert_partition(folder)
    assert build_definition(folder, _NONE).built == 0
    assert make_seamlines(folder, SeamlineOptions(method=method)).built == 0
    assert _lines(folder) == seams
