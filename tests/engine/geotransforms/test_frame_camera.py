"""Frame cameras against the kit's truths, textbook formulas and themselves."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.camera_interior import InteriorMillimetres, InteriorPixels
from engine.geotransforms.camera_orientation import OmegaPhiKappa, RollPitchYaw, RotationMatrix
from engine.geotransforms.frame_camera import CameraPosition, FrameCameraRecord, is_geographic_name
from engine.geotransforms.lens_distortion import BrownCorrection, BrownDistortion
from tests.engine.geotransforms.cameras import (
    POSITION,
    aerial_camera,
    collinearity,
    fisheye_camera,
    there_and_back,
    turn,
)

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = ["05_0182", "05_0184", "06_0251", "06_0253"]


def ngi_frame(shared_data: Path, image: str) -> tuple[FrameCameraRecord, dict[str, np.ndarray]]:
    """A frame of the kit, and its 75 points with centres at whole numbers."""
    folder = shared_data / "05_frame_camera" / "ngi"
    rows = list(csv.DictReader((folder / "ngi_xyz_opk.csv").read_text().splitlines()))
    row = next(row for row in rows if image in row["filename"])
    truth = json.loads((folder / "reference" / "truth.json").read_text())
    frame = next(frame for frame in truth["frames"] if image in frame["image"])
    points = frame["pixel_at_z_to_world"]
    record = FrameCameraRecord(
        ground_crs="Lo25",
        vertical_datum="egm2008",
        columns=640,
        rows=1152,
        position=CameraPosition(x=float(row["x"]), y=float(row["y"]), z_m=float(row["z"])),
        orientation=OmegaPhiKappa(
            omega_deg=float(row["omega"]),
            phi_deg=float(row["phi"]),
            kappa_deg=float(row["kappa"]),
        ),
        interior=InteriorMillimetres(
            columns=640,
            rows=1152,
            focal_length_mm=120.0,
            pixel_size_x_mm=92.16 / 640,
            pixel_size_y_mm=165.888 / 1152,
        ),
    )
    return record, {key: np.array([p[key] for p in points]) for key in points[0]}


@pytest.mark.parametrize("image", IMAGES)
def test_the_kits_points_are_met_within_a_hundred_thousandth_of_a_pixel(
    shared_data: Path, image: str
) -> None:
    record, points = ngi_frame(shared_data, image)
    assert len(points["col"]) == 75
    col, row = record.bind().ground_to_image(points["x"], points["y"], points["z"])
    assert np.abs(col - 0.5 - points["col"]).max() < 1e-5
    assert np.abs(row - 0.5 - points["row"]).max() < 1e-5


@pytest.mark.parametrize("image", IMAGES)
def test_the_kits_pixels_reach_the_ground_within_the_digits_given(
    shared_data: Path, image: str
) -> None:
    record, points = ngi_frame(shared_data, image)
    x, y = record.bind().image_to_ground(points["col"] + 0.5, points["row"] + 0.5, points["z"])
    assert np.abs(x - points["x"]).max() < 5.1e-5
    assert np.abs(y - points["y"]).max() < 5.1e-5


CAMERAS = {
    "brown": aerial_camera(),
    "rational": aerial_camera(
        distortion=BrownDistortion(k1=0.3, k2=0.1, k3=0.02, k4=0.35, k5=0.08, k6=0.01, p1=1e-4)
    ),
    "barrel": aerial_camera(distortion=BrownDistortion(k1=-0.3, k2=0.08, p1=1e-3, p2=2e-3)),
    "pincushion": aerial_camera(distortion=BrownDistortion(k1=0.25, p2=-1e-3)),
    "report": aerial_camera(
        distortion=BrownCorrection(k1=2e-5, k2=-5e-9, k3=1e-12, p1=2e-6, p2=-3e-6)
    ),
    "pinhole": aerial_camera(distortion=None),
    "curved": aerial_camera(earth_radius_m=6_371_000.0),
    "half size": aerial_camera(columns=500, rows=400),
}


@pytest.mark.parametrize("name", CAMERAS)
@given(share=st.tuples(st.floats(0, 1), st.floats(0, 1)), z=st.floats(0, 400))
def test_image_to_ground_to_image_is_the_same_pixel(
    name: str, share: tuple[float, float], z: float
) -> None:
    record = CAMERAS[name]
    col, row = np.array([share[0] * record.columns]), np.array([share[1] * record.rows])
    assert there_and_back(record.bind(), col, row, np.array([z]))[0] < 1e-6


@given(
    omega=st.floats(-40, 40),
    phi=st.floats(-40, 40),
    kappa=st.floats(-180, 180),
    x=st.floats(-300, 300),
    y=st.floats(-300, 300),
    z=st.floats(0, 400),
)
def test_ground_to_image_is_the_textbooks_collinearity(
    omega: float, phi: float, kappa: float, x: float, y: float, z: float
) -> None:
    record = aerial_camera(
        distortion=None,
        orientation=OmegaPhiKappa(omega_deg=omega, phi_deg=phi, kappa_deg=kappa),
    )
    point = np.array([POSITION.x + x, POSITION.y + y, z])
    center = (POSITION.x, POSITION.y, POSITION.z_m)
    to_map = turn("x", omega) @ turn("y", phi) @ turn("z", kappa)
    right, up = collinearity(point, center, to_map, 50.0 / 0.036)
    col, row = record.bind().ground_to_image(*point[:, None])
    assert col[0] == pytest.approx(right + 500 + 0.12 / 0.036, abs=1e-6)
    assert row[0] == pytest.approx(-up + 400 + 0.07 / 0.036, abs=1e-6)


def test_a_fisheye_goes_there_and_back_up_to_seventy_degrees_from_the_axis() -> None:
    record = fisheye_camera()
    angle, turned = np.meshgrid(
        np.radians(np.arange(0, 70, 7.0)), np.radians(np.arange(0, 360, 20))
    )
    radius = 660 * angle * (1 - 0.03 * angle**2 + 0.004 * angle**4)
    col, row = (1000 + radius * np.cos(turned)).ravel(), (1000 + radius * np.sin(turned)).ravel()
    assert there_and_back(record.bind(), col, row, np.zeros(col.size)).max() < 1e-6


def test_a_fisheye_sees_points_beside_and_behind_the_plane_of_the_lens() -> None:
    upright = RollPitchYaw(roll_deg=0.0, pitch_deg=90.0, yaw_deg=0.0)
    model = fisheye_camera(orientation=upright, distortion=None).bind()
    assert np.isnan(model.ground_to_image(*point(100.0, -10.0, 120.0))).all()
    model = fisheye_camera(orientation=upright).bind()
    col, row = model.ground_to_image(*point(100.0, -10.0, 120.0))
    angle = math.pi / 2 + math.atan(0.1)
    assert col[0] == pytest.approx(
        1000 + 660 * angle * (1 - 0.03 * angle**2 + 0.004 * angle**4), abs=1e-6
    )
    assert row[0] == pytest.approx(1000, abs=1e-6)


def point(east: float, north: float, z: float) -> list[np.ndarray]:
    return [np.array([POSITION.x + east]), np.array([POSITION.y + north]), np.array([z])]


def test_points_behind_the_camera_and_in_its_plane_have_no_pixel() -> None:
    model = aerial_camera(
        distortion=None, orientation=OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0)
    ).bind()
    for z in (POSITION.z_m, POSITION.z_m + 10, 1e9):
        assert np.isnan(model.ground_to_image(*point(5.0, 5.0, z))).all()
    assert np.isfinite(model.ground_to_image(*point(5.0, 5.0, POSITION.z_m - 10))).all()


def test_points_beyond_the_monotone_part_of_the_distortion_have_no_pixel() -> None:
    # r·(1 - 0.3 r²) turns back at r = 1.054: what lies further out would be seen a second time.
    level = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0)
    model = aerial_camera(distortion=BrownDistortion(k1=-0.3), orientation=level).bind()
    limit = math.sqrt(1 / 0.9) * POSITION.z_m
    assert np.isfinite(model.ground_to_image(*point(limit - 1, 0.0, 0.0))).all()
    assert np.isnan(model.ground_to_image(*point(limit + 1, 0.0, 0.0))).all()


def test_pixels_that_the_distortion_never_reaches_have_no_ground() -> None:
    level = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0)
    model = aerial_camera(distortion=BrownDistortion(k1=-0.3), orientation=level).bind()
    reach = 50 / 0.036 * math.sqrt(1 / 0.9) * 2 / 3
    center = 500 + 0.12 / 0.036
    col = center + np.array([reach - 1, reach + 1])
    row = np.full(2, 400 + 0.07 / 0.036)
    x, y = model.image_to_ground(col, row, np.zeros(2))
    assert np.isfinite([x[0], y[0]]).all()
    assert np.isnan([x[1], y[1]]).all()


def test_lines_of_sight_above_the_horizon_never_reach_the_ground() -> None:
    forward = aerial_camera(
        distortion=None, orientation=RollPitchYaw(roll_deg=0.0, pitch_deg=90.0, yaw_deg=0.0)
    ).bind()
    x, y = forward.image_to_ground(np.array([500.0, 500.0]), np.array([100.0, 700.0]), np.zeros(2))
    assert np.isnan([x[0], y[0]]).all()
    assert y[1] > POSITION.y


def test_the_earths_curvature_lowers_the_ground_by_the_square_of_the_distance() -> None:
    radius = 6_371_000.0
    level = OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0)
    flat = aerial_camera(distortion=None, orientation=level).bind()
    curved = aerial_camera(distortion=None, orientation=level, earth_radius_m=radius).bind()
    far = 20_000.0
    bent = curved.ground_to_image(*point(far, 0.0, 100.0))
    lowered = flat.ground_to_image(*point(far, 0.0, 100.0 - far**2 / (2 * radius)))
    assert np.allclose(bent, lowered, atol=1e-9)
    assert abs(bent[0] - flat.ground_to_image(*point(far, 0.0, 100.0))[0])[0] > 100


def test_beyond_the_horizon_of_a_curved_earth_there_is_no_ground() -> None:
    model = aerial_camera(
        distortion=None,
        earth_radius_m=6_371_000.0,
        orientation=RollPitchYaw(roll_deg=0.0, pitch_deg=90.0, yaw_deg=0.0),
    ).bind()
    dip_px = math.sqrt(2 * 1500 / 6_371_000) * 50 / 0.036
    middle = 400 + 0.07 / 0.036
    row = middle + dip_px + np.array([-0.1, 0.1])
    _, y = model.image_to_ground(np.full(2, 500.0), row, np.zeros(2))
    assert np.isnan(y[0])
    assert y[1] - POSITION.y == pytest.approx(math.sqrt(2 * 1500 * 6_371_000), rel=0.1)


def test_a_reduced_copy_of_the_frame_shows_the_same_ground() -> None:
    whole, half = CAMERAS["brown"].bind(), CAMERAS["half size"].bind()
    where = point(120.0, -80.0, 50.0)
    assert np.allclose(whole.ground_to_image(*where), 2 * np.array(half.ground_to_image(*where)))


def test_a_crop_of_the_frame_counts_from_its_own_corner() -> None:
    crop = aerial_camera(columns=200, rows=100, frame_window=(300.0, 250.0, 400.0, 200.0)).bind()
    where = point(20.0, -30.0, 50.0)
    col, row = aerial_camera().bind().ground_to_image(*where)
    got = crop.ground_to_image(*where)
    assert got[0] == pytest.approx((col - 300) / 2)
    assert got[1] == pytest.approx((row - 250) / 2)


def changed(record: FrameCameraRecord, part: str, **changes: Any) -> FrameCameraRecord:
    inner = msgspec.structs.replace(getattr(record, part), **changes)
    return msgspec.structs.replace(record, **{part: inner})


GOOD = aerial_camera()
BAD = {
    "a focal length of 0": (changed(GOOD, "interior", focal_length_mm=0.0), "focal_length_mm"),
    "no focal length": (changed(GOOD, "interior", focal_length_mm=math.nan), "focal_length_mm"),
    "no pixel size": (changed(GOOD, "interior", pixel_size_x_mm=None), "pixel_size_x_mm"),
    "no pixels": (changed(GOOD, "interior", columns=0), "interior size"),
    "no file": (aerial_camera(columns=0), "file size"),
    "other proportions": (aerial_camera(columns=800, rows=1000), "file size"),
    "a position that is NaN": (changed(GOOD, "position", x=math.nan), "position"),
    "an orbit": (changed(GOOD, "position", z_m=700_000.0), "position.z_m"),
    "a camera below the ground": (changed(GOOD, "position", z_m=-10.0), "position.z_m"),
    "heights upside down": (aerial_camera(ground_heights_m=(400.0, 0.0)), "ground_heights_m"),
    "degrees": (aerial_camera(ground_crs="EPSG:4326"), "ground_crs"),
    "no CRS": (aerial_camera(ground_crs=" "), "ground_crs"),
    "no datum": (aerial_camera(vertical_datum=""), "vertical_datum"),
    "a marble": (aerial_camera(earth_radius_m=6371.0), "earth_radius_m"),
    "an angle in thousands": (changed(GOOD, "orientation", kappa_deg=1e4), "kappa_deg"),
    "a distortion that is NaN": (changed(GOOD, "distortion", k1=math.nan), "distortion"),
    "an empty window": (aerial_camera(frame_window=(0.0, 0.0, 0.0, 800.0)), "frame_window"),
    "a mirror": (
        aerial_camera(orientation=RotationMatrix(elements=(1.0, 0, 0, 0, 1.0, 0, 0, 0, -1.0))),
        "elements",
    ),
    "a principal point that is NaN": (
        aerial_camera(
            interior=InteriorPixels(
                columns=1000,
                rows=800,
                focal_length_x_px=1400.0,
                focal_length_y_px=1400.0,
                principal_point_col_px=math.nan,
                principal_point_row_px=400.0,
            )
        ),
        "principal_point_col_px",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_implausible_cameras_are_refused_by_the_name_of_the_field(name: str) -> None:
    record, field = BAD[name]
    with pytest.raises(InvalidParameter) as caught:
        record.bind()
    assert caught.value.fields[0] == field


def test_heights_default_to_what_lies_below_the_camera() -> None:
    assert aerial_camera(ground_heights_m=None).bind().height_range == (-500.0, 1500.0)
    assert aerial_camera().bind().height_range == (0.0, 400.0)


def test_the_camera_tells_its_position() -> None:
    assert aerial_camera().bind().position.tolist() == [300_000.0, 5_000_000.0, 1500.0]


@pytest.mark.parametrize(
    ("crs", "answer"),
    [
        ("EPSG:4326", True),
        ("epsg:4979", True),
        ('GEOGCS["WGS 84",...', True),
        ("+proj=longlat +datum=WGS84", True),
        ("EPSG:32633", False),
        ("EPSG:43261", False),
        ('PROJCS["unnamed",GEOGCS["WGS 84"...', False),
        ("+proj=tmerc +lat_0=0", False),
    ],
)
def test_a_crs_in_degrees_is_known_by_its_name(crs: str, answer: bool) -> None:
    assert is_geographic_name(crs) is answer
