"""Heights of objects that stand where we put them, measured in images of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import pytest

from config.definition import MosaicMethod
from engine.errors import InvalidParameter, ItemNotFound
from engine.request_parts import MosaicRule
from tests.engine.image_pairs import moved, pair_service
from tests.engine.measured_scenes import SUN_AZIMUTH, SUN_ELEVATION, measured, sunlit_service
from tests.engine.rasters import ramp, single_service, write_raster
from tests.engine.sensor_scenes import UTM

if TYPE_CHECKING:
    from pathlib import Path

    from engine.measurements import Measured
    from engine.service import ImageService

# A place near the middle of both images, beside the top of a hill.
BASE = (500120.0, 4983240.0)
GEOD = pyproj.Geod(ellps="WGS84")
TO_LONLAT = pyproj.Transformer.from_crs(UTM, 4326, always_xy=True)
TO_UTM = pyproj.Transformer.from_crs(4326, UTM, always_xy=True)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return sunlit_service(tmp_path_factory.mktemp("sunlit"))


def _lock(item: int) -> MosaicRule:
    return MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(item,))


def _ground(service: ImageService, x: float, y: float) -> np.ndarray:
    """Return x, y and the terrain's height, by way of an image."""
    image = moved(service, np.array([[x, y]]), to_crs="ICS:1")[:, :2]
    found = moved(service, image, from_crs="ICS:1")[0]
    assert found[:2] == pytest.approx((x, y), abs=1e-3)
    return found


def _in_image(service: ImageService, point: np.ndarray, item: int) -> np.ndarray:
    return moved(service, point[None], to_crs=f"ICS:{item}")[0, :2]


def _on_map(service: ImageService, point: np.ndarray, item: int) -> np.ndarray:
    """Return where an orthorectified image shows a point in space."""
    return moved(service, _in_image(service, point, item)[None], from_crs=f"ICS:{item}")[0, :2]


def _raised(ground: np.ndarray, height: float) -> np.ndarray:
    return np.asarray(ground + np.array([0.0, 0.0, height]))


def _shadow_of(service: ImageService, ground: np.ndarray, height: float) -> np.ndarray:
    """Follow the sunbeam over a top down to the terrain, by halving: independent of the code under test."""
    lon, lat = TO_LONLAT.transform(*ground[:2])

    def at(metres: float) -> np.ndarray:
        to_lon, to_lat, _ = GEOD.fwd(lon, lat, SUN_AZIMUTH + 180, metres)
        x, y = TO_UTM.transform(to_lon, to_lat)
        return _ground(service, x, y)

    slope = math.tan(math.radians(SUN_ELEVATION))
    near, far = 0.0, height / slope * 3 + 10
    for _ in range(50):
        middle = (near + far) / 2
        beam = ground[2] + height - middle * slope
        near, far = (middle, far) if beam > at(middle)[2] else (near, middle)
    return at(near)


def _height(found: object) -> Measured:
    return found.quantities["height"]  # type: ignore[attr-defined,no-any-return]  # -- a MeasureResult


@pytest.mark.parametrize("item", [1, 2])
@pytest.mark.parametrize("height", [3.0, 40.0, 250.0])
def test_a_tower_is_as_high_as_it_was_built(
    service: ImageService, item: int, height: float
) -> None:
    ground = _ground(service, *BASE)
    base, top = (_in_image(service, at, item) for at in (ground, _raised(ground, height)))
    found = measured(service, "HeightFromBaseAndTop", base, top, crs=f"ICS:{item}")
    assert _height(found).value == pytest.approx(height, abs=1e-3)
    assert found.name == ("left", "right")[item - 1]
    assert found.sensor_name == ("PAN-1", "")[item - 1]


@pytest.mark.parametrize("item", [1, 2])
def test_on_the_map_a_top_is_where_the_orthophoto_shows_it(
    service: ImageService, item: int
) -> None:
    ground = _ground(service, *BASE)
    top = _on_map(service, _raised(ground, 30.0), item)
    found = measured(service, "HeightFromBaseAndTop", ground, top, mosaic=_lock(item))
    assert _height(found).value == pytest.approx(30.0, abs=1e-2)
    lonlat = [TO_LONLAT.transform(*at[:2]) for at in (ground, top)]
    same = measured(service, "HeightFromBaseAndTop", *lonlat, crs="EPSG:4326", mosaic=_lock(item))
    assert _height(same).value == pytest.approx(30.0, abs=1e-2)


