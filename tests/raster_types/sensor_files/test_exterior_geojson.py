"""Exterior orientations as GeoJSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.camera_orientation import OmegaPhiKappa
from raster_types.sensor_files.exterior_geojson import read_exterior_geojson

if TYPE_CHECKING:
    from pathlib import Path


def test_the_kits_file_names_camera_crs_and_angles_in_degrees(shared_data: Path) -> None:
    path = shared_data / "05_frame_camera" / "ngi" / "ngi_ext_param.geojson"
    first = read_exterior_geojson(path.read_text())[0]
    assert first.image == "3324c_2015_1004_05_0182_RGB"
    assert first.camera == "Integraph DMC"
    assert first.crs.startswith("PROJCS")
    assert isinstance(first.orientation, OmegaPhiKappa)
    assert first.orientation.kappa_deg == pytest.approx(-179.086702, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"features": []}',
        '{"features": [{"properties": {"filename": "a", "xyz": [1, 2], "opk": [1, 2, 3]}}]}',
        '{"features": [{"properties": {"filename": "a", "xyz": [1, 2, null], "opk": [1, 2, 3]}}]}',
        '{"features": [{"properties": {"xyz": [1, 2, 3], "opk": [1, 2, 3]}}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="exterior GeoJSON"):
        read_exterior_geojson(text)
