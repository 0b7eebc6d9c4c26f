"""What a compiled service says of what can be measured in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rasterio import Affine

from engine.build.mensuration_facts import MensurationFacts
from engine.geometry.terrain_definition import AverageHeight, ConstantHeight
from tests.engine.height_services import height_service
from tests.engine.measured_scenes import sunlit_service
from tests.engine.sensor_scenes import sensor_service, write_image

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


def _facts(service: ImageService) -> tuple[bool, bool, bool]:
    summary = service.summary
    return summary.has_sensors, summary.has_terrain, summary.has_sun


def test_images_over_terrain_under_a_known_sun(tmp_path: Path) -> None:
    assert _facts(sunlit_service(tmp_path)) == (True, True, True)


def test_images_whose_terrain_is_a_guess(tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.tif")
    assert _facts(sensor_service(tmp_path, [image], AverageHeight())) == (True, False, False)


def test_images_over_a_plain(tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.tif")
    assert _facts(sensor_service(tmp_path, [image], ConstantHeight(height_m=5.0)))[1]


def test_rasters_on_a_map(tmp_path: Path) -> None:
    place = Affine(10, 0, 500000, 0, -10, 5200000)
    service = height_service(tmp_path, np.ones((20, 20)), "EPSG:32632", place)
    assert _facts(service) == (False, False, False)


def test_parts_of_a_catalog_are_put_together() -> None:
    one, other = MensurationFacts(has_sun=True), MensurationFacts(has_sensors=True)
    assert one | other == MensurationFacts(has_sensors=True, has_sun=True)
