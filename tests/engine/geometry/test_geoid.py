"""Undulations equal published ones; a grid that is not there is said with its remedy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from engine.errors import ConfigError
from engine.geometry.geoid import (
    DatumShift,
    Geoid,
    canonical_datum,
    datum_of_name,
    find_grid,
)
from engine.process_memory import process_memory
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def ventoux(shared_data: Path) -> Path:
    return shared_data / "04_rpc_satellite" / "phr_ventoux"


def _world(path: Path, step: float = 15.0) -> Path:
    """A grid of the whole world whose undulation is longitude / 10 on one side, less on the other."""
    lon, lat = np.meshgrid(np.arange(-180, 180, step), np.arange(90, -90 - step / 2, -step))
    data = (np.cos(np.radians(lon)) * 30 + lat / 9).astype(np.float32)
    place = Affine(step, 0, -180 - step / 2, 0, -step, 90 + step / 2)
    return write_raster(path, data[None], "EPSG:4326", place)


def test_egm96_is_the_published_one(ventoux: Path) -> None:
    truth = json.loads((ventoux / "reference" / "truth.json").read_text())
    cases = truth["published"]["geoid_egm96_15_gtx"]
    geoid = Geoid(ventoux / "dem" / "egm96_15.gtx", process_memory())
    lon, lat, known, tolerance = np.array(
        [[case[key] for key in ("lon", "lat", "N", "tol")] for case in cases]
    ).T
    for turn in (-360.0, 0.0, 360.0):
        assert (np.abs(geoid.undulation(lon + turn, lat) - known) <= tolerance).all()


def test_undulation_is_bilinear_as_gdal_resamples(ventoux: Path) -> None:
    path = ventoux / "dem" / "egm96_15.gtx"
    geoid = Geoid(path, process_memory())
    with rasterio.open(path) as dataset:
        grid = dataset.read(1).astype(np.float64)
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(-179.9, 179.5, 300), rng.uniform(-89.9, 89.9, 300)
    col, row = (lon + 180) / 0.25, (90 - lat) / 0.25
    i, j = row.astype(int), col.astype(int)
    v, u = row - i, col - j
    j1 = (j + 1) % grid.shape[1]
    upper = grid[i, j] * (1 - u) + grid[i, j1] * u
    lower = grid[i + 1, j] * (1 - u) + grid[i + 1, j1] * u
    np.testing.assert_allclose(
        geoid.undulation(lon, lat), upper * (1 - v) + lower * v, rtol=0, atol=1e-9
    )


def test_a_world_grid_is_its_own_neighbour_at_the_antimeridian(tmp_path: Path) -> None:
    geoid = Geoid(_world(tmp_path / "world.tif"), process_memory())
    west, east = geoid.undulation(np.array([-172.5, 172.5]), np.zeros(2))
    assert west == pytest.approx(east, abs=1e-5)
    at = geoid.undulation(np.array([180.0, -180.0, 540.0]), np.zeros(3))
    assert at == pytest.approx([-30.0] * 3, abs=1e-5)
    poles = geoid.undulation(np.array([0.0, 0.0]), np.array([90.0, -90.0]))
    assert poles == pytest.approx([40.0, 20.0], abs=1e-5)


def test_a_regional_grid_knows_nothing_beside_itself(tmp_path: Path) -> None:
    data = np.full((1, 10, 10), 44.0, np.float32)
    path = write_raster(tmp_path / "region.tif", data, "EPSG:4258", Affine(1, 0, 5, 0, -1, 50))
    found = Geoid(path, process_memory()).undulation(np.array([7.0, 4.9, 16.0]), np.full(3, 45.0))
    assert found[0] == 44.0
    assert np.isnan(found[1:]).all()


def test_a_grid_on_a_map_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "map.tif", np.zeros((1, 4, 4), np.float32))
    with pytest.raises(ConfigError, match="longitude and latitude"):
        Geoid(path, process_memory())


def test_a_missing_grid_is_said_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.geometry.geoid._SYSTEM_FOLDERS", (str(tmp_path),))
    monkeypatch.setattr("engine.geometry.geoid.grid_folders", lambda: (str(tmp_path / "proj"),))
    with pytest.raises(ConfigError) as caught:
        find_grid("EGM2008")
    text = str(caught.value)
    for part in ("us_nga_egm08_25.tif", "egm08_25.gtx", "projsync", "proj-data", str(tmp_path)):
        assert part in text
    assert text.index("projsync") < text.index(str(tmp_path)), "long lists of folders are cut off"


def test_a_grid_in_the_stated_folder_is_taken_first(tmp_path: Path) -> None:
    path = _world(tmp_path / "us_nga_egm08_25.tif")
    assert find_grid("egm2008", (str(tmp_path),)) == path
    assert find_grid(str(path)) == path


def test_an_unknown_datum_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="ellipsoid, egm96, egm2008 and the path"):
        find_grid("NAVD88")


@pytest.mark.parametrize(
    ("name", "datum"),
    [
        ("EGM96 height", "egm96"),
        ("EGM2008 height", "egm2008"),
        ("ellipsoid", "ellipsoid"),
        ("Ellipsoidal height", "ellipsoid"),
        ("NAVD88 height", ""),
        ("", ""),
    ],
)
def test_names_of_vertical_systems_are_datums(name: str, datum: str) -> None:
    assert datum_of_name(name) == datum


def test_spelling_of_known_datums_does_not_matter() -> None:
    assert canonical_datum("EGM96") == "egm96"
    assert canonical_datum("/grids/Some.GTX") == "/grids/Some.GTX"


def test_shift_between_two_geoids_is_their_difference(tmp_path: Path) -> None:
    memory = process_memory()
    one = str(_world(tmp_path / "one.tif"))
    flat = np.full((1, 12, 24), 5.0, np.float32)
    place = Affine(15, 0, -180, 0, -15, 90)
    other = str(write_raster(tmp_path / "other.tif", flat, "EPSG:4326", place))
    lon, lat = np.array([0.0, 45.0]), np.array([0.0, 9.0])
    up = DatumShift(one, "ellipsoid", memory).at(lon, lat)
    assert DatumShift("ellipsoid", one, memory).at(lon, lat) == pytest.approx(-up)
    assert DatumShift(one, other, memory).at(lon, lat) == pytest.approx(up - 5.0)
    assert DatumShift(one, one, memory).is_none
    assert DatumShift("EGM96", "egm96", memory).is_none
