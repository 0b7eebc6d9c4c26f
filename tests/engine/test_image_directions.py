"""North and up, in images and on maps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.compile_raster import compile_raster
from engine.errors import InvalidParameter
from engine.request import AnglesRequest
from engine.request_parts import MapPoint
from engine.service import open_service
from tests.engine.image_pairs import moved, pair_service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.results import AnglesResult
    from engine.service import ImageService


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return pair_service(tmp_path_factory.mktemp("pair"))


def _angles(service: ImageService, item: int = 1, **how: object) -> AnglesResult:
    request = AnglesRequest(item=item, **how)  # type: ignore[arg-type]  # -- a shorthand
    return answer(service, request, UNLIMITED).record  # type: ignore[return-value]  # -- an AnglesResult


def test_angles_are_clockwise_from_the_top(pair: ImageService) -> None:
    own = _angles(pair, to_crs="ICS:1")
    # Rows go south and columns east; heights lean by -0.2 · 200 columns and 0.12 · 150 rows downwards.
    assert own.north_deg == pytest.approx(359.985, abs=0.02)
    assert own.up_deg == pytest.approx(math.degrees(math.atan2(-40, -18)) % 360, abs=0.1)
    other = _angles(pair, 2, to_crs="ICS:2")
    assert other.up_deg == pytest.approx(math.degrees(math.atan2(50, 15)), abs=0.1)


def test_up_in_an_image_is_where_a_raised_point_goes(pair: ImageService) -> None:
    ground = moved(pair, np.array([[120.0, -80.0]]), from_crs="ICS:1")
    raised = ground + np.array([0.0, 0.0, 10.0])
    low, high = moved(pair, np.vstack([ground, raised]), to_crs="ICS:1")
    expected = math.degrees(math.atan2(high[0] - low[0], high[1] - low[1])) % 360
    point = MapPoint(x=120.0, y=-80.0, crs="ICS:1")
    assert _angles(pair, point=point, to_crs="ICS:1").up_deg == pytest.approx(expected, abs=0.01)


def test_on_the_map_north_is_the_grids_but_for_the_convergence(pair: ImageService) -> None:
    found = _angles(pair)
    assert min(found.north_deg, 360 - found.north_deg) < 0.01
    point = MapPoint(x=3.0, y=45.0, crs="EPSG:4326")
    mercator = _angles(pair, point=point, to_crs="EPSG:3857")
    assert min(mercator.north_deg, 360 - mercator.north_deg) < 1e-6
    assert found.up_deg == pytest.approx(mercator.up_deg, abs=0.2)
    # 12 degrees west of the middle of zone 33, meridians lean to the east by 12° · sin 45°.
    far = _angles(pair, point=point, to_crs="EPSG:32633")
    assert far.north_deg == pytest.approx(8.53, abs=0.1)


def test_an_image_can_be_measured_in_another_ones_space(pair: ImageService) -> None:
    found = _angles(pair, 1, to_crs="ICS:2")
    own = _angles(pair, 1)
    assert found.up_deg == pytest.approx(own.up_deg, abs=0.5)


def test_a_turned_map_raster_has_a_north_and_no_up(tmp_path: Path) -> None:
    turn = Affine(10, 0, 500000, 0, -10, 5e6) @ Affine.rotation(30)
    profile = {"driver": "GTiff", "width": 50, "height": 50, "count": 1, "dtype": "uint8"}
    with rasterio.open(tmp_path / "a.tif", "w", **profile, crs="EPSG:32633", transform=turn) as f:
        f.write(np.ones((1, 50, 50), np.uint8))
    compile_raster(tmp_path / "a.tif", tmp_path / "a.zmd")
    service = open_service(str(tmp_path / "a.zmd"))
    found = _angles(service, to_crs="ICS:1")
    right, down = ~turn @ (500000, 5e6 + 100)
    zero_right, zero_down = ~turn @ (500000, 5e6)
    expected = math.degrees(math.atan2(right - zero_right, zero_down - down)) % 360
    assert found.north_deg == pytest.approx(expected, abs=0.01)
    assert min(expected, 360 - expected) == pytest.approx(30)
    assert math.isnan(found.up_deg)


def test_a_point_that_the_image_cannot_show_is_named(pair: ImageService) -> None:
    with pytest.raises(InvalidParameter, match="point"):
        _angles(pair, point=MapPoint(x=9e6, y=0.0))
