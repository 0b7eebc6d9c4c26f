"""Places, distances and areas: against PROJ's geodesics, closed formulas and terrain that is known.

Covers engine.measured_raster, engine.measure_requests and engine.measurements.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import shapely
from rasterio import Affine

from config.definition import MosaicMethod
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.errors import InvalidParameter, ItemNotFound, RequestTooLarge
from engine.geometry.terrain_definition import AverageHeight
from engine.measure_requests import MeasureImageRequest
from engine.request_parts import MosaicRule
from tests.engine.height_services import height_service
from tests.engine.image_pairs import COLS, ROWS, moved
from tests.engine.measured_scenes import measured, sunlit_service
from tests.engine.rasters import ramp, single_service, write_raster
from tests.engine.sensor_scenes import UTM, sensor_service, write_image

if TYPE_CHECKING:
    from pathlib import Path

    from engine.measurements import ImageShapeResult
    from engine.service import ImageService

GEOD = pyproj.Geod(ellps="WGS84")
LONLAT = "EPSG:4326"
# Of the plain raster: 60 × 50 pixels of 10 m.
LEFT, TOP = 500000.0, 5200000.0


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """A raster on a map, UTM 32N."""
    return single_service(write_raster(tmp_path_factory.mktemp("p") / "a.tif", ramp(50, 60)))


@pytest.fixture(scope="module")
def slope(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Heights that rise by 0.75 m a metre of the map to the east, in UTM 32N."""
    z = np.tile((np.arange(200) + 0.5) * 7.5, (100, 1))
    place = Affine(10, 0, LEFT, 0, -10, TOP)
    return height_service(tmp_path_factory.mktemp("slope"), z, "EPSG:32632", place)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return sunlit_service(tmp_path_factory.mktemp("sunlit"))


def _value(found: Any, name: str) -> float:
    return float(found.quantities[name].value)


def test_a_distance_is_that_of_the_geodesic(plain: ImageService) -> None:
    for first, second in (((9.0, 46.95), (9.003, 46.951)), ((9.0, 46.95), (-70.5, -33.4))):
        found = measured(plain, "DistanceAndAngle", first, second, crs=LONLAT)
        azimuth, _, length = GEOD.inv(*first, *second)
        assert _value(found, "distance") == pytest.approx(length, abs=1e-6)
        assert _value(found, "azimuthAngle") == pytest.approx(azimuth % 360, abs=1e-9)
        assert set(found.quantities) == {"distance", "azimuthAngle"}


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32632", "ESRI:54009", ""])
def test_a_distance_is_the_same_on_every_map(plain: ImageService, crs: str) -> None:
    to_map = pyproj.Transformer.from_crs(4326, crs or "EPSG:32632", always_xy=True)
    ends = (9.001, 46.951), (9.004, 46.9525)
    found = measured(plain, "DistanceAndAngle", *(to_map.transform(*end) for end in ends), crs=crs)
    azimuth, _, length = GEOD.inv(*ends[0], *ends[1])
    assert _value(found, "distance") == pytest.approx(length, abs=1e-4)
    assert _value(found, "azimuthAngle") == pytest.approx(azimuth % 360, abs=1e-4)


def test_a_distance_of_nothing_has_no_direction(plain: ImageService) -> None:
    found = measured(plain, "DistanceAndAngle", (LEFT, TOP), (LEFT, TOP))
    assert _value(found, "distance") == 0
    assert math.isnan(_value(found, "azimuthAngle"))


def test_places_are_off_by_half_a_pixel_each(plain: ImageService) -> None:
    ends = (LEFT + 100, TOP - 100), (LEFT + 300, TOP - 100)
    found = measured(plain, "DistanceAndAngle", *ends)
    off = math.sqrt(2) * 5 / 0.9996
    assert found.quantities["distance"].uncertainty == pytest.approx(off, rel=3e-3)
    turn = math.degrees(math.atan(off / (200 / 0.9996)))
    assert found.quantities["azimuthAngle"].uncertainty == pytest.approx(turn, rel=3e-3)
    # Nobody has stated where on Earth the raster really is; beside it there are no pixels.
    assert math.isnan(measured(plain, "Point", ends[0]).point_uncertainty_m)
    beside = measured(plain, "DistanceAndAngle", (0.0, 0.0), (1e4, 0.0))
    assert (beside.name, _value(beside, "distance")) == ("", pytest.approx(10_000, rel=0.01))
    assert math.isnan(beside.quantities["distance"].uncertainty)


