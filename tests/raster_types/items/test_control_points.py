"""RPCs fitted to control points: QuickBird's surveyed ones through the command, and what is doubtful.

Covers raster_types.items.control_points.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform
from typer.testing import CliRunner

from engine.errors import UnknownProduct
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geotransforms.rpc import RpcRecord
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from server.cli import app
from tests.raster_types.products import HEIGHT, RECORD, UTM, WIDTH, write_window
from tests.raster_types.sensor_files import rpc_files

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem
    from engine.geometry.terrain_definition import TerrainDefinition

SHIFT = (3.25, -1.5)


def _image(folder: Path) -> Path:
    path = write_window(folder / "scene.tif", (0, WIDTH, 0, HEIGHT))
    (folder / "scene_RPC.TXT").write_text(rpc_files.rpc_text(RECORD), encoding="utf-8")
    return path


def _table(folder: Path, heights: list[float] | None, bad: float = 0.0, crs: str = UTM) -> Path:
    """Five points whose measured positions are off the RPC by SHIFT; heights above the ellipsoid."""
    lon = np.array([14.992, 15.0, 15.009, 14.995, 15.007])
    lat = np.array([45.146, 45.150, 45.154, 45.153, 45.147])
    z = np.array(heights or [560.0] * 5)
    col, row = RECORD.bind().ground_to_image(lon, lat, z)
    x, y = transform("EPSG:4326", crs, lon, lat)
    lines = ["id,col,row,x,y,z"]
    for n in range(5):
        off = bad if n == 3 else 0.0
        height = f"{z[n]}" if heights else ""
        lines.append(f"g{n},{col[n] + SHIFT[0] + off},{row[n] + SHIFT[1]},{x[n]},{y[n]},{height}")
    path = folder / "gcps.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _item(folder: Path, table: Path, terrain: TerrainDefinition | None, **more: str) -> NewItem:
    options = ItemOptions(gcps=str(table), terrain=terrain, **({"crs": UTM} | more))
    paths = (str(_image(folder)), str(folder / "scene_RPC.TXT"))
    (item,) = read_product(ProductJob("rpc", paths, options))
    return item


def _rpc(item: NewItem) -> RpcRecord:
    assert item.raster.geolocation is not None
    assert isinstance(item.raster.geolocation.sensor, RpcRecord)
    return item.raster.geolocation.sensor


GROUND = ConstantHeight(height_m=560.0)
HEIGHTS = [540.0, 560.0, 580.0, 550.0, 570.0]


def test_quickbird_and_its_surveyed_points_through_the_command(
    tmp_path: Path, shared_data: Path
) -> None:
    kit = shared_data / "04_rpc_satellite/qb2_baviaans"
    dem = shared_data / "05_frame_camera/ngi/dem.tif"
    geoid = shared_data / "04_rpc_satellite/phr_ventoux/dem/egm96_15.gtx"
    name, runner = str(tmp_path / "qb.isdef"), CliRunner()
    assert runner.invoke(app, ["definition", "create", name]).exit_code == 0
    command = ["definition", "add", name, str(kit / "qb2_basic1b.tif"), "--type", "rpc"]
    command += ["--dem", str(dem), "--dem-datum", str(geoid), "--gcps", str(kit / "gcps.geojson")]
    added = runner.invoke(app, command)
    assert added.exit_code == 0, added.output
    assert "missed by 3.64 px before and 0.104 px after" in added.output
    assert "above the terrain" not in added.output
    built = runner.invoke(app, ["definition", "build", name])
    assert built.exit_code == 0, built.output
    # The grid named is EGM96's, the terrain's own words are EGM2008.
    assert "heights count from egm2008, but egm96_15.gtx is stated" in built.output
    with sqlite3.connect(tmp_path / "qb.isdef/catalog.gpkg") as table:
        row = table.execute(
            "SELECT GcpCount, GcpFit, GcpRmsBefore, GcpRmsAfter, StatusId FROM footprints"
        ).fetchone()
    assert row[:2] == (5, "shift")
    assert row[2] == pytest.approx(3.639, abs=1e-3)
    assert row[3] == pytest.approx(0.1037, abs=1e-3)
    assert row[4] == 0


def test_a_wrong_datum_of_the_terrain_shows_in_the_points_heights(
    tmp_path: Path, shared_data: Path
) -> None:
    kit = shared_data / "04_rpc_satellite/qb2_baviaans"
    dem = shared_data / "05_frame_camera/ngi/dem.tif"
    options = ItemOptions(
        gcps=str(kit / "gcps.geojson"),
        terrain=RasterTerrain(path=str(dem), vertical_datum="ellipsoid"),
    )
    (item,) = read_product(ProductJob("rpc", (str(kit / "qb2_basic1b.tif"),), options))
    assert "lie 27 m above the terrain" in item.raster.notes[1]


def test_points_of_a_table_move_the_image(tmp_path: Path) -> None:
    item = _item(tmp_path, _table(tmp_path, HEIGHTS), GROUND)
    assert _rpc(item).shift_px == pytest.approx(SHIFT, abs=1e-6)
    assert item.attributes["GcpRmsBefore"] == pytest.approx(np.hypot(*SHIFT), abs=1e-6)
    assert item.attributes["GcpRmsAfter"] == pytest.approx(0, abs=1e-6)
    affine = _item(tmp_path, _table(tmp_path, HEIGHTS), GROUND, gcp_fit="affine")
    assert _rpc(affine).correction == pytest.approx((SHIFT[0], 1, 0, SHIFT[1], 0, 1), abs=1e-6)


def test_points_without_heights_take_those_of_the_terrain(tmp_path: Path) -> None:
    item = _item(tmp_path, _table(tmp_path, None), GROUND)
    assert _rpc(item).shift_px == pytest.approx(SHIFT, abs=1e-6)
    with pytest.raises(UnknownProduct, match="--dem"):
        _item(tmp_path, _table(tmp_path, None), None)


def test_heights_of_a_table_count_from_what_those_of_the_terrain_do(
    tmp_path: Path, shared_data: Path
) -> None:
    geoid = shared_data / "04_rpc_satellite/phr_ventoux/dem/egm96_15.gtx"
    with rasterio.open(geoid) as file:
        undulation = next(file.sample([(15.0, 45.15)]))[0]
    low = _table(tmp_path, HEIGHTS)
    rows = [line.split(",") for line in low.read_text().splitlines()]
    lowered = [[*row[:5], str(float(row[5]) - undulation)] for row in rows[1:]]
    low.write_text("\n".join(",".join(row) for row in [rows[0], *lowered]))
    ground = ConstantHeight(height_m=500.0, vertical_datum=str(geoid))
    assert _rpc(_item(tmp_path, low, ground)).shift_px == pytest.approx(SHIFT, abs=0.1)
    with pytest.raises(UnknownProduct, match="--dem-datum"):
        _item(tmp_path, low, None)


def test_a_bad_point_is_named(tmp_path: Path) -> None:
    item = _item(tmp_path, _table(tmp_path, HEIGHTS, bad=20.0), GROUND)
    assert "missed by 8.0 px still, most g3 by 16.0 px" in item.raster.notes[1]


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"gcp_fit": "order2"}, "shift or affine"),
        ({"crs": ""}, "--srs"),
        ({"crs": "EPSG:32603"}, "covers"),
    ],
)
def test_points_that_cannot_be_used_say_why(
    tmp_path: Path, more: dict[str, str], match: str
) -> None:
    with pytest.raises(UnknownProduct, match=match):
        _item(tmp_path, _table(tmp_path, HEIGHTS), GROUND, **more)


def test_an_image_without_points_in_the_table_stays_as_it_is(tmp_path: Path) -> None:
    table = _table(tmp_path, HEIGHTS)
    rows = table.read_text().splitlines()
    table.write_text("\n".join([f"file,{rows[0]}", *(f"other.tif,{row}" for row in rows[1:])]))
    item = _item(tmp_path, table, GROUND)
    assert _rpc(item).shift_px == (0.0, 0.0)
    assert item.raster.notes == ("gcps.csv has no control points of it.",)
    assert "GcpCount" not in item.attributes


def test_a_table_that_is_too_large_is_refused_and_not_cut(tmp_path: Path) -> None:
    table = _table(tmp_path, HEIGHTS)
    with table.open("r+b") as file:
        file.truncate(64_000_001)
    with pytest.raises(UnknownProduct, match="64000000"):
        _item(tmp_path, table, GROUND)
