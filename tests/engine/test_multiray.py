"""Where lines of sight meet, for points whose place is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.compile_raster import compile_raster
from engine.errors import InvalidParameter, ItemNotFound
from engine.geometry.terrain_definition import ConstantHeight
from engine.request import MultirayRequest
from engine.service import open_service
from tests.engine.image_pairs import moved, pair_service
from tests.engine.rasters import ramp, write_raster
from tests.engine.sensor_scenes import sensor_service, write_image

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return pair_service(tmp_path_factory.mktemp("pair"))


def _met(
    service: ImageService, *images: np.ndarray, items: tuple[int, ...] = (1, 2), crs=""
) -> np.ndarray:
    positions = np.stack([image[:, :2] for image in images]).astype("<f8").tobytes()
    request = MultirayRequest(items=items, positions=positions, to_crs=crs)
    record = answer(service, request, UNLIMITED).record
    return np.frombuffer(record.positions, "<f8").reshape(-1, 3)  # type: ignore[attr-defined]  # -- a PlaceResult


def test_points_above_and_below_the_terrain_are_found_again(pair: ImageService) -> None:
    known = np.array(
        [[500000.0, 4983000.0, 480.0], [500300.0, 4983400.0, 900.0], [499700, 4982600, 20]]
    )
    images = [moved(pair, known, to_crs=f"ICS:{n}") for n in (1, 2)]
    found = _met(pair, *images)
    assert np.abs(found - known).max() < 1e-3


def test_measurements_that_miss_each_other_meet_halfway(pair: ImageService) -> None:
    known = np.array([[500000.0, 4983000.0, 480.0]])
    left, right = (moved(pair, known, to_crs=f"ICS:{n}") for n in (1, 2))
    shift = np.array([0.0, 1.0, 0.0])
    # Rows lean by 0.12 and -0.1 · 150 of 500 m: what no height explains stays in the images.
    found = _met(pair, left + shift, right - shift)
    back = [moved(pair, found, to_crs=f"ICS:{n}")[0, :2] for n in (1, 2)]
    misses = np.array([left[0, 1] + 1 - back[0][1], right[0, 1] - 1 - back[1][1]])
    assert misses.sum() == pytest.approx(0, abs=0.2)
    assert np.abs(misses).max() < 1.01


def test_the_answer_is_in_the_crs_asked_for(pair: ImageService) -> None:
    known = np.array([[3.0, 45.0, 400.0]])
    images = [moved(pair, known, from_crs="EPSG:4326", to_crs=f"ICS:{n}") for n in (1, 2)]
    assert _met(pair, *images, crs="EPSG:4326")[0] == pytest.approx(known[0], abs=1e-6)


@pytest.mark.parametrize(
    ("items", "error"),
    [((1,), InvalidParameter), ((1, 1), InvalidParameter), ((1, 99), ItemNotFound)],
)
def test_fewer_than_two_images_are_refused(
    items: tuple[int, ...], error: type, pair: ImageService
) -> None:
    with pytest.raises(error):
        _met(pair, *(np.zeros((1, 3)) for _ in items), items=items)


def test_positions_that_do_not_fit_the_images_are_refused(pair: ImageService) -> None:
    for count in (0, 16, 17, 48):
        with pytest.raises(InvalidParameter, match="geometries"):
            answer(pair, MultirayRequest(items=(1, 2), positions=bytes(count)), UNLIMITED)


def test_images_from_one_side_say_nothing_of_heights(tmp_path: Path) -> None:
    images = [write_image(tmp_path / f"{name}.tif") for name in "ab"]
    service = sensor_service(tmp_path, images, ConstantHeight(height_m=500.0))
    place = np.array([[100.0, -100.0]])
    with pytest.raises(InvalidParameter, match="different sides"):
        _met(service, place, place)


def test_a_raster_on_a_map_has_no_line_of_sight(tmp_path: Path) -> None:
    compile_raster(write_raster(tmp_path / "a.tif", ramp(64, 48)), tmp_path / "a.zmd")
    service = open_service(str(tmp_path / "a.zmd"))
    with pytest.raises(InvalidParameter, match="sensor models"):
        _met(service, np.zeros((1, 2)), np.zeros((1, 2)), items=(1, 2))


def test_places_far_outside_the_models_are_refused(pair: ImageService) -> None:
    far = np.array([[1e7, 1e7]])
    with pytest.raises(InvalidParameter, match="geometries"):
        _met(pair, far, far)


def test_a_real_stereo_pair_meets_on_its_surface(shared_data: Path, tmp_path: Path) -> None:
    kit = shared_data / "04_rpc_satellite" / "s2p_pair_reunion"
    truth = json.loads((kit / "reference" / "truth.json").read_text())
    rows = truth["dsm_points_to_images"]["points"]
    images = [kit / "img_01.tif", kit / "img_02.tif"]
    service = sensor_service(tmp_path, images, ConstantHeight(height_m=2200.0), "EPSG:32740")
    measured = [np.array([row["image"][path.name] for row in rows]) * [1, -1] for path in images]
    found = _met(service, *measured)
    known = np.array([[row["x"], row["y"], row["h"]] for row in rows])
    # The reference's image places have four decimals of half a metre, at a base of a tenth.
    assert np.abs(found[:, :2] - known[:, :2]).max() < 0.01
    assert np.abs(found[:, 2] - known[:, 2]).max() < 0.02