def test_the_name_is_that_of_the_raster_on_top(plain: ImageService, images: ImageService) -> None:
    assert measured(plain, "Point", (LEFT + 5, TOP - 5)).name == "a"
    place = (500000.0, 4983000.0)
    assert measured(images, "Point", place).name in ("left", "right")
    for number, name in ((1, "left"), (2, "right")):
        lock = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(number,))
        assert measured(images, "Point", place, mosaic=lock).name == name


def test_an_area_is_that_on_the_ellipsoid(plain: ImageService) -> None:
    ring = [(9.0, 46.95), (9.002, 46.9505), (9.0035, 46.952), (9.001, 46.9525)]
    area, length = GEOD.geometry_area_perimeter(shapely.Polygon(ring))
    found = measured(plain, "AreaAndPerimeter", shapely.Polygon(ring), crs=LONLAT)
    assert _value(found, "area") == pytest.approx(abs(area), rel=1e-7)
    assert _value(found, "perimeter") == pytest.approx(length, rel=1e-7)
    to_map = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    on_map = shapely.transform(shapely.Polygon(ring), to_map.transform, interleaved=False)
    same = measured(plain, "AreaAndPerimeter", on_map, crs="EPSG:3857")
    assert _value(same, "area") == pytest.approx(abs(area), rel=1e-6)


def test_how_far_an_area_may_be_off(plain: ImageService) -> None:
    box = shapely.box(LEFT + 100, TOP - 300, LEFT + 300, TOP - 100)
    found = measured(plain, "AreaAndPerimeter", box)
    # Four corners of a square, each off by half a pixel along x and y.
    assert found.quantities["area"].uncertainty == pytest.approx(5 * 200 * math.sqrt(2), rel=2e-3)
    assert found.quantities["perimeter"].uncertainty == pytest.approx(5 * math.sqrt(8), rel=2e-3)


def test_a_centroid_is_in_the_crs_it_was_asked_in(plain: ImageService) -> None:
    box = shapely.box(LEFT + 100, TOP - 300, LEFT + 300, TOP - 100)
    found = measured(plain, "Centroid", box)
    assert found.point is not None
    assert found.point[:2] == pytest.approx((LEFT + 200, TOP - 200))
    assert math.isnan(found.point[2])
    degrees = measured(plain, "Centroid", shapely.box(9, 46.95, 9.002, 46.951), crs=LONLAT)
    assert degrees.crs == LONLAT
    assert degrees.point is not None
    assert degrees.point[:2] == pytest.approx((9.001, 46.9505))


def test_heights_are_the_services_own_where_it_has_heights(slope: ImageService) -> None:
    place = (LEFT + 403.0, TOP - 500.0)
    found = measured(slope, "Point3D", place)
    assert found.point is not None
    assert found.point == pytest.approx((*place, 403 * 0.75), abs=1e-3)
    middle = measured(
        slope, "Centroid3D", shapely.box(LEFT + 300, TOP - 600, LEFT + 500, TOP - 500)
    )
    assert middle.point is not None
    assert middle.point[2] == pytest.approx(300, abs=1e-3)


def test_a_distance_in_space_goes_up_the_slope(slope: ImageService) -> None:
    ends = (LEFT + 200, TOP - 500), (LEFT + 600, TOP - 500)
    found = measured(slope, "DistanceAndAngle3D", *ends)
    level = 400 / 0.9996
    assert _value(found, "distance") == pytest.approx(math.hypot(level, 300), rel=1e-5)
    assert _value(found, "elevationAngle") == pytest.approx(
        math.degrees(math.atan2(300, level)), abs=1e-3
    )
    assert _value(found, "azimuthAngle") == pytest.approx(90, abs=0.1)
    back = measured(slope, "DistanceAndAngle3D", ends[1], ends[0])
    assert _value(back, "elevationAngle") == pytest.approx(-_value(found, "elevationAngle"))


def test_an_area_in_space_is_that_of_the_slope(slope: ImageService) -> None:
    box = shapely.box(LEFT + 200, TOP - 700, LEFT + 600, TOP - 300)
    flat = measured(slope, "AreaAndPerimeter", box)
    found = measured(slope, "AreaAndPerimeter3D", box)
    steep = math.hypot(1, 0.75 * 0.9996)
    assert _value(found, "area") == pytest.approx(_value(flat, "area") * steep, rel=1e-4)
    level = 400 / 0.9996
    assert _value(found, "perimeter") == pytest.approx(
        2 * level + 2 * math.hypot(level, 300), rel=1e-4
    )


