"""Images and where they were taken from. Covers engine.catalog_results too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import shapely

from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.catalog_results import CatalogImagesResult
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geolocation import Geolocation, pack_geolocation
from engine.geometry.projection import operation, transform
from engine.geotransforms.camera_interior import InteriorMillimetres
from engine.geotransforms.camera_orientation import OmegaPhiKappa
from engine.geotransforms.frame_camera import CameraPosition, FrameCameraRecord
from engine.request import CatalogImagesRequest, QueryRequest
from engine.request_parts import MapPoint
from engine.service import open_service
from tests.engine.catalogs import make_catalog, make_item, make_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.service import ImageService

UTM = "EPSG:32633"
CAMERA_X, CAMERA_Y, CAMERA_Z = 500_100.0, 5_500_200.0, 1234.5


def _camera() -> bytes:
    record = FrameCameraRecord(
        ground_crs=UTM,
        vertical_datum="ellipsoid",
        columns=1000,
        rows=800,
        position=CameraPosition(x=CAMERA_X, y=CAMERA_Y, z_m=CAMERA_Z),
        orientation=OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0),
        interior=InteriorMillimetres(
            columns=1000, rows=800, focal_length_mm=100.0, pixel_size_x_mm=0.1, pixel_size_y_mm=0.1
        ),
    )
    return pack_geolocation(Geolocation(sensor=record))


def _on_map(x: float, y: float) -> tuple[float, float]:
    pipeline = operation(UTM, "EPSG:3857").pipeline
    moved_x, moved_y = transform(pipeline, np.array([x]), np.array([y]))
    return float(moved_x[0]), float(moved_y[0])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageService]:
    x, y = _on_map(CAMERA_X, CAMERA_Y)
    near = Extent(x - 100, y - 100, x + 300, y + 100)
    rows = [
        make_row(make_item(1, near, geolocation=_camera()), {"AcqDate": 7}),
        make_row(make_item(2, Extent(5000, 0, 6000, 1000)), {"Sensor": "x", "AcqDate": None}),
        make_row(make_item(3, Extent(0, 0, 1000, 1000), nadir_x=2500.0, nadir_y=50.0), {}),
        make_row(make_item(4, Extent(0, 0, 6000, 1000), category=2), {}),
    ]
    path = tmp_path_factory.mktemp("images") / "i.zmd"
    make_catalog(path, rows).close()
    opened = open_service(str(path), InstanceMemory())
    yield opened
    opened.close()


def _images(service: ImageService, **asked: object) -> CatalogImagesResult:
    near = asked.pop("near", None)
    request = CatalogImagesRequest(rows=QueryRequest(**asked), near=near)  # type: ignore[arg-type]  # -- a shorthand
    record = answer(service, request, UNLIMITED).record
    assert isinstance(record, CatalogImagesResult)
    return record


def _ids(found: CatalogImagesResult) -> list[int]:
    return [image.id for image in found.images]


def test_a_frame_camera_says_where_it_stood(service: ImageService) -> None:
    found = _images(service, object_ids=(1,))
    (image,) = found.images
    x, y = _on_map(CAMERA_X, CAMERA_Y)
    assert image.perspective_center == pytest.approx((x, y, CAMERA_Z), abs=1e-6)
    assert image.center == pytest.approx((x + 100, y))
    assert image.acquired_ms == 7
    (camera,) = found.cameras
    assert (camera.columns, camera.rows) == (1000, 800)
    assert (camera.focal_length, camera.focal_unit) == (100.0, "mm")
    assert image.camera == camera.id


def test_places_are_on_the_map_that_is_asked_for(service: ImageService) -> None:
    found = _images(service, object_ids=(1,), out_crs=UTM)
    assert found.crs == UTM
    stood = found.images[0].perspective_center
    assert stood == pytest.approx((CAMERA_X, CAMERA_Y, CAMERA_Z), abs=1e-3)


def test_of_others_the_place_below_is_told_where_it_is_known(service: ImageService) -> None:
    found = _images(service, object_ids=(2, 3))
    assert [image.perspective_center for image in found.images] == [None, (2500.0, 50.0)]
    assert [image.camera for image in found.images] == ["", ""]
    assert found.cameras == ()


def test_overviews_are_no_images(service: ImageService) -> None:
    assert _ids(_images(service)) == [1, 2, 3]


def test_the_nearest_camera_comes_first(service: ImageService) -> None:
    x, y = _on_map(CAMERA_X, CAMERA_Y)
    assert _ids(_images(service, near=MapPoint(x=x, y=y)))[0] == 1
    # The third lies west of the second, but was taken from a place east of its middle.
    assert _ids(_images(service, near=MapPoint(x=3000.0, y=0.0)))[:2] == [3, 2]
    assert _ids(_images(service, near=MapPoint(x=CAMERA_X, y=CAMERA_Y, crs=UTM)))[0] == 1


def test_conditions_and_places_choose(service: ImageService) -> None:
    assert _ids(_images(service, where="OBJECTID > 1")) == [2, 3]
    seen = shapely.to_wkb(shapely.Point(500, 500))
    assert _ids(_images(service, geometry=seen)) == [3]


def test_more_than_asked_for_is_told(service: ImageService) -> None:
    found = _images(service, limit=2)
    assert (_ids(found), found.exceeded) == ([1, 2], True)
    assert not _images(service, limit=3).exceeded


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"out_crs": "ICS:1"}, "outSR"),
        ({"where": "nothing = 1"}, "where"),
        ({"near": MapPoint(x=1e9, y=0.0, crs="EPSG:4326")}, "fromGeometry"),
    ],
)
def test_what_is_not_accepted_is_named(
    service: ImageService, asked: dict[str, object], named: str
) -> None:
    with pytest.raises(InvalidParameter, match=named):
        _images(service, **asked)


def test_a_result_is_the_same_after_packing(service: ImageService) -> None:
    found = _images(service)
    packed = msgspec.msgpack.encode(found)
    assert msgspec.msgpack.decode(packed, type=CatalogImagesResult) == found
