"""What sensor models show of a view: angles, pixel size, nadir; and what the Nadir method makes of it.

Covers raster_types.items.sensor_view and raster_types.items.sensor_item.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from config.definition import MosaicMethod, ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.nadir import nadir_of
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.items.sensor_view import view_of_image
from raster_types.sensor_files.acquisition import Acquisition
from tests.raster_types.products import HEIGHT, RECORD, UTM, WIDTH

if TYPE_CHECKING:
    from pathlib import Path


def _number(value: object) -> float:
    assert isinstance(value, float)
    return value


def test_angles_follow_from_the_lines_of_sight() -> None:
    found = view_of_image(RECORD, (WIDTH, HEIGHT), Acquisition())
    model = RECORD.bind()
    low, high = (
        model.image_to_ground(np.array([200.0]), np.array([150.0]), np.array([z]))
        for z in (450.0, 550.0)
    )
    east = (high[0][0] - low[0][0]) * math.cos(math.radians(45.15)) * 111_319.5
    north = (high[1][0] - low[1][0]) * 111_132.9
    assert found["SensorAzimuth"] == pytest.approx(math.degrees(math.atan2(east, north)), abs=0.2)
    zenith = math.degrees(math.atan2(math.hypot(east, north), 100))
    assert _number(found["SensorElevation"]) == pytest.approx(90 - zenith, abs=0.1)
    # At the satellite the angle is smaller, by the Earth's curvature.
    assert 0 < zenith - _number(found["OffNadir"]) < 0.12 * zenith
    assert found["GSD"] == pytest.approx(5.0, abs=0.1)


def test_what_the_vendor_states_counts_before_what_is_computed() -> None:
    stated = Acquisition(sensor_azimuth_deg=90.0, off_nadir_deg=1.5, gsd_m=4.75)
    found = view_of_image(RECORD, (WIDTH, HEIGHT), stated)
    assert (found["SensorAzimuth"], found["OffNadir"], found["GSD"]) == (90.0, 1.5, 4.75)


def test_a_satellites_nadir_is_where_it_stood_overhead() -> None:
    stated = Acquisition(platform="WV01", sensor_azimuth_deg=90.0, sensor_elevation_deg=60.0)
    found = view_of_image(RECORD, (WIDTH, HEIGHT), stated)
    # tan 30° · 496 km is 286 km on a plane, somewhat less on a sphere.
    away_km = (_number(found["NadirLongitude"]) - 15) * 111.3 * math.cos(math.radians(45.15))
    assert 250 < away_km < 286
    overhead = Acquisition(sensor_azimuth_deg=90.0, sensor_elevation_deg=90.0)
    found = view_of_image(RECORD, (WIDTH, HEIGHT), overhead)
    assert found["NadirLongitude"] == pytest.approx(15.0, abs=0.01)


def test_an_authors_nadir_is_taken_where_no_camera_says_it() -> None:
    there = nadir_of(b"", UTM, {"NadirLongitude": 15.0, "NadirLatitude": 45.0})
    assert there["nadir_x"] == pytest.approx(500_000, abs=1e-3)
    assert nadir_of(b"", UTM, {"NadirLongitude": 15.0, "NadirLatitude": None}) == {}
    assert nadir_of(b"", UTM, {"NadirLongitude": 15.0, "NadirLatitude": 95.0}) == {}
    assert nadir_of(b"", UTM, {"NadirLongitude": "x", "NadirLatitude": 45.0}) == {}


def test_nadir_and_viewpoint_prefer_the_steepest_view(tmp_path: Path) -> None:
    """Two orthos of one place; the second was taken from nearly overhead."""
    place = Affine(10.0, 0.0, 5e5, 0.0, -10.0, 5e6)
    profile = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "uint8"}
    for number, name in enumerate(("oblique", "steep"), 1):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", **profile, crs=UTM, transform=place
        ) as file:
            file.write(np.full((1, 20, 20), number, np.uint8))
    table = tmp_path / "fields.csv"
    table.write_text("file,NadirLongitude,NadirLatitude\noblique,19.5,45.1\nsteep,15.5,45.1\n")
    definition = DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties(crs=UTM))
    paths = [tmp_path / "oblique.tif", tmp_path / "steep.tif"]
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=paths, csv=table))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, tmp_path / "d.zmd")
    service = open_service(str(tmp_path / "d.zmd"))
    for method, expected in (
        (MosaicMethod.NONE, 1),
        (MosaicMethod.NADIR, 2),
        (MosaicMethod.VIEWPOINT, 2),
    ):
        view = View(extent=service.summary.extent, width=4, height=4, out_crs=UTM)
        request = ImageRequest(
            view=view, mosaic=MosaicRule(method=method), encoding=Encoding(format="bsq")
        )
        assert set(bytes(answer(service, request, UNLIMITED).body)) == {expected}
