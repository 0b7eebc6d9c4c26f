"""Seamlines come in from files that other programs wrote: by OBJECTID or name, with their blend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import pytest
import shapely

from config.definition import BlendSide
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.build.seamline_rows import seamlines_by_item
from engine.build.workers import InProcess
from engine.errors import ConfigError
from engine.geometry.projection import operation, transform
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.tables.seamline_file import import_seamlines
from tests.photographs import write_photograph

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.seamline_rows import Seamline
    from engine.build.seamlines.options import SeamlineReport

X, Y = 500_000.0, 5_000_000.0
WEST = shapely.box(X, Y - 1280, X + 1000, Y)
EAST = shapely.box(X + 1000, Y - 1280, X + 2080, Y)


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    for number in range(2):
        write_photograph(tmp_path / f"p{number}.tif", number * 800, 0, number)
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="p*.tif"))
    build_definition(made, BuildOptions(overviews="none", statistics=False))
    return made


def _write(
    path: Path, fields: dict[str, list[object]], crs: str = "EPSG:32633", driver: str = "GPKG"
) -> Path:
    shapes = shapely.to_wkb([shapely.MultiPolygon([WEST]), shapely.MultiPolygon([EAST])])
    pyogrio.raw.write(
        path,
        np.array(shapes, object),
        [np.array(values) for values in fields.values()],
        list(fields),
        geometry_type="MultiPolygon",
        crs=crs,
        driver=driver,
    )
    return path


def _take(folder: DefinitionFolder, path: Path, layer: str = "") -> SeamlineReport:
    return import_seamlines(folder, path, layer, (20.0, BlendSide.BOTH), InProcess())


def _lines(folder: DefinitionFolder) -> dict[int, Seamline]:
    with folder.table() as table:
        return seamlines_by_item(table)


@pytest.mark.parametrize(
    ("name", "driver"), [("s.gpkg", "GPKG"), ("s.shp", "ESRI Shapefile"), ("s.geojson", "GeoJSON")]
)
def test_polygons_come_in_by_name_and_by_number_from_each_kind_of_file(
    folder: DefinitionFolder, tmp_path: Path, name: str, driver: str
) -> None:
    for fields in ({"Name": ["p0", "P1"]}, {"ItemId": [1, 2]}):
        (tmp_path / name).unlink(missing_ok=True)
        path = _write(tmp_path / name, fields, driver=driver)  # type: ignore[arg-type]  # -- lists of one type each
        report = _take(folder, path)
        assert (report.made, report.edited, report.notes) == (2, 0, ())
        lines = _lines(folder)
        assert shapely.from_wkb(lines[1].wkb).equals_exact(
            shapely.MultiPolygon([WEST]), 1e-3, normalize=True
        )
        assert {(line.blend_width, line.blend_type) for line in lines.values()} == {(20.0, "both")}
    with folder.table() as table:
        told = [each.text for each in history(table) if each.command == "seamlines"]
    assert told == [f"Imported 2 seamlines from {name}."] * 2


def test_widths_and_types_of_the_file_count_where_it_states_them(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    fields: dict[str, list[object]] = {
        "ITEMID": [1, 2],
        "BlendWidth": [4.0, np.nan],
        "BlendType": ["Inside", ""],
    }
    _take(folder, _write(tmp_path / "s.gpkg", fields))
    lines = _lines(folder)
    assert (lines[1].blend_width, lines[1].blend_type) == (4.0, "inside")
    assert (lines[2].blend_width, lines[2].blend_type) == (20.0, "both")


def test_polygons_in_another_crs_come_to_their_place(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    pipeline = operation("EPSG:32633", "EPSG:4326").pipeline

    def move(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> object:
        return np.column_stack(transform(pipeline, points[:, 0].copy(), points[:, 1].copy()))

    rings = [shapely.transform(each, move) for each in (WEST, EAST)]
    features = [
        {
            "type": "Feature",
            "properties": {"Name": f"p{number}"},
            "geometry": json.loads(shapely.to_geojson(ring)),
        }
        for number, ring in enumerate(rings)
    ]
    path = tmp_path / "s.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    _take(folder, path)
    found = shapely.from_wkb(_lines(folder)[1].wkb)
    assert shapely.symmetric_difference(found, WEST).area < 1e-4 * WEST.area


def test_rows_of_no_item_are_told_and_left_out(folder: DefinitionFolder, tmp_path: Path) -> None:
    report = _take(folder, _write(tmp_path / "s.gpkg", {"Name": ["p0", "moon"]}))
    assert report.made == 1
    assert report.notes == ("row 2 names no item of this definition",)


def test_a_seamline_edited_by_hand_is_not_overwritten(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    path = _write(tmp_path / "s.gpkg", {"Name": ["p0", "p1"]})
    _take(folder, path)
    with folder.table() as table, table.batch():
        table.execute(
            "UPDATE seamlines SET Shape = (SELECT Shape FROM seamlines WHERE ItemId = 2)"
            " WHERE ItemId = 1"
        )
    report = _take(folder, path)
    assert (report.made, report.edited) == (1, 1)
    assert shapely.from_wkb(_lines(folder)[1].wkb).equals(EAST)


def test_files_that_cannot_be_used_are_refused_by_name(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="has no field ItemId, OBJECTID or Name"):
        _take(folder, _write(tmp_path / "a.gpkg", {"Moon": [1, 2]}))
    with pytest.raises(ConfigError, match="holds no polygon of an item"):
        _take(folder, _write(tmp_path / "b.gpkg", {"OBJECTID": [7, 8]}))
    with pytest.raises(ConfigError, match=r"expected a \.gpkg"):
        _take(folder, tmp_path / "c.dxf")
    with pytest.raises(ConfigError, match="cannot be read"):
        _take(folder, tmp_path / "missing.geojson")
    (tmp_path / "e.geojson").write_text('{"type": "FeatureCollection", "features": [')
    with pytest.raises(ConfigError, match=r"e\.geojson"):
        _take(folder, tmp_path / "e.geojson")
    assert _lines(folder) == {}