def test_heights_in_feet_are_measured_in_metres(tmp_path: Path) -> None:
    place = Affine(10, 0, 600000, 0, -10, 4e6)
    service = height_service(tmp_path, np.full((40, 40), 1000.0), "EPSG:26917+6360", place)
    found = measured(service, "Point3D", (600200.0, 3999800.0))
    assert found.point is not None
    assert found.point[2] == pytest.approx(1000 * 1200 / 3937)


def test_heights_of_images_are_those_of_their_terrain(images: ImageService) -> None:
    ground = moved(images, np.array([[150.0, -120.0]]), from_crs="ICS:2")[0]
    found = measured(images, "Point3D", ground)
    assert found.point is not None
    assert found.point == pytest.approx(ground.tolist(), abs=1e-3)


def test_places_in_an_image_are_measured_on_the_ground(images: ImageService) -> None:
    marks = np.array([[100.0, -80.0], [300.0, -200.0]])
    ground = moved(images, marks, from_crs="ICS:1")
    point = measured(images, "Point3D", marks[0], crs="ICS:1")
    assert (point.name, point.crs) == ("left", "")
    assert point.point == pytest.approx(ground[0].tolist(), abs=1e-6)
    to_lonlat = pyproj.Transformer.from_crs(UTM, 4326, always_xy=True)
    (lon, lat), (to_lon, to_lat) = (to_lonlat.transform(*at[:2]) for at in ground)
    _, _, length = GEOD.inv(lon, lat, to_lon, to_lat)
    found = measured(images, "DistanceAndAngle", *marks, crs="ICS:1")
    assert _value(found, "distance") == pytest.approx(length, abs=1e-3)
    space = measured(images, "DistanceAndAngle3D", *marks, crs="ICS:1")
    rise = ground[1, 2] - ground[0, 2]
    assert _value(space, "distance") == pytest.approx(math.hypot(length, rise), abs=1e-3)


def test_what_a_vendor_states_of_a_model_is_told(images: ImageService) -> None:
    left = measured(images, "Point", (100.0, -80.0), crs="ICS:1")
    half = images.catalog.item(1).ground_size_m / 2
    assert left.point_uncertainty_m == pytest.approx(math.sqrt(3**2 + 0.4**2 + half**2))
    # Only what is random shows in a distance.
    found = measured(images, "DistanceAndAngle", (100, -80), (200, -90), crs="ICS:1")
    off = math.sqrt(2) * math.hypot(0.4, half)
    assert found.quantities["distance"].uncertainty == pytest.approx(off)
    assert math.isnan(measured(images, "Point", (9.0, -9.0), crs="ICS:2").point_uncertainty_m)


def test_heights_that_nobody_stated_are_not_made_up(plain: ImageService, tmp_path: Path) -> None:
    guessed = sensor_service(tmp_path, [write_image(tmp_path / "a.tif")], AverageHeight())
    box = shapely.box(LEFT, TOP - 100, LEFT + 100, TOP)
    for service, crs in ((plain, ""), (guessed, UTM)):
        place = shapely.Point(500000.0, 4983000.0) if crs else box.centroid
        with pytest.raises(InvalidParameter, match="heights"):
            measured(service, "Point3D", place, crs=crs)
        with pytest.raises(InvalidParameter, match="heights"):
            measured(service, "AreaAndPerimeter3D", place.buffer(10), crs=crs)


def test_a_place_without_a_height_is_named(slope: ImageService) -> None:
    far = (LEFT - 1e5, TOP)
    near = (LEFT + 100, TOP - 100)
    with pytest.raises(InvalidParameter, match="fromGeometry"):
        measured(slope, "Point3D", far)
    with pytest.raises(InvalidParameter, match="toGeometry"):
        measured(slope, "DistanceAndAngle3D", near, far)
    with pytest.raises(InvalidParameter, match="height is known"):
        measured(slope, "AreaAndPerimeter3D", shapely.box(LEFT - 50, TOP - 200, LEFT + 50, TOP))


