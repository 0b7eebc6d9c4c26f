"""Interior orientations as YAML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.camera_interior import InteriorMillimetres, InteriorNormalised
from engine.geotransforms.lens_distortion import BrownDistortion, FisheyeDistortion
from raster_types.sensor_files.interior_yaml import read_interior_yaml

HEAD = "im_size: [400, 300], focal_len: 0.8"


def test_cameras_come_by_name_with_their_lenses() -> None:
    text = (
        f"p: {{type: pinhole, {HEAD}}}\n"
        f"b: {{type: brown, {HEAD}, k1: -0.1, p2: 0.01}}\n"
        f"o: {{type: opencv, {HEAD}, k6: 0.2, s1: 0.0}}\n"
        f"f: {{type: fisheye, {HEAD}, k4: 0.1}}\n"
    )
    cameras = read_interior_yaml(text)
    assert [cameras[name].distortion for name in "pbof"] == [
        None,
        BrownDistortion(k1=-0.1, p2=0.01),
        BrownDistortion(k6=0.2),
        FisheyeDistortion(k4=0.1),
    ]


def test_two_focal_lengths_on_one_chip_become_pixels_of_two_sizes() -> None:
    text = "c: {type: pinhole, im_size: [400, 300], focal_len: [20, 25], sensor_size: [40, 30]}"
    interior = read_interior_yaml(text)["c"].interior
    assert isinstance(interior, InteriorMillimetres)
    assert interior.camera_to_pixels().diagonal().tolist() == pytest.approx([200.0, 250.0])


def test_json_is_yaml() -> None:
    interior = read_interior_yaml('{"c": {"type": "pinhole", "im_size": [4, 3], "focal_len": 1}}')
    assert interior["c"].interior == InteriorNormalised(
        columns=4, rows=3, focal_length_x=1.0, focal_length_y=1.0
    )


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "one mapping a camera"),
        ("- 1", "one mapping a camera"),
        ("a: 1", "with a type a camera"),
        ("a: [", "YAML or JSON"),
        ("c: !!python/object/apply:os.getcwd []", "YAML or JSON"),
        (f"c: {{type: spherical, {HEAD}}}", "type of c"),
        ("c: {type: pinhole, focal_len: 1}", "im_size of c"),
        ("c: {type: pinhole, im_size: [4, 3]}", "focal_len of c"),
        ("c: {type: pinhole, im_size: [4, 3], focal_len: .nan}", "focal_len of c"),
        ("c: {type: pinhole, im_size: [4, 3, 2], focal_len: 1}", "im_size of c"),
        ("c: {type: pinhole, im_size: [0, 3], focal_len: 1, sensor_size: [1, 1]}", "im_size of c"),
        (
            "c: {type: pinhole, im_size: [4, 3], focal_len: 0, sensor_size: [1, 1]}",
            "focal_len of c",
        ),
        (f"c: {{type: opencv, {HEAD}, tau_x: 0.1}}", "distortion of c"),
        (f"c: {{type: brown, {HEAD}, k1: much}}", "k1 of c"),
        ("[" * 50_000, "YAML or JSON"),
    ],
)
def test_what_is_missing_is_named(text: str, match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        read_interior_yaml(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_interior_yaml(text)
    except InvalidParameter as err:
        assert "expected" in str(err)  # noqa: PT017 -- either outcome is right
