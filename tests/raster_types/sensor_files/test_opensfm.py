"""OpenSfM's Berlin set: its cameras meet its own points, as well as its own reckoning did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geometry.projection import canonical_crs, operation, transform
from raster_types.sensor_files.frames import FrameGround, find_exterior, frame_record
from raster_types.sensor_files.opensfm import read_opensfm

if TYPE_CHECKING:
    from pathlib import Path


def berlin(shared_data: Path) -> tuple[Path, str]:
    folder = shared_data / "05_frame_camera" / "opensfm_berlin"
    return folder, (folder / "reconstruction_example.json").read_text()


def test_the_tracks_of_the_berlin_set_are_met_within_its_own_residuals(shared_data: Path) -> None:
    folder, text = berlin(shared_data)
    exteriors, interiors = read_opensfm(text)
    points = json.loads(text)[0]["points"]
    tracks: dict[str, list[list[float]]] = {}
    for line in (folder / "tracks_example.csv").read_text().splitlines()[1:]:
        image, track, _, x, y, *_ = line.split("\t")
        if track in points:
            place = points[track]["coordinates"]
            tracks.setdefault(image, []).append([*place, float(x), float(y)])
    errors = []
    for image, rows in tracks.items():
        exterior = find_exterior(image, exteriors)
        assert exterior is not None
        record = frame_record(exterior, interiors, (3264, 2448), FrameGround("", "ellipsoid"))
        x, y, z, seen_x, seen_y = np.array(rows).T
        col, row = record.bind().ground_to_image(x, y, z)
        errors.append(np.hypot(col - 1632 - 3264 * seen_x, row - 1224 - 3264 * seen_y))
    all_errors = np.concatenate(errors)
    # OpenSfM's own reckoning (in numpy): median 0.7964 px, 95th percentile 3.920 px, 3,082 tracks.
    assert all_errors.size == 3082
    assert np.median(all_errors) == pytest.approx(0.7964, abs=1e-3)
    assert np.percentile(all_errors, 95) == pytest.approx(3.920, abs=1e-2)


def test_shots_stand_where_their_gps_says_within_its_error(shared_data: Path) -> None:
    _, text = berlin(shared_data)
    shots = json.loads(text)[0]["shots"]
    for exterior in read_opensfm(text)[0]:
        east, north, up = shots[exterior.image]["gps_position"]
        assert np.hypot(exterior.x - east, exterior.y - north) < 6.0
        assert abs(exterior.z_m - up) < 8.0


def test_the_crs_is_one_that_counts_from_the_reference(shared_data: Path) -> None:
    _, text = berlin(shared_data)
    crs = canonical_crs(read_opensfm(text)[0][0].crs)
    pipeline = operation("EPSG:4326", crs).pipeline
    lon, lat = np.array([13.400376851851851, 13.4007]), np.array([52.51896296296295, 52.5192])
    x, y = transform(pipeline, lon, lat)
    assert [x[0], y[0]] == pytest.approx([0.0, 0.0], abs=1e-6)
    # Degrees as long as on the ellipsoid at 52.519° north.
    assert x[1] == pytest.approx((13.4007 - lon[0]) * 67_876, abs=0.02)
    assert y[1] == pytest.approx((52.5192 - lat[0]) * 111_277, abs=0.02)


def made(camera: dict[str, Any] | None = None, **changes: Any) -> str:
    base = {"projection_type": "brown", "width": 400, "height": 300, "focal_x": 0.8, "focal_y": 0.9}
    part = {
        "cameras": {"c": base | (camera or {})},
        "shots": {"a.jpg": {"rotation": [0, 0, 0], "translation": [1, 2, 3], "camera": "c"}},
        "reference_lla": {"latitude": 1.0, "longitude": 2.0},
    } | changes
    return json.dumps([{key: value for key, value in part.items() if value is not None}])


def test_a_brown_camera_has_two_focal_lengths_and_five_coefficients() -> None:
    text = made({"c_x": 0.01, "c_y": -0.02, "k1": 0.1, "k2": 0.2, "k3": 0.3, "p1": 0.4, "p2": 0.5})
    camera = read_opensfm(text)[1]["c"]
    want = np.array([[320.0, 0.0, 204.0], [0.0, 360.0, 142.0]])
    assert np.allclose(camera.interior.camera_to_pixels(), want)
    lens = camera.distortion
    assert lens is not None
    assert lens.numbers(1.0)[2:].tolist() == [0.1, 0.2, 0.3, 0.0, 0.0, 0.0, 0.4, 0.5]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "reconstruction.json"),
        ("{}", "reconstruction.json"),
        ("[]", "no shots"),
        (made(shots={}), "no shots"),
        (made(reference_lla=None), "reference_lla"),
        (made({"projection_type": "spherical"}), "projection_type of c"),
        (made({"width": None}), "width of c"),
        (made({"focal_x": "long"}), "focal_x of c"),
        ("[" * 100_000, "reconstruction.json"),
    ],
)
def test_what_is_missing_or_not_supported_is_named(text: str, match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        read_opensfm(text)
