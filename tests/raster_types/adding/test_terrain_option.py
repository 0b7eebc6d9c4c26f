"""What an author states of terrain, checked with messages that name the option."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from engine.build.compile_raster import compile_raster
from engine.errors import ConfigError
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from raster_types.adding.item_options import parse_item_options
from raster_types.adding.terrain_option import TerrainOption, parse_terrain
from server.commands.terrain_options import terrain_path
from server.site.publishing import Publisher

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    """A raster with samples 10, 20, 30 and one void."""
    path = tmp_path / "dem.tif"
    profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float32"}
    place = Affine(30, 0, 500000, 0, -30, 5000000)
    with rasterio.open(
        path, "w", **profile, crs="EPSG:32631", transform=place, nodata=-9999.0
    ) as file:
        file.write(np.array([[[10.0, 20.0], [30.0, -9999.0]]], np.float32))
    return path


def test_all_that_is_stated_of_a_raster_is_kept(dem: Path) -> None:
    found = parse_item_options(
        dem=str(dem), dem_datum="egm96", dem_zfactor=0.3048, dem_zoffset=-2.0, dem_fill="12.5"
    )
    assert found.terrain == RasterTerrain(
        path=str(dem), vertical_datum="egm96", z_factor=0.3048, z_offset_m=-2.0, void_height_m=12.5
    )


def test_the_average_of_a_raster_fills_its_voids(dem: Path) -> None:
    option = TerrainOption(
        dem=str(dem), datum="ellipsoid", z_factor=2.0, z_offset=1.0, fill="average"
    )
    found = parse_terrain(option)
    assert isinstance(found, RasterTerrain)
    assert found.void_height_m == pytest.approx(41.0)


def test_the_average_of_a_service_fills_its_voids(tmp_path: Path, dem: Path) -> None:
    compiled = tmp_path / "dem.zmd"
    compile_raster(dem, compiled)
    found = parse_terrain(TerrainOption(dem=str(compiled), datum="ellipsoid", fill="average"))
    assert isinstance(found, RasterTerrain)
    assert found.void_height_m == pytest.approx(20.0)


def test_a_published_service_is_found_by_its_name(tmp_path: Path, dem: Path) -> None:
    compiled = tmp_path / "dem.zmd"
    compile_raster(dem, compiled)
    data = tmp_path / "data"
    Publisher(data).publish(compiled, "heights/hills")
    home = terrain_path("heights/hills", data)
    assert home == str(data / "services/heights/hills")
    found = parse_terrain(TerrainOption(dem=home, datum="ellipsoid"))
    assert found == RasterTerrain(path=home, vertical_datum="ellipsoid")
    for plain in ("", "120.5", str(dem), "heights/none", "a name"):
        assert terrain_path(plain, data) == plain


def test_a_height_is_above_the_ellipsoid_unless_told() -> None:
    assert parse_terrain(TerrainOption()) is None
    assert parse_terrain(TerrainOption(dem="120")) == ConstantHeight(height_m=120.0)
    found = parse_terrain(TerrainOption(dem="120", datum="egm96"))
    assert found == ConstantHeight(height_m=120.0, vertical_datum="egm96")


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"dem": "nowhere.tif"}, "--dem"),
        ({"dem": "nan"}, "--dem"),
        ({"dem": "", "datum": "egm96"}, "--dem-datum"),
        ({"dem": "", "fill": "average"}, "--dem-fill"),
        ({"dem": "5", "z_factor": 2.0}, "--dem-zfactor"),
        ({"dem": "5", "fill": "1"}, "--dem-fill"),
        ({"z_factor": 0.0}, "--dem-zfactor"),
        ({"z_offset": float("inf")}, "--dem-zoffset"),
        ({"fill": "mean"}, "--dem-fill"),
        ({"fill": "nan"}, "--dem-fill"),
    ],
)
def test_a_mistake_names_its_option(dem: Path, changes: dict[str, object], option: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_terrain(TerrainOption(**({"dem": str(dem)} | changes)))
    assert caught.value.fields[0] == option
    assert "expected" in caught.value.fields[2]
