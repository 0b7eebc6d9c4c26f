"""Lines of sight meet the terrain where the references say, and first where they see it first."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from engine.errors import ConfigError
from engine.geometry.projection import operation, transform
from engine.geometry.sight_line import SightLines, footprint_ring
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.process_memory import process_memory
from tests.engine.geometry.plain_sensors import ChordOf, SlantedSensor, TextRpc
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain import Terrain

PLACE = Affine(10, 0, 500000, 0, -10, 5000000)


@pytest.fixture(scope="session")
def ventoux(shared_data: Path) -> Path:
    return shared_data / "04_rpc_satellite" / "phr_ventoux"


@pytest.fixture(scope="session")
def truth(ventoux: Path) -> dict:
    return json.loads((ventoux / "reference" / "truth.json").read_text())


def _ventoux_terrain(folder: Path, sensor: TextRpc | ChordOf) -> Terrain:
    definition = RasterTerrain(
        path=str(folder / "dem" / "N44E005.hgt"),
        vertical_datum=str(folder / "dem" / "egm96_15.gtx"),
    )
    return TerrainOpener(process_memory()).open(definition, sensor)


def _terrain(tmp_path: Path, heights: np.ndarray, **rest: object) -> Terrain:
    path = write_raster(tmp_path / "dem.tif", heights[None].astype(np.float32), "EPSG:32631", PLACE)
    definition = RasterTerrain(path=str(path), vertical_datum="ellipsoid", **rest)
    return TerrainOpener(process_memory()).open(definition, SlantedSensor())


def _sensor(**rest: object) -> SlantedSensor:
    return SlantedSensor(left=500000, top=5000000, **rest)


@pytest.mark.parametrize(("number", "side"), [(0, "left"), (1, "right")])
def test_points_on_dem_are_sharelocs_along_its_own_straight_lines(
    ventoux: Path, truth: dict, number: int, side: str
) -> None:
    sensor = ChordOf(TextRpc(ventoux / "reference" / f"{side}_image_crop_RPC.TXT"))
    lines = SightLines(sensor, _ventoux_terrain(ventoux, sensor))
    known = truth["computed"][number]["direct_on_dem"]
    col, row, lon, lat, h = np.array(
        [[p[key] for key in ("col", "row", "lon", "lat", "h")] for p in known]
    ).T
    found = lines.to_ground(col + 0.5, row + 0.5)
    np.testing.assert_allclose(found.x, lon, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.y, lat, rtol=0, atol=1e-8)
    # The reference is written with four decimals.
    np.testing.assert_allclose(found.z, h, rtol=0, atol=1.5e-4)


def test_first_pixel_on_dem_is_the_published_value(ventoux: Path, truth: dict) -> None:
    case = truth["published"]["cases"][0]
    assert case["name"] == "direct_on_dem_first_pixel"
    sensor = ChordOf(TextRpc(ventoux / "reference" / "left_image_crop_RPC.TXT"))
    found = SightLines(sensor, _ventoux_terrain(ventoux, sensor)).to_ground(
        np.array([case["col"] + 0.5]), np.array([case["row"] + 0.5])
    )
    assert found.x[0] == pytest.approx(case["lon"], abs=case["tol_deg"])
    assert found.y[0] == pytest.approx(case["lat"], abs=case["tol_deg"])
    assert found.z[0] == pytest.approx(case["h"], abs=case["tol_h_m"])


def test_a_place_of_the_full_scene_on_dem_is_near_another_toolboxs(
    ventoux: Path, truth: dict
) -> None:
    case = truth["published"]["cases"][2]
    sensor = TextRpc(ventoux / "reference" / "left_image_crop_RPC.TXT")
    found = SightLines(sensor, _ventoux_terrain(ventoux, sensor)).to_ground(*_in_crop(case))
    assert found.x[0] == pytest.approx(case["lon"], abs=case["tol_lon_deg"])
    assert found.y[0] == pytest.approx(case["lat"], abs=case["tol_lat_deg"])
    assert found.z[0] == pytest.approx(case["h"], abs=case["tol_h_m"])


def test_a_place_of_the_full_scene_at_a_constant_height_is_the_published_one(
    ventoux: Path, truth: dict
) -> None:
    case = truth["published"]["cases"][3]
    sensor = TextRpc(ventoux / "reference" / "left_image_crop_RPC.TXT")
    terrain = TerrainOpener(process_memory()).open(ConstantHeight(height_m=case["h"]), sensor)
    found = SightLines(sensor, terrain).to_ground(*_in_crop(case))
    x, y = transform(operation("EPSG:4326", case["crs"]).pipeline, found.x, found.y)
    assert (x[0], y[0]) == pytest.approx((case["x"], case["y"]), abs=case["tol_m"])


def _in_crop(case: dict) -> tuple[np.ndarray, np.ndarray]:
    """Corner-origin positions of the full scene in the crop that begins at (5000, 5000)."""
    col, row = case["full_scene_col_tl"] - 5000, case["full_scene_row_tl"] - 5000
    return np.array([col]), np.array([row])


def test_exact_lines_return_to_their_pixels_and_lie_on_the_terrain(ventoux: Path) -> None:
    sensor = TextRpc(ventoux / "reference" / "left_image_crop_RPC.TXT")
    terrain = _ventoux_terrain(ventoux, sensor)
    rng = np.random.default_rng(3)
    col, row = rng.uniform(0, 500, (2, 200))
    found = SightLines(sensor, terrain).to_ground(col, row)
    back_col, back_row = sensor.ground_to_image(found.x, found.y, found.z)
    np.testing.assert_allclose(back_col, col, rtol=0, atol=1e-6)
    np.testing.assert_allclose(back_row, row, rtol=0, atol=1e-6)
    heights = terrain.heights(found.x, found.y, 0.0)
    np.testing.assert_allclose(found.z, heights, rtol=0, atol=1e-5)


def test_left_points_are_seen_in_the_right_image_where_the_reference_sees_them(
    ventoux: Path, truth: dict
) -> None:
    left = TextRpc(ventoux / "reference" / "left_image_crop_RPC.TXT")
    right = TextRpc(ventoux / "reference" / "right_image_crop_RPC.TXT")
    pairs = truth["stereo_left_to_right_on_dem"]
    col, row = np.array([pair["left"] for pair in pairs], np.float64).T + 0.5
    found = SightLines(left, _ventoux_terrain(ventoux, left)).to_ground(col, row)
    seen = np.column_stack(right.ground_to_image(found.x, found.y, found.z)) - 0.5
    # shareloc's straight line of sight is off by up to 0.007 pixel.
    np.testing.assert_allclose(seen, [pair["right"] for pair in pairs], rtol=0, atol=0.02)


def test_constant_height_is_the_inverse_at_that_height(ventoux: Path, truth: dict) -> None:
    sensor = TextRpc(ventoux / "reference" / "left_image_crop_RPC.TXT")
    opener = TerrainOpener(process_memory())
    known = truth["computed"][0]["direct_constant_height"]
    for height in sorted({point["h"] for point in known}):
        points = [point for point in known if point["h"] == height]
        lines = SightLines(sensor, opener.open(ConstantHeight(height_m=height), sensor))
        col, row = np.array([[p["col"], p["row"]] for p in points], np.float64).T + 0.5
        found = lines.to_ground(col, row)
        np.testing.assert_allclose(found.x, [p["lon"] for p in points], rtol=0, atol=1e-9)
        np.testing.assert_allclose(found.y, [p["lat"] for p in points], rtol=0, atol=1e-9)
        np.testing.assert_allclose(found.z, height, rtol=0, atol=1e-5)


def test_a_wall_hides_what_is_behind_it(tmp_path: Path) -> None:
    # Lines go east as they rise: from the west a pixel sees the wall's western face... from above.
    heights = np.zeros((40, 40))
    heights[:, 20:22] = 100.0
    lines = SightLines(_sensor(lean=0.5), _terrain(tmp_path, heights))
    # Over the flat at x = 500180 the line has passed x = 500230 at 100 m: above the wall, never through.
    found = lines.to_ground(np.array([180.0, 165.0, 150.0]), np.full(3, 200.0))
    on_flat, through_wall = found.z[2], found.z[1]
    assert on_flat == pytest.approx(0.0, abs=1e-5)
    # At 90 m the second line is at 500210, on top of the wall's plateau: it is met before the flat.
    assert through_wall > 50.0
    assert (found.x[1] - 500000 - 165) / 0.5 == pytest.approx(found.z[1], abs=1e-6)


def test_the_first_of_several_crossings_is_taken(tmp_path: Path) -> None:
    # Two ridges, both cut by a grazing line: the upper one, nearer to the sensor, is seen.
    heights = np.zeros((20, 200))
    heights[:, 60], heights[:, 100] = 80.0, 100.0
    sensor = _sensor(lean=10.0, height_range=(-10.0, 110.0))
    lines = SightLines(sensor, _terrain(tmp_path, heights))
    found = lines.to_ground(np.array([10.0]), np.array([100.0]))
    # Half a metre below the crest of the upper one.
    assert 1005.0 < found.x[0] - 500000 < 1010.0
    assert 99.5 < found.z[0] < 100.0


def test_what_is_met_inside_a_void_is_not_known(tmp_path: Path) -> None:
    heights = np.full((40, 40), 50.0)
    heights[:, 15:25] = np.nan
    lines = SightLines(_sensor(), _terrain(tmp_path, heights))
    col = np.array([50.0, 175.0, 300.0])
    found = lines.to_ground(col, np.full(3, 200.0))
    assert np.isnan(found.z).tolist() == [False, True, False]
    assert np.isnan(found.x).tolist() == [False, True, False]


def test_a_stated_void_height_is_met_there(tmp_path: Path) -> None:
    heights = np.full((40, 40), 50.0)
    heights[:, 15:25] = np.nan
    lines = SightLines(_sensor(), _terrain(tmp_path, heights, void_height_m=50.0))
    found = lines.to_ground(np.array([50.0, 175.0]), np.full(2, 200.0))
    np.testing.assert_allclose(found.z, 50.0, atol=1e-5)


def test_lines_beside_the_terrain_give_nothing(tmp_path: Path) -> None:
    lines = SightLines(_sensor(), _terrain(tmp_path, np.full((40, 40), 50.0)))
    found = lines.to_ground(np.array([-5000.0, math.nan, 100.0]), np.array([100.0, 100.0, 1e6]))
    assert np.isnan(found.z).all()
    assert np.isnan(found.x).all()


def test_terrain_higher_than_the_model_is_meant_for_is_met(tmp_path: Path) -> None:
    sensor = _sensor(height_range=(0.0, 10.0))
    lines = SightLines(sensor, _terrain(tmp_path, np.full((200, 200), 700.0)))
    found = lines.to_ground(np.array([600.0]), np.array([600.0]))
    assert found.z[0] == pytest.approx(700.0, abs=1e-4)


def test_random_slopes_agree_with_a_dense_search(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    heights = rng.uniform(0, 60, (50, 50))
    terrain = _terrain(tmp_path, heights)
    sensor = _sensor(lean=1.5, height_range=(-5.0, 65.0))
    col, row = rng.uniform(50, 300, 100), rng.uniform(20, 480, 100)
    found = SightLines(sensor, terrain).to_ground(col, row)
    for k in range(col.size):
        z = np.linspace(61, -1, 20001)
        x, y = sensor.image_to_ground(np.full(z.size, col[k]), np.full(z.size, row[k]), z)
        met = np.flatnonzero(z <= terrain.heights(x, y, 0.0))
        assert found.z[k] == pytest.approx(z[met[0]], abs=0.0062)


def test_a_footprint_goes_around_the_image(tmp_path: Path) -> None:
    lines = SightLines(_sensor(lean=0.0), _terrain(tmp_path, np.full((40, 40), 50.0)))
    ring = footprint_ring(lines, 200, 100, per_side=4)
    assert ring.x.size == 16
    corners = [(ring.x[k] - 500000, 5000000 - ring.y[k]) for k in (0, 4, 8, 12)]
    assert np.allclose(corners, [(0, 0), (200, 0), (200, 100), (0, 100)])


def test_heights_of_another_datum_are_refused(tmp_path: Path) -> None:
    terrain = _terrain(tmp_path, np.zeros((10, 10)))
    with pytest.raises(ConfigError, match="ellipsoid for the terrain, egm96 for the sensor"):
        SightLines(_sensor(vertical_datum="egm96"), terrain)


def test_lines_far_apart_are_followed_by_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heights = np.random.default_rng(13).uniform(0, 60, (300, 300))
    lines = SightLines(_sensor(height_range=(-5.0, 65.0)), _terrain(tmp_path, heights))
    col, row = np.random.default_rng(14).uniform(100, 2800, (2, 40))
    together = lines.to_ground(col, row)
    monkeypatch.setattr("engine.geometry.sight_line._MOST_POSTS", 2000)
    apart = lines.to_ground(col, row)
    assert np.isfinite(together.z).all()
    np.testing.assert_allclose(apart.z, together.z, rtol=0, atol=1e-5)
