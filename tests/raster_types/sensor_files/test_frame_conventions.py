"""One test for each row of engine/geotransforms/CONVENTIONS.md on frame cameras and grids."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.camera_interior import InteriorMillimetres, InteriorNormalised
from engine.geotransforms.camera_orientation import OmegaPhiKappa, RollPitchYaw, RotationMatrix
from engine.geotransforms.lens_distortion import (
    BrownCorrection,
    BrownDistortion,
    FisheyeDistortion,
)
from raster_types.sensor_files.camera_table import read_camera_table
from raster_types.sensor_files.exterior_geojson import read_exterior_geojson
from raster_types.sensor_files.exterior_table import read_exterior_table
from raster_types.sensor_files.frame_placement import place_on_grid
from raster_types.sensor_files.frames import FrameGround, find_exterior, frame_record
from raster_types.sensor_files.image_window import ImageWindow
from raster_types.sensor_files.interior_yaml import read_interior_yaml
from raster_types.sensor_files.location_grid import read_location_grid
from raster_types.sensor_files.opensfm import read_opensfm
from tests.engine.geotransforms.cameras import POSITION, aerial_camera, collinearity, turn

if TYPE_CHECKING:
    from pathlib import Path

LEVEL = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0)
PLAIN = InteriorMillimetres(
    columns=1000, rows=800, focal_length_mm=50.0, pixel_size_x_mm=0.05, pixel_size_y_mm=0.05
)


def test_every_row_of_the_tables_has_its_test(repo_root: Path) -> None:
    table = (repo_root / "engine" / "geotransforms" / "CONVENTIONS.md").read_text()
    rows = {
        (sort.lower(), int(number))
        for sort, number in re.findall(r"^\| (FRAME|GRID)-(\d+) \|", table, re.MULTILINE)
    }
    tested = {
        (sort, int(number))
        for name in globals()
        for sort, number in re.findall(r"^test_(frame|grid)_(\d+)_", name)
    }
    assert rows == tested


def pixel(east: float, north: float, z: float = 500.0, **changes: Any) -> tuple[float, float]:
    """Where a plain camera 1,000 m above sees a place: 1000 × 800 pixels of 1 m."""
    record = aerial_camera(
        **{"interior": PLAIN, "distortion": None, "orientation": LEVEL} | changes
    )
    where = np.array([POSITION.x + east]), np.array([POSITION.y + north]), np.array([z])
    col, row = record.bind().ground_to_image(*where)
    return float(col[0]), float(row[0])


def test_frame_1_omega_is_the_first_turn_and_kappa_the_last() -> None:
    table = "image,x,y,z,omega,phi,kappa\na.tif,300000,5000000,1500,10,20,30\n"
    orientation = read_exterior_table(table)[0].orientation
    to_map = turn("x", 10) @ turn("y", 20) @ turn("z", 30)
    center = (POSITION.x, POSITION.y, POSITION.z_m)
    point = (POSITION.x + 300, POSITION.y - 100, 500.0)
    right, up = collinearity(point, center, to_map, 1000.0)
    assert pixel(300, -100, orientation=orientation) == pytest.approx((500 + right, 400 - up))


def test_frame_2_geojson_has_radians() -> None:
    feature = {"properties": {"filename": "a", "xyz": [1, 2, 3], "opk": [0.1, -0.2, math.pi]}}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    angles = read_exterior_geojson(text)[0].orientation
    assert isinstance(angles, OmegaPhiKappa)
    got = (angles.omega_deg, angles.phi_deg, angles.kappa_deg)
    assert got == pytest.approx((math.degrees(0.1), math.degrees(-0.2), 180.0))


def test_frame_3_the_other_order_makes_phi_the_first_turn() -> None:
    angles = {"omega_deg": 10.0, "phi_deg": 20.0, "kappa_deg": 30.0}
    usual = pixel(300, -100, orientation=OmegaPhiKappa(**angles))
    other = pixel(300, -100, orientation=OmegaPhiKappa(**angles, order="phi_omega_kappa"))
    to_map = turn("y", 20) @ turn("x", 10) @ turn("z", 30)
    center = (POSITION.x, POSITION.y, POSITION.z_m)
    right, up = collinearity((POSITION.x + 300, POSITION.y - 100, 500.0), center, to_map, 1000.0)
    assert other == pytest.approx((500 + right, 400 - up))
    assert math.dist(usual, other) > 10


def test_frame_4_a_matrix_says_which_way_it_goes_and_where_y_is() -> None:
    to_map = turn("x", 3) @ turn("y", -4) @ turn("z", 50)
    want = pixel(200, 100, orientation=OmegaPhiKappa(omega_deg=3, phi_deg=-4, kappa_deg=50))
    esri = " ".join(f"{value:.15f}" for value in to_map.ravel())
    table = (
        f'Raster,CameraID,PerspectiveX,PerspectiveY,PerspectiveZ,Matrix\na.tif,c,1,2,3,"{esri}"\n'
    )
    assert pixel(200, 100, orientation=read_exterior_table(table)[0].orientation) == pytest.approx(
        want
    )
    vision = RotationMatrix(
        elements=tuple((np.diag([1, -1, -1]) @ to_map.T).ravel()),
        direction="map_to_camera",
        camera_axes="y_down",
    )
    assert pixel(200, 100, orientation=vision) == pytest.approx(want)


def test_frame_5_yaw_counts_clockwise_from_true_north() -> None:
    east = RollPitchYaw(roll_deg=0.0, pitch_deg=0.0, yaw_deg=90.0)
    # Flying east the top of the image is east: a place in the east lies above the middle.
    assert pixel(100, 0, orientation=east) == pytest.approx((500, 300))
    table = "image,longitude,latitude,altitude,roll,pitch,yaw\na.jpg,18,50,300,0,0,0\n"
    placed = place_on_grid(read_exterior_table(table)[0], "EPSG:32633")
    assert isinstance(placed.orientation, RollPitchYaw)
    # Three degrees east of the central meridian: (λ − λ0)·sin φ.
    assert placed.orientation.convergence_deg == pytest.approx(
        3 * math.sin(math.radians(50)), abs=0.01
    )


def reconstruction(**shot: Any) -> str:
    camera = {"projection_type": "perspective", "width": 400, "height": 300, "focal": 0.8}
    one = {"rotation": [math.pi, 0.0, 0.0], "translation": [0.0, 0.0, 0.0], "camera": "c"} | shot
    return json.dumps(
        [
            {
                "cameras": {"c": camera},
                "shots": {"a.jpg": one},
                "reference_lla": {"latitude": 52.0, "longitude": 13.0, "altitude": 30.0},
            }
        ]
    )


def test_frame_6_opensfm_turns_the_map_into_the_camera_before_it_shifts() -> None:
    exterior = read_opensfm(reconstruction(translation=[1.0, 2.0, 100.0]))[0][0]
    # A half turn about x: looking down, the image's top in the north.
    assert (exterior.x, exterior.y, exterior.z_m - 30) == pytest.approx((-1.0, 2.0, 100.0))
    assert pixel(10, 20, orientation=exterior.orientation) == pytest.approx((510, 380))


def test_frame_7_a_principal_point_in_millimetres_lies_right_and_up() -> None:
    table = (
        "CameraID,FocalLength,PrincipalX,PrincipalY,PixelSize,NColumns,NRows\n"
        "c,50000,100,150,50,1000,800\n"
    )
    interior = read_camera_table(table)["c"].interior
    assert pixel(0, 0, interior=interior) == pytest.approx((502, 397))


@pytest.mark.parametrize("sensor", ["", "sensor_size: [50, 40]\n    "])
def test_frame_8_cx_and_cy_lie_right_and_down_over_the_longer_side(sensor: str) -> None:
    focal = 50 if sensor else 1
    text = (
        f"c:\n    type: pinhole\n    im_size: [1000, 800]\n    {sensor}focal_len: {focal}\n"
        "    cx: 0.002\n    cy: 0.003\n"
    )
    interior = read_interior_yaml(text)["c"].interior
    assert pixel(0, 0, interior=interior) == pytest.approx((502, 403))


def test_frame_9_the_middle_of_a_frame_is_half_its_size() -> None:
    # orthority would say (499.5, 399.5), counting centres from 0.
    assert pixel(0, 0) == (500, 400)


def test_frame_10_focal_lengths_come_in_three_units() -> None:
    head = "c:\n    type: pinhole\n    im_size: [1000, 800]\n"
    texts = ["    focal_len: 50\n    sensor_size: [50, 40]\n", "    focal_len: 1.0\n"]
    for text in texts:
        interior = read_interior_yaml(head + text)["c"].interior
        assert pixel(100, 50, interior=interior) == pytest.approx((600, 350))
    table = "CameraID,FocalLength,PixelSize,NColumns,NRows\nc,50000,50,1000,800\n"
    interior = read_camera_table(table)["c"].interior
    assert pixel(100, 50, interior=interior) == pytest.approx((600, 350))


def test_frame_11_one_polynomial_makes_the_image_the_other_mends_it() -> None:
    k1 = 0.1
    # Computer vision: r = 0.3 becomes 0.3·(1 + 0.1·0.09).
    vision = pixel(300, 0, distortion=BrownDistortion(k1=k1))
    assert vision == pytest.approx((500 + 300 * 1.009, 400))
    # A report, per mm²: the measured x that becomes 15 mm when it is mended.
    col, row = pixel(300, 0, distortion=BrownCorrection(k1=k1 / 50**2))
    measured = (col - 500) * 0.05
    assert measured * (1 + k1 / 50**2 * measured**2) == pytest.approx(15.0)
    assert row == pytest.approx(400)


def test_frame_12_p1_of_opencv_is_p2_of_the_reports() -> None:
    x, y, p = 0.3, 0.2, 1e-3
    r2 = x * x + y * y
    # OpenCV, y down: the place lies in the south-east.
    col, row = pixel(300, -200, distortion=BrownDistortion(p1=p))
    assert (col, row) == pytest.approx(
        (500 + 1000 * (x + 2 * p * x * y), 400 + 1000 * (y + p * (r2 + 2 * y * y)))
    )
    # A report, y up, per mm: what is measured is mended into the ideal place, in the north-east.
    col, row = pixel(300, 200, distortion=BrownCorrection(p1=p / 50))
    u, v = (col - 500) * 0.05, (400 - row) * 0.05
    s = u * u + v * v
    assert u + p / 50 * (s + 2 * u * u) == pytest.approx(15.0)
    assert v + 2 * p / 50 * u * v == pytest.approx(10.0)


def test_frame_13_a_fisheye_is_linear_in_the_angle() -> None:
    angle = math.atan(0.5)
    assert pixel(500, 0, distortion=FisheyeDistortion()) == pytest.approx((500 + 1000 * angle, 400))
    camera = {
        "projection_type": "fisheye",
        "width": 4,
        "height": 3,
        "focal": 0.5,
        "k1": 0.1,
        "k2": 2,
    }
    text = json.loads(reconstruction())
    text[0]["cameras"] = {"c": camera}
    interior = read_opensfm(json.dumps(text))[1]["c"]
    assert interior.distortion == FisheyeDistortion(k1=0.1, k2=2.0)


def test_frame_14_fewer_pixels_keep_the_outer_corners() -> None:
    col, row = pixel(120, -60)
    assert pixel(120, -60, columns=250, rows=200) == pytest.approx((col / 4, row / 4))
    crop = pixel(120, -60, columns=400, rows=300, frame_window=(300.0, 350.0, 400.0, 300.0))
    assert crop == pytest.approx((col - 300, row - 350))


def test_frame_15_positions_in_degrees_are_projected_or_refused() -> None:
    table = "image,lon,lat,alt,roll,pitch,yaw\na.jpg,15.0,45.0,300,0,0,0\n"
    exterior = read_exterior_table(table)[0]
    interiors = read_interior_yaml("c: {type: pinhole, im_size: [400, 300], focal_len: 1}")
    ground = FrameGround("EPSG:32633", "ellipsoid")
    with pytest.raises(InvalidParameter, match="projected CRS"):
        frame_record(exterior, interiors, (400, 300), ground)
    placed = place_on_grid(exterior, "EPSG:32633")
    record = frame_record(placed, interiors, (400, 300), ground)
    assert record.position.x == pytest.approx(500_000, abs=1e-3)
    assert record.position.y == pytest.approx(4_982_950.4, abs=0.1)
    assert record.position.z_m == 300


def test_frame_16_the_datum_of_heights_is_stated_never_assumed() -> None:
    record = aerial_camera(vertical_datum="")
    with pytest.raises(InvalidParameter, match="vertical_datum"):
        record.bind()
    fields = {field.name: field for field in msgspec.structs.fields(type(record))}
    assert fields["vertical_datum"].required


def test_frame_17_opensfm_counts_from_its_reference() -> None:
    exterior = read_opensfm(reconstruction(translation=[0.0, 0.0, 100.0]))[0][0]
    assert exterior.z_m == pytest.approx(130.0)
    assert 'natural origin",52.0' in exterior.crs
    assert 'natural origin",13.0' in exterior.crs


def test_frame_18_fiducials_take_pixels_to_film() -> None:
    scanned = InteriorMillimetres(
        columns=1000,
        rows=800,
        focal_length_mm=50.0,
        pixel_to_film_mm=(-25.0, 0.05, 0.0, 20.0, 0.0, -0.05),
    )
    assert pixel(30, 40, interior=scanned) == pytest.approx(pixel(30, 40))


def test_frame_19_images_are_found_by_name_then_by_stem() -> None:
    table = "x/IMG_1.TIF 0 0 9 0 0 0\nIMG_1.jpg 1 0 9 0 0 0\nimg_2 2 0 9 0 0 0\n"
    exteriors = read_exterior_table(table)
    found = [
        find_exterior(name, exteriors)
        for name in ("img_1.tif", "C:\\a\\img_1.JPG", "img_1.png", "/b/IMG_2.tif", "img_3.tif")
    ]
    assert [each.x if each else None for each in found] == [0, 1, 0, 2, None]


def grid(**tags: str) -> dict[str, str]:
    return {
        "LG_REF": "EPSG:4326",
        "LG_FIELD_B0": "lon",
        "LG_FIELD_B1": "lat",
        "LG_FIELD_B2": "lat",
        "LG_FIELD_B3": "lon",
        "LG_ALTITUDE_B0": "1000",
        "LG_ALTITUDE_B1": "1000",
        "LG_ALTITUDE_B2": "-100",
        "LG_ALTITUDE_B3": "-100",
    } | tags


def lattice() -> np.ndarray:
    """Four bands that tell themselves apart: lon, lat at 1000; lat, lon at -100."""
    row, col = np.mgrid[:3, :4].astype(float)
    lon, lat = 10 + 0.01 * col, 50 - 0.01 * row
    return np.stack([lon, lat, lat + 0.001, lon + 0.002])


GEOTRANSFORM = (4000.5, 200.0, 0.0, 3000.5, 0.0, 100.0)


def test_grid_1_the_first_node_is_the_origin_of_the_geotransform() -> None:
    model = read_location_grid(lattice(), GEOTRANSFORM, grid()).bind()
    x, y = model.image_to_ground(np.array([4000.5]), np.array([3100.5]), np.array([1000.0]))
    assert (x[0], y[0]) == pytest.approx((10.0, 49.99), abs=1e-12)


def test_grid_2_crops_and_copies_count_their_own_pixels() -> None:
    window = ImageWindow(first_col=4000.0, first_row=3000.0, col_step=2.0, row_step=2.0)
    model = read_location_grid(lattice(), GEOTRANSFORM, grid(), window=window).bind()
    x, y = model.image_to_ground(np.array([0.25]), np.array([50.25]), np.array([1000.0]))
    assert (x[0], y[0]) == pytest.approx((10.0, 49.99), abs=1e-12)


def test_grid_3_bands_are_known_by_their_tags() -> None:
    record = read_location_grid(lattice(), GEOTRANSFORM, grid())
    assert record.heights_m == (-100.0, 1000.0)
    assert (record.x[0], record.y[0]) == (10.002, 50.001)
    assert (record.x[12], record.y[12]) == (10.0, 50.0)


def test_grid_4_beyond_the_layers_nothing_is_known() -> None:
    model = read_location_grid(lattice(), GEOTRANSFORM, grid()).bind()
    col, row = np.full(2, 4100.0), np.full(2, 3100.0)
    assert np.isnan(model.image_to_ground(col, row, np.array([-100.5, 1000.5]))).all()
    assert model.height_range == (-100.0, 1000.0)


def test_an_interior_over_the_longer_side_scales_with_it() -> None:
    interior = InteriorNormalised(columns=800, rows=1000, focal_length_x=1.0, focal_length_y=1.0)
    assert interior.camera_to_pixels().tolist() == [[1000, 0, 400], [0, 1000, 500]]
