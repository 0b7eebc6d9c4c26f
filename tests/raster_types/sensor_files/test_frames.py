"""The kit's NGI frames, from their files to records, and what cannot be joined."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms import Geotransform
from engine.geotransforms.camera_interior import InteriorNormalised
from engine.geotransforms.camera_orientation import OmegaPhiKappa
from raster_types.sensor_files.exterior_geojson import read_exterior_geojson
from raster_types.sensor_files.exterior_table import read_exterior_table
from raster_types.sensor_files.frames import (
    FrameExterior,
    FrameGround,
    FrameInterior,
    find_exterior,
    finite_number,
    frame_record,
)
from raster_types.sensor_files.interior_yaml import read_interior_yaml

if TYPE_CHECKING:
    from pathlib import Path

# Digits of the angles: three in the table that the kit's points were made with, six in the others.
TABLES = {"ngi_xyz_opk.csv": 1e-5, "camera_pos_ori.txt": 0.02, "ngi_ext_param.geojson": 0.02}


@pytest.mark.parametrize("interior", ["ngi_int_param.yaml", "config.yaml"])
@pytest.mark.parametrize("table", TABLES)
def test_the_kits_files_give_cameras_that_meet_its_points(
    shared_data: Path, table: str, interior: str
) -> None:
    folder = shared_data / "05_frame_camera" / "ngi"
    text = (folder / table).read_text()
    read = read_exterior_geojson if table.endswith("geojson") else read_exterior_table
    exteriors, cameras = read(text), read_interior_yaml((folder / interior).read_text())
    truth = json.loads((folder / "reference" / "truth.json").read_text())
    assert len(exteriors) == len(truth["frames"]) == 4
    crs = (folder / "ngi_xyz_opk.prj").read_text()
    for frame in truth["frames"]:
        exterior = find_exterior(frame["image"], exteriors)
        assert exterior is not None
        record = frame_record(exterior, cameras, (640, 1152), FrameGround(crs, "egm2008"))
        again = msgspec.json.decode(msgspec.json.encode(record), type=Geotransform)
        assert again == record
        points = frame["pixel_at_z_to_world"]
        x, y, z, want_col, want_row = (
            np.array([point[key] for point in points]) for key in ("x", "y", "z", "col", "row")
        )
        col, row = record.bind().ground_to_image(x, y, z)
        assert np.abs(col - 0.5 - want_col).max() < TABLES[table]
        assert np.abs(row - 0.5 - want_row).max() < TABLES[table]


LEVEL = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0)
CAMERAS = {
    name: FrameInterior(
        InteriorNormalised(columns=4, rows=3, focal_length_x=1.0, focal_length_y=1.0)
    )
    for name in ("a", "b")
}
GROUND = FrameGround("EPSG:32633", "ellipsoid")


def exterior(camera: str, crs: str = "") -> FrameExterior:
    return FrameExterior("i.tif", camera, 5e5, 5e6, 1000.0, LEVEL, crs)


def test_the_camera_that_the_table_names_is_taken() -> None:
    record = frame_record(exterior("b"), CAMERAS, (4, 3), GROUND)
    assert record.interior is CAMERAS["b"].interior


@pytest.mark.parametrize("camera", ["", "c"])
def test_a_camera_that_is_not_known_is_refused_with_the_known_ones(camera: str) -> None:
    with pytest.raises(InvalidParameter, match="one of: a, b"):
        frame_record(exterior(camera), CAMERAS, (4, 3), GROUND)


def test_the_files_own_crs_serves_where_the_author_states_none() -> None:
    stated = FrameGround("", "ellipsoid")
    assert frame_record(exterior("a", "EPSG:32634"), CAMERAS, (4, 3), stated).ground_crs == (
        "EPSG:32634"
    )
    with pytest.raises(InvalidParameter, match="projected CRS"):
        frame_record(exterior("a"), CAMERAS, (4, 3), stated)


@pytest.mark.parametrize("value", [None, "", "x", "nan", "inf", True, [], 1e400])
def test_what_is_no_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidParameter, match="kappa"):
        finite_number("kappa", value)