def test_a_top_marked_a_pixel_aside_is_taken_to_the_vertical_and_told(
    service: ImageService,
) -> None:
    ground = _ground(service, *BASE)
    base, top = (_in_image(service, at, 1) for at in (ground, _raised(ground, 40.0)))
    lean = (top - base) / np.hypot(*(top - base))
    aside = top + 2.0 * np.array([-lean[1], lean[0]])
    exact = _height(measured(service, "HeightFromBaseAndTop", base, top, crs="ICS:1"))
    found = _height(measured(service, "HeightFromBaseAndTop", base, aside, crs="ICS:1"))
    assert found.value == pytest.approx(40.0, abs=1e-2)
    pixels_per_metre = np.hypot(*(top - base)) / 40
    assert exact.uncertainty == pytest.approx(math.sqrt(0.5) / pixels_per_metre, rel=1e-3)
    assert found.uncertainty == pytest.approx(
        math.hypot(2, math.sqrt(0.5)) / pixels_per_metre, rel=1e-3
    )


def test_pointing_by_half_a_pixel_spreads_heights_as_is_claimed(service: ImageService) -> None:
    ground = _ground(service, *BASE)
    base, top = (_in_image(service, at, 1) for at in (ground, _raised(ground, 40.0)))
    lean = (top - base) / np.hypot(*(top - base))
    rng = np.random.default_rng(11)
    heights = []
    for _ in range(150):
        marks = [at + lean * rng.normal(0, 0.5) for at in (base, top)]
        found = _height(measured(service, "HeightFromBaseAndTop", *marks, crs="ICS:1"))
        heights.append(found.value)
    assert np.std(heights) == pytest.approx(found.uncertainty, rel=0.25)


@pytest.mark.parametrize("height", [10.0, 60.0])
def test_a_shadow_tells_the_height_over_slopes(service: ImageService, height: float) -> None:
    ground = _ground(service, *BASE)
    end = _shadow_of(service, ground, height)
    assert abs(end[2] - ground[2]) > 0.3
    found = measured(service, "HeightFromBaseAndTopShadow", ground, end, mosaic=_lock(1))
    assert _height(found).value == pytest.approx(height, abs=0.02)
    marks = [_in_image(service, at, 1) for at in (ground, end)]
    same = measured(service, "HeightFromBaseAndTopShadow", *marks, crs="ICS:1")
    assert _height(same).value == pytest.approx(height, abs=0.02)


def test_a_shadow_needs_no_azimuth_if_the_base_is_seen(service: ImageService) -> None:
    ground = _ground(service, *BASE)
    end = _shadow_of(service, ground, 25.0)
    found = measured(service, "HeightFromBaseAndTopShadow", ground, end, mosaic=_lock(2))
    assert _height(found).value == pytest.approx(25.0, abs=0.02)


@pytest.mark.parametrize("height", [10.0, 60.0])
def test_a_top_and_its_shadow_need_no_base(service: ImageService, height: float) -> None:
    ground = _ground(service, *BASE)
    top, end = _raised(ground, height), _shadow_of(service, ground, height)
    marks = [_in_image(service, at, 1) for at in (top, end)]
    found = measured(service, "HeightFromTopAndTopShadow", *marks, crs="ICS:1")
    assert _height(found).value == pytest.approx(height, abs=0.03)
    on_map = [_on_map(service, at, 1) for at in (top, end)]
    same = measured(service, "HeightFromTopAndTopShadow", *on_map, mosaic=_lock(1))
    assert _height(same).value == pytest.approx(height, abs=0.05)
    assert 0 < _height(same).uncertainty < 20


def test_a_shadow_towards_the_sun_is_refused(service: ImageService) -> None:
    base = np.array(BASE)
    sunwards = base + 50 * np.array([math.sin(math.radians(140)), math.cos(math.radians(140))])
    with pytest.raises(InvalidParameter, match="320 degrees"):
        measured(service, "HeightFromBaseAndTopShadow", base, sunwards, mosaic=_lock(1))


def test_what_is_not_known_of_the_sun_is_named(service: ImageService, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="attributes have SunAzimuth"):
        measured(service, "HeightFromTopAndTopShadow", BASE, BASE, mosaic=_lock(2))
    bare = pair_service(tmp_path)
    with pytest.raises(InvalidParameter, match="SunElevation"):
        measured(bare, "HeightFromBaseAndTopShadow", BASE, BASE)


def test_a_map_has_no_tops(tmp_path: Path) -> None:
    service = single_service(write_raster(tmp_path / "a.tif", ramp(50, 50)))
    for operation in ("HeightFromBaseAndTop", "HeightFromTopAndTopShadow"):
        with pytest.raises(InvalidParameter, match="sensor model"):
            measured(service, operation, (500100, 5199900), (500110, 5199900))


def test_places_off_the_terrain_and_rasters_that_are_not_there_are_named(
    service: ImageService,
) -> None:
    with pytest.raises(ItemNotFound):
        measured(service, "HeightFromBaseAndTop", (0, 0), (0, 0), crs="ICS:99")
    with pytest.raises(InvalidParameter, match="fromGeometry"):
        measured(service, "HeightFromBaseAndTop", (1e6, 1e6), (0, 0), crs="ICS:1")