@pytest.mark.parametrize(
    ("operation", "first", "second"),
    [
        ("DistanceAndAngle", shapely.box(0, 0, 1, 1), shapely.Point(0, 0)),
        ("HeightFromBaseAndTop", shapely.Point(0, 0), shapely.box(0, 0, 1, 1)),
        ("AreaAndPerimeter", shapely.Point(0, 0), None),
        ("AreaAndPerimeter", shapely.LineString([(0, 0), (1, 1)]), None),
        ("Point", shapely.Polygon(), None),
    ],
)
def test_geometries_that_do_not_fit_are_refused(
    plain: ImageService, operation: str, first: Any, second: Any
) -> None:
    with pytest.raises(InvalidParameter, match=r"Geometry|geometry"):
        measured(plain, operation, first, second)


def test_too_many_heights_are_refused_before_one_is_read(slope: ImageService) -> None:
    circle = shapely.Point(LEFT + 500, TOP - 500).buffer(100, quad_segs=600)
    with pytest.raises(RequestTooLarge, match="2000"):
        measured(slope, "AreaAndPerimeter3D", circle)


def test_places_beyond_the_services_map_are_measured_all_the_same(plain: ImageService) -> None:
    # The other side of the world from a zone of UTM.
    ends = (-171.0, -0.1), (-171.0, 0.1)
    found = measured(plain, "DistanceAndAngle", *ends, crs=LONLAT)
    assert found.name == ""
    assert _value(found, "distance") == pytest.approx(GEOD.inv(*ends[0], *ends[1])[2])
    world = measured(plain, "AreaAndPerimeter", shapely.box(-180, -90, 180, 90), crs=LONLAT)
    assert _value(world, "area") == pytest.approx(510_065_621_724_089, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "crs", "name"),
    [
        ((3.0, 95.0), LONLAT, "fromGeometry"),
        ((1e300, 0.0), "", "fromGeometry"),
        ((3.0, 45.0), "EPSG:4978", r"fromGeometry\.spatialReference"),
    ],
)
def test_places_that_are_none_are_named_by_their_parameter(
    plain: ImageService, first: tuple[float, float], crs: str, name: str
) -> None:
    with pytest.raises(InvalidParameter, match=name):
        measured(plain, "Point", first, crs=crs)


def test_a_raster_that_is_not_there_is_named(plain: ImageService) -> None:
    with pytest.raises(ItemNotFound):
        measured(plain, "Point", (0, 0), crs="ICS:7")


def _from_image(service: ImageService, shape: shapely.Geometry, item: int = 1) -> ImageShapeResult:
    request = MeasureImageRequest(item=item, geometry=bytes(shapely.to_wkb(shape)))
    return answer(service, request, UNLIMITED).record  # type: ignore[return-value]  # -- its record


def test_an_area_drawn_in_an_image_is_measured_on_the_ground(images: ImageService) -> None:
    ring = np.array([(50.0, -50.0), (250, -60), (240, -180), (60, -170), (50, -50)])
    found = _from_image(images, shapely.Polygon(ring))
    ground = moved(images, ring, from_crs="ICS:1")[:, :2]
    shape = shapely.from_wkb(found.shape)
    assert shapely.get_coordinates(shape) == pytest.approx(ground, abs=1e-6)
    to_lonlat = pyproj.Transformer.from_crs(UTM, 4326, always_xy=True)
    on_earth = shapely.transform(shapely.Polygon(ground), to_lonlat.transform, interleaved=False)
    area, length = GEOD.geometry_area_perimeter(on_earth)
    assert found.area_m2 == pytest.approx(abs(area), rel=1e-6)
    assert found.length_m == pytest.approx(length, rel=1e-6)
    assert found.center == pytest.approx(shapely.Polygon(ground).centroid.coords[0])


def test_a_line_drawn_in_an_image_has_a_length_and_no_area(images: ImageService) -> None:
    line = shapely.LineString([(10, -10), (200, -100), (390, -290)])
    found = _from_image(images, line, item=2)
    ground = moved(images, shapely.get_coordinates(line), from_crs="ICS:2")[:, :2]
    plane = np.hypot(*np.diff(ground, axis=0).T).sum()
    assert found.length_m == pytest.approx(plane / 0.9996, rel=1e-4)
    assert math.isnan(found.area_m2)
    point = _from_image(images, shapely.Point(10, -10))
    assert point.length_m == 0
    assert math.isnan(point.area_m2)


def test_what_does_not_meet_the_ground_is_refused(images: ImageService) -> None:
    far = shapely.LineString([(0, 0), (COLS * 1e4, ROWS * 1e4)])
    with pytest.raises(InvalidParameter, match="fromGeometry"):
        _from_image(images, far)
    with pytest.raises(ItemNotFound):
        _from_image(images, shapely.Point(0, 0), item=9)
