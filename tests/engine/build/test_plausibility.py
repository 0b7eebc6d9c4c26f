"""Doubts about sensor models and terrains: each wrong on purpose, and none about what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from engine.build.plausibility import doubts_about
from engine.geolocation import Geolocation, bind_geolocation
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geotransforms.affine import Affine as AffineRecord
from engine.geotransforms.camera_interior import InteriorPixels
from engine.geotransforms.camera_orientation import OmegaPhiKappa
from engine.geotransforms.frame_camera import CameraPosition, FrameCameraRecord
from engine.geotransforms.rpc import RpcRecord
from engine.process_memory import process_memory
from engine.readers.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.geotransforms import SensorRecord

UTM = "EPSG:32633"
X, Y = 500_000.0, 5_000_000.0


def _rpc(height_m: float = 500.0) -> RpcRecord:
    """A slanting view of 400 × 300 pixels of about 5 m near 15° E, 45.15° N."""
    zeros = (0.0,) * 16
    return RpcRecord(
        row_offset_px=150.0,
        col_offset_px=200.0,
        latitude_offset_deg=45.15,
        longitude_offset_deg=15.0,
        height_offset_m=height_m,
        row_scale_px=150.0,
        col_scale_px=200.0,
        latitude_scale_deg=0.00675,
        longitude_scale_deg=0.0127,
        height_scale_m=300.0,
        row_numerator=(0.0, 0.0, -1.0, 0.1, *zeros),
        row_denominator=(1.0, 0.0, 0.0, 0.0, *zeros),
        col_numerator=(0.0, 1.0, 0.0, -0.1, *zeros),
        col_denominator=(1.0, 0.0, 0.0, 0.0, *zeros),
    )


def _camera(z_m: float = 1500.0, focal_px: float = 400.0) -> FrameCameraRecord:
    return FrameCameraRecord(
        ground_crs=UTM,
        vertical_datum="ellipsoid",
        columns=400,
        rows=300,
        position=CameraPosition(x=X, y=Y, z_m=z_m),
        orientation=OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0),
        interior=InteriorPixels(
            columns=400,
            rows=300,
            focal_length_x_px=focal_px,
            focal_length_y_px=focal_px,
            principal_point_col_px=200.0,
            principal_point_row_px=150.0,
        ),
    )


def _image(folder: Path, **more: object) -> Path:
    path = folder / "image.tif"
    profile = {"driver": "GTiff", "width": 400, "height": 300, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, **more) as file:
        file.write(np.ones((1, 300, 400), np.uint8))
    return path


def _dem(folder: Path, height_m: float = 500.0, crs: str = UTM, east_m: float = 0.0) -> Path:
    path = folder / "dem.tif"
    place = Affine(100.0, 0.0, X - 5000 + east_m, 0.0, -100.0, Y + 5000)
    profile = {"driver": "GTiff", "width": 100, "height": 100, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs=crs, transform=place) as file:
        file.write(np.full((1, 100, 100), height_m, np.float32))
    return path


def _over(path: Path, datum: str = "ellipsoid") -> RasterTerrain:
    return RasterTerrain(path=str(path), vertical_datum=datum)


def _doubts(
    image: Path, sensor: SensorRecord, terrain: TerrainDefinition, folders: tuple[str, ...] = ()
) -> str:
    geolocation = Geolocation(sensor=sensor, terrain=terrain)
    memory = process_memory()
    bound = bind_geolocation(geolocation, memory)
    return " ".join(doubts_about(geolocation, bound, read_header(str(image)), memory, folders))


@pytest.mark.parametrize("sensor", [_rpc(), _camera()])
def test_what_fits_together_is_not_doubted(tmp_path: Path, sensor: SensorRecord) -> None:
    assert _doubts(_image(tmp_path), sensor, _over(_dem(tmp_path))) == ""
    assert _doubts(_image(tmp_path), sensor, ConstantHeight(height_m=500.0)) == ""


def test_an_image_in_the_plane_has_nothing_to_doubt(tmp_path: Path) -> None:
    affine = AffineRecord(source_to_output=(X, 1.0, 0.0, Y, 0.0, -1.0))
    geolocation = Geolocation(image_side=(affine,), crs=UTM)
    bound = bind_geolocation(geolocation, process_memory())
    header = read_header(str(_image(tmp_path)))
    assert doubts_about(geolocation, bound, header, process_memory()) == ()


def test_a_datum_other_than_the_files_own_is_named_with_both(tmp_path: Path) -> None:
    dem = _dem(tmp_path, crs="EPSG:32633+3855")
    said = _doubts(_image(tmp_path), _rpc(), _over(dem))
    assert "dem.tif" in said
    assert "egm2008" in said
    assert "ellipsoid is stated" in said
    assert str(tmp_path) not in said


def test_terrain_that_covers_a_part_is_told_with_its_share(tmp_path: Path) -> None:
    said = _doubts(_image(tmp_path), _rpc(), _over(_dem(tmp_path, east_m=5000.0)))
    assert "missing under about 50 %" in said
    said = _doubts(_image(tmp_path), _rpc(), _over(_dem(tmp_path, east_m=50_000.0)))
    assert "missing under all of it" in said


def test_terrain_beyond_the_heights_of_an_rpc_is_doubted(tmp_path: Path) -> None:
    dem = _over(_dem(tmp_path, height_m=500.0))
    assert "apply" not in _doubts(_image(tmp_path), _rpc(790.0), dem)
    said = _doubts(_image(tmp_path), _rpc(900.0), dem)
    assert "between 500 and 500 m" in said
    assert "600 to 1200 m" in said
    assert "undulation" in said


@pytest.mark.parametrize(("ground_m", "word"), [(1600.0, "below"), (1500.0, "at")])
def test_a_camera_that_is_not_above_the_terrain_is_doubted(
    tmp_path: Path, ground_m: float, word: str
) -> None:
    said = _doubts(_image(tmp_path), _camera(), _over(_dem(tmp_path, height_m=ground_m)))
    assert f"at 1500.0 m, stands {word} the terrain, {ground_m:.1f} m" in said


def test_a_flying_height_is_compared_with_the_pixel_size_of_the_file(tmp_path: Path) -> None:
    right = Affine(2.5, 0.0, X, 0.0, -2.5, Y)
    dem = _over(_dem(tmp_path))
    assert _doubts(_image(tmp_path, crs=UTM, transform=right), _camera(), dem) == ""
    wrong = Affine(0.25, 0.0, X, 0.0, -0.25, Y)
    said = _doubts(_image(tmp_path, crs=UTM, transform=wrong), _camera(), dem)
    assert "From 1,000 m above the ground its pixels are 2.5 m, its file says 0.25 m" in said


def test_pixels_of_no_possible_size_are_doubted(tmp_path: Path) -> None:
    said = _doubts(_image(tmp_path), _camera(focal_px=4.0), _over(_dem(tmp_path)))
    assert "its pixels are 250 m" in said


def test_a_geoid_of_the_wrong_sign_is_compared_with_egm96(
    tmp_path: Path, shared_data: Path
) -> None:
    own = shared_data / "04_rpc_satellite/phr_ventoux/dem/egm96_15.gtx"
    with rasterio.open(own) as file:
        samples, profile = file.read(), file.profile
    wrong = tmp_path / "wrong.tif"
    with rasterio.open(wrong, "w", **(profile | {"driver": "GTiff"})) as file:
        file.write(-samples)
    image, dem, folders = _image(tmp_path), _dem(tmp_path), (str(own.parent),)
    assert "geoid" not in _doubts(image, _rpc(), _over(dem, str(own)), folders)
    said = _doubts(image, _rpc(), _over(dem, str(wrong)), folders)
    assert "Its geoid wrong.tif lies -4" in said
    assert "EGM96 4" in said
