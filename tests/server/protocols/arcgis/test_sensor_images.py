"""Images with sensor models on a live server: what clients do with single images, and what they get wrong."""

from __future__ import annotations

import io
import itertools
import json
import math
import shutil
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.io import MemoryFile

from engine.geometry.terrain_definition import RasterTerrain
from server.site.publishing import Publisher
from tests.engine.image_pairs import COLS, ROWS, pair_service
from tests.engine.sensor_scenes import sensor_service
from tests.server.live_sources import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.server.conftest import LiveServer

WHOLE = f"-0.5,{0.5 - ROWS},{COLS - 0.5},0.5"
UTM = {"wkid": 32631, "latestWkid": 32631}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sensors")


@pytest.fixture(scope="module")
def images(
    folder: Path, serve: Callable[..., AbstractContextManager[LiveServer]]
) -> Iterator[httpx.Client]:
    """A client at the image service of two images."""
    pair_service(folder).close()
    Publisher(folder / "data").publish(folder / "d.zmd", "air/pair")
    with serve(folder / "data", **OWN) as live:
        base = f"{live.url}/arcgis/rest/services/air/pair/ImageServer"
        with httpx.Client(base_url=base, timeout=60) as client:
            yield client


def _get(client: httpx.Client, path: str, **parameters: Any) -> dict[str, Any]:
    """Ask as clients do: what is no text travels as JSON."""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
    }
    answer = client.get(path, params={"f": "json", **texts})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def _pixels(folder: Path, name: str) -> np.ndarray:
    with rasterio.open(folder / f"{name}.tif") as file:
        return file.read()


def test_the_javascript_sdk_finds_an_images_own_system_and_draws_in_it(
    images: httpx.Client, folder: Path
) -> None:
    # As getCatalogItemICSInfo does it in version 5.1.
    ics = _get(images, "/1/info/ics")["ics"]
    extent = _get(images, "/1/info")["extent"]
    to_pixel = _get(images, "/1/info/icstopixel")["ipxf"]["affine"]["coefficients"]
    wkid = extent["spatialReference"]["latestWkid"]
    envelope = {"geometryType": "esriGeometryEnvelope", "geometries": [extent]}
    box = _get(images, "/project", geometries=envelope, inSR=str(wkid), outSR="0:1")["geometries"][
        0
    ]
    # Corners of the footprint's box lie beside the slanting image, over other heights.
    assert box["xmin"] < 5
    assert box["xmax"] > COLS - 5
    assert box["ymin"] < 5 - ROWS
    assert box["ymax"] > -5
    middle = (extent["xmin"] + extent["xmax"]) / 2
    step = (extent["ymax"] - extent["ymin"]) / 6
    line = [{"x": middle, "y": extent["ymin"] + step * (n + 1)} for n in range(5)]
    going = {"geometryType": "esriGeometryPoint", "geometries": line}
    north = _get(images, "/project", geometries=going, inSR=str(wkid), outSR="0:1")["geometries"]
    assert all(later["y"] > earlier["y"] for earlier, later in itertools.pairwise(north))
    assert to_pixel == [1, 0, 0, 0, -1, 0]
    # The id in the object makes it send 0:1; older ones send all of it.
    assert ics["id"] == 1
    for reference in ("0:1", '{"icsid":1}', json.dumps({"ics": ics})):
        answer = images.get(
            "/exportImage",
            params={
                "f": "image",
                "bbox": WHOLE,
                "bboxSR": reference,
                "imageSR": reference,
                "size": f"{COLS},{ROWS}",
                "format": "tiff",
                "mosaicRule": '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[1]}',
            },
        )
        with MemoryFile(answer.content) as file, file.open() as dataset:
            assert np.array_equal(dataset.read(), _pixels(folder, "left"))


def test_the_extent_of_a_picture_in_image_space_is_told_in_image_space(
    images: httpx.Client,
) -> None:
    found = _get(images, "/exportImage", imageSR="0:2", size="40,30")
    assert found["extent"] == {
        "xmin": -0.5,
        "ymin": 0.5 - ROWS,
        "xmax": COLS - 0.5,
        "ymax": 0.5,
        "spatialReference": {"icsid": 2},
    }
    assert images.get(found["href"]).headers["content-type"] in ("image/png", "image/jpeg")


def test_pictures_in_image_space_have_colours(images: httpx.Client) -> None:
    where = {"bbox": WHOLE, "bboxSR": "0:1", "imageSR": "0:1", "size": "100,75", "f": "image"}
    for form, kind in (("png", "image/png"), ("jpg", "image/jpeg"), ("jpgpng", "image/jpeg")):
        answer = images.get("/exportImage", params={**where, "format": form})
        assert answer.headers["content-type"] == kind


def test_image_to_map_and_map_to_image_are_each_others_inverse(images: httpx.Client) -> None:
    for geometry in (
        {"x": 120.0, "y": -80.0},
        {"points": [[10.0, -20.0], [300.5, -250.25]]},
        {"paths": [[[10.0, -20.0], [300.0, -250.0]], [[1.0, -1.0], [2.0, -2.0], [3.0, -3.0]]]},
        {"rings": [[[10, -20], [100, -20], [100, -90], [10, -20]]]},
    ):
        ground = _get(images, "/imageToMap", rasterId=1, geometry=geometry)
        assert ground["spatialReference"] == UTM
        back = _get(images, "/mapToImage", rasterId=1, geometry=ground)
        assert back["spatialReference"] == {"icsid": 1}
        for key, asked in geometry.items():
            assert _flat(back[key]) == pytest.approx(_flat(asked), abs=1e-4)


def _flat(value: Any) -> list[float]:
    """Return the x and y of vertices, however deep they lie."""
    if not isinstance(value, list):
        return [value]
    if not isinstance(value[0], list):
        return value[:2]
    return [number for part in value for number in _flat(part)]


def test_image_to_map_gives_heights_and_takes_them(images: httpx.Client) -> None:
    ground = _get(images, "/imageToMap", rasterId="1", geometry="120,-80")
    assert 300 < ground["z"] < 700
    higher = _get(
        images, "/imageToMap", rasterId="1", geometry={"x": 120, "y": -80, "z": ground["z"] + 50}
    )
    assert higher["z"] == pytest.approx(ground["z"] + 50)
    assert math.dist((higher["x"], higher["y"]), (ground["x"], ground["y"])) == pytest.approx(
        21, abs=6
    )
    nearer = _get(images, "/imageToMap", rasterId="1", geometry="120,-80", options={"DOff": 20})
    assert 10 < nearer["z"] - ground["z"] < 20
    lonlat = _get(images, "/imageToMap", rasterId="1", geometry="120,-80", outSR="4326")
    assert (lonlat["x"], lonlat["y"]) == pytest.approx((3.0, 45.0), abs=0.02)
    own = _get(
        images, "/imageToMap", geometry={"x": 120, "y": -80, "spatialReference": {"icsid": 1}}
    )
    assert own == ground


def test_map_to_image_can_leave_out_what_is_not_seen(images: httpx.Client) -> None:
    point = _get(images, "/imageToMap", rasterId="1", geometry="-30,-80")
    assert _get(images, "/mapToImage", rasterId="1", geometry=point)["x"] == pytest.approx(
        -30, abs=1e-3
    )
    hidden = _get(
        images, "/mapToImage", rasterId="1", geometry=point, options={"VisibleOnly": True}
    )
    assert (hidden["x"], hidden["y"]) == ("NaN", "NaN")


def test_pixel_locations_are_columns_and_rows(images: httpx.Client) -> None:
    ground = _get(images, "/imageToMap", rasterId="1", geometry="120,-80", outSR="4326")
    for point, more in (
        ({"x": ground["x"], "y": ground["y"], "spatialReference": {"wkid": 4326}}, {}),
        ({"x": ground["x"], "y": ground["y"]}, {"spatialReference": "4326"}),
        ({"x": 120, "y": -80, "spatialReference": {"icsid": 1}}, {}),
    ):
        points = {"geometryType": "esriGeometryPoint", "geometries": [point, point]}
        found = _get(images, "/computePixelLocation", rasterId="1", geometries=points, **more)[
            "geometries"
        ]
        assert len(found) == 2
        assert (found[0]["x"], found[0]["y"]) == pytest.approx((120, 80), abs=1e-4)
    assert found[0].keys() <= {"x", "y", "z"}


def test_angles_are_told_with_the_system_they_are_in(images: httpx.Client) -> None:
    # The SDK sends a list of names as text and the reference of image space as 0:id.
    own = _get(images, "/computeAngles", rasterId="1", angleName="north,up", spatialReference="0:1")
    assert own["up"] == pytest.approx(245.8, abs=0.2)
    assert own["spatialReference"]["geodataXform"]
    point = {"x": 120, "y": -80, "spatialReference": {"icsid": 1}}
    north = _get(images, "/computeAngles", rasterId="1", point=point, angleName="North")
    assert north.keys() == {"north", "spatialReference"}
    assert north["spatialReference"] == UTM


def test_angles_are_those_at_a_point_in_any_form_or_at_the_centre(images: httpx.Client) -> None:
    at = {"x": 500000, "y": 4983000}
    plain = _get(images, "/computeAngles", rasterId="1", point="500000,4983000")
    assert plain == _get(images, "/computeAngles", rasterId="1", point=at)
    centre = _get(images, "/computeAngles", rasterId="1")
    for nothing in ("{}", "null", ""):
        assert _get(images, "/computeAngles", rasterId="1", point=nothing) == centre
    assert plain != centre


def test_the_javascript_sdk_measures_heights_and_areas_in_an_image(images: httpx.Client) -> None:
    ground = _get(images, "/imageToMap", rasterId="1", geometry={"x": 200, "y": -140})
    top = {**ground, "z": ground["z"] + 25}
    marks = [_get(images, "/mapToImage", rasterId="1", geometry=each) for each in (ground, top)]
    first, second = (
        {"x": mark["x"], "y": mark["y"], "spatialReference": {"icsid": 1}} for mark in marks
    )
    found = _get(
        images,
        "/measure",
        fromGeometry=first,
        toGeometry=second,
        geometryType="esriGeometryPoint",
        measureOperation="esriMensurationHeightFromBaseAndTop",
        linearUnit="esriFeet",
    )
    assert found["name"] == "left"
    assert found["height"]["value"] == pytest.approx(25 / 0.3048, abs=0.01)
    assert found["height"]["unit"] == "esriFeet"
    space = _get(images, "/measure", fromGeometry=first, measureOperation="esriMensurationPoint3D")
    assert [space["point"]["value"][axis] for axis in "xyz"] == pytest.approx(
        [ground[axis] for axis in "xyz"], abs=1e-3
    )
    ring = {"rings": [[[100, -100], [200, -100], [200, -200], [100, -200], [100, -100]]]}
    area = _get(
        images,
        "/measureFromImage",
        rasterId="1",
        fromGeometry=ring,
        geometryType="esriGeometryPolygon",
    )
    assert area.keys() == {"Shape", "Length", "Area", "Center"}
    assert area["Area"] == pytest.approx(100 * 100 * 5.3**2, rel=0.2)
    root = _get(images, "")
    assert root["mensurationCapabilities"] == "Basic,Base-Top Height,3D"
    assert "Mensuration" in root["capabilities"]


def test_lines_of_sight_of_two_images_meet(images: httpx.Client) -> None:
    known = {"x": 500000.0, "y": 4983000.0, "z": 650.0}
    seen = [_get(images, "/mapToImage", rasterId=n, geometry=known) for n in (1, 2)]
    marks = {
        "geometryType": "esriGeometryPoint",
        "geometries": [{"x": mark["x"], "y": mark["y"]} for mark in seen],
    }
    found = _get(images, "/imageToMapMultiray", rasterIds="1,2", geometries=marks)
    assert [found[axis] for axis in "xyz"] == pytest.approx([500000, 4983000, 650], abs=1e-2)
    assert found["spatialReference"] == UTM


def test_identify_over_sensors_gives_the_pixel_under_the_point(images: httpx.Client) -> None:
    ground = _get(images, "/imageToMap", rasterId="1", geometry="120,-80")
    point = {"x": ground["x"], "y": ground["y"]}
    lock = {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [1]}
    found = _get(images, "/identify", geometry=point, mosaicRule=lock)
    assert found["value"] == "12001, 8001"
    everything = _get(images, "/identify", geometry=point)
    assert sorted(everything["catalogItemVisibilities"]) in ([1.0], [0.0, 1.0])
    inside = _get(
        images,
        "/identify",
        geometry={"x": 120, "y": -80, "spatialReference": {"icsid": 1}},
        mosaicRule=lock,
    )
    assert inside["value"] == "12001, 8001"
    assert inside["location"] == {"x": 120, "y": -80, "spatialReference": {"icsid": 1}}


def test_the_catalog_has_footprints_over_terrain_and_in_image_space(images: httpx.Client) -> None:
    found = _get(images, "/query", where="1=1", outFields="*", outSR="0:1")
    assert found["spatialReference"] == {"icsid": 1}
    ring = np.array(found["features"][0]["geometry"]["rings"][0])
    assert ring.min(axis=0) == pytest.approx([-0.5, 0.5 - ROWS], abs=1)
    feature = _get(images, "/2")
    assert feature["attributes"]["Name"] == "right"
    assert feature["geometry"]["spatialReference"] == UTM
    facts = _get(images, "/2/info")
    assert (facts["bandCount"], facts["pixelType"]) == (2, "U16")
    width = facts["extent"]["xmax"] - facts["extent"]["xmin"]
    assert width / facts["pixelSizeX"] == pytest.approx(facts["columns"], abs=0.1)


def test_one_raster_is_drawn_by_its_own_address(images: httpx.Client) -> None:
    answer = images.get(
        "/2/image", params={"f": "image", "imageSR": "0:2", "size": "400,300", "format": "bsq"}
    )
    first = np.frombuffer(answer.content[: 2 * COLS * ROWS], "<u2").reshape(ROWS, COLS)
    assert (first[0] == np.arange(COLS) * 100 + 1).all()
    told = _get(images, "/2/image", size="50,50")
    assert images.get(told["href"]).headers["content-type"].startswith("image/")


def test_a_raster_has_a_thumbnail_of_its_own(images: httpx.Client) -> None:
    for path in ("/1/info/thumbnail", "/1/thumbnail"):
        answer = images.get(path)
        assert answer.headers["content-type"] == "image/png"
        picture = Image.open(io.BytesIO(answer.content)).convert("RGBA")
        assert picture.size == (200, 133)
        # 4 : 3 in 3 : 2: the sides stay empty.
        alpha = np.asarray(picture)[66, :, 3]
        assert np.flatnonzero(alpha == 255)[[0, -1]] == pytest.approx([11, 188], abs=1)


HOSTILE: list[tuple[str, dict[str, Any], int]] = [
    ("/imageToMap", {"geometry": "1,2"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "x"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1.5"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "99"}, 404),
    ("/imageToMap", {"geometry": "1,2", "rasterId": str(10**15)}, 404),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "9" * 40}, 400),
    ("/imageToMap", {"geometry": "NaN,2", "rasterId": "1"}, 400),
    ("/imageToMap", {"geometry": "", "rasterId": "1"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "geometryType": "esriNone"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "outSR": "999999"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "outSR": "http://127.0.0.1/crs"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "outSR": "file:///etc/passwd"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "outSR": "0:99"}, 404),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "options": "5"}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "options": {"DOff": "much"}}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "options": {"DOff": 1e9}}, 400),
    ("/imageToMap", {"geometry": "1,2", "rasterId": "1", "options": {"Adjust": [1]}}, 400),
    (
        "/imageToMap",
        {"geometry": {"x": 1, "y": 2, "spatialReference": {"wkid": 4326}}, "rasterId": "1"},
        400,
    ),
    ("/imageToMap", {"geometry": {"points": [[1, 2]] * 10_001}, "rasterId": "1"}, 400),
    ("/mapToImage", {"geometry": "1,2", "rasterId": "1", "inSR": "{}"}, 0),
    ("/mapToImage", {"geometry": "1,2", "rasterId": "1", "inSR": '{"wkt":"x"}'}, 400),
    ("/mapToImage", {"geometry": "1,2", "rasterId": "1", "options": {"VisibleOnly": 7}}, 400),
    ("/mapToImage", {"geometry": "1e300,-1e300", "rasterId": "1"}, 0),
    (
        "/computePixelLocation",
        {"geometries": {"geometries": [{"rings": [[[1, 2], [3, 4], [5, 6]]]}]}, "rasterId": "1"},
        400,
    ),
    ("/computePixelLocation", {"rasterId": "1"}, 400),
    ("/computePixelLocation", {"geometries": "1,2,3", "rasterId": "1"}, 400),
    (
        "/computePixelLocation",
        {"geometries": {"geometryType": 5, "geometries": "x"}, "rasterId": "1"},
        400,
    ),
    ("/computeAngles", {"rasterId": "1", "angleName": "Down"}, 400),
    ("/computeAngles", {"rasterId": "1", "point": "9e99,0"}, 400),
    ("/computeAngles", {"rasterId": "1", "point": "0,0,1,1"}, 400),
    ("/computeAngles", {"rasterId": "1", "spatialReference": "0:77"}, 404),
    ("/computeAngles", {}, 400),
    ("/imageToMapMultiray", {"rasterIds": "1", "geometries": "1,2"}, 400),
    ("/imageToMapMultiray", {"rasterIds": "1,1", "geometries": "1,-2,1,-2"}, 400),
    ("/imageToMapMultiray", {"rasterIds": "1,2", "geometries": "1,-2"}, 400),
    ("/imageToMapMultiray", {"rasterIds": "1,2", "geometries": "1e7,-2,1e7,-2"}, 400),
    ("/imageToMapMultiray", {"rasterIds": "1,99", "geometries": "1,-2,1,-2"}, 404),
    ("/imageToMapMultiray", {"rasterIds": ",".join(["1", "2"] * 20), "geometries": "1,-2"}, 400),
    ("/project", {"geometries": "1,2", "inSR": "0:1", "outSR": "0:1"}, 0),
    ("/project", {"geometries": "1,2", "inSR": "4326", "outSR": "ICS:1"}, 400),
    ("/project", {"geometries": "[" * 3000, "outSR": "4326"}, 400),
    ("/exportImage", {"imageSR": "0:99", "size": "10,10"}, 404),
    ("/exportImage", {"imageSR": "0:1", "bbox": "1e20,1e20,2e20,2e20", "size": "10,10"}, 400),
    (
        "/exportImage",
        {"imageSR": "0:1", "bboxSR": "0:2", "bbox": "1e7,1e7,2e7,2e7", "size": "10,10"},
        400,
    ),
    ("/identify", {"geometry": {"x": 1e9, "y": 1, "spatialReference": {"icsid": 1}}}, 400),
    ("/query", {"geometry": "1,2", "inSR": "0:99"}, 404),
    ("/99", {}, 404),
    ("/99/info/ics", {}, 404),
    ("/99/thumbnail", {}, 404),
    ("/1/info/nothing", {}, 400),
    ("/1/exportImage", {}, 400),
]


@pytest.mark.parametrize(("path", "parameters", "code"), HOSTILE)
def test_what_cannot_be_is_an_error_of_the_caller(
    path: str, parameters: dict[str, Any], code: int, images: httpx.Client
) -> None:
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parameters.items()}
    # As long requests do, they come by POST.
    answer = images.post(path, data={"f": "json", **texts})
    assert answer.status_code == 200
    assert len(answer.content) < 20_000
    assert answer.json().get("error", {}).get("code", 0) == code


def test_as_many_positions_as_are_allowed_are_answered(images: httpx.Client) -> None:
    random = np.random.default_rng(5)
    points = np.stack([random.uniform(0, COLS, 10_000), -random.uniform(0, ROWS, 10_000)], axis=1)
    form = {"f": "json", "rasterId": "1", "geometry": json.dumps({"points": points.tolist()})}
    found = images.post("/imageToMap", data=form).json()
    assert len(found["points"]) > 9_900


def test_every_operation_of_images_has_a_page(images: httpx.Client) -> None:
    listed = images.get("", params={"f": "html"}).text
    for name in (
        "project",
        "computePixelLocation",
        "computeAngles",
        "imageToMap",
        "mapToImage",
        "imageToMapMultiray",
    ):
        assert f"/{name}" in listed
        page = images.get(
            f"/{name}",
            params={
                "f": "html",
                "rasterId": "1",
                "geometry": "120,-80",
                "geometries": "120,-80",
                "inSR": "0:1",
                "outSR": "4326",
            },
        )
        assert page.headers["content-type"].startswith("text/html")
        assert "Answer" in page.text or "Error 400" in page.text
    assert (
        "spatialReference"
        in images.get(
            "/imageToMap", params={"f": "html", "rasterId": "1", "geometry": "120,-80"}
        ).text
    )


def test_the_plan_of_a_picture_in_image_space_is_explained(images: httpx.Client) -> None:
    found = _get(images, "/explain", imageSR="0:1", size="40,30")
    assert "image space" in json.dumps(found)
    assert "error" not in found


def test_a_pleiades_image_is_served_in_its_own_space_and_over_its_terrain(
    shared_data: Path,
    tmp_path: Path,
    serve: Callable[..., AbstractContextManager[LiveServer]],
) -> None:
    kit = shared_data / "04_rpc_satellite" / "phr_ventoux"
    (tmp_path / "images").mkdir()
    for name in ("left_image.tif", "left_image.geom"):
        shutil.copyfile(kit / name, tmp_path / "images" / name)
    terrain = RasterTerrain(
        path=str(kit / "dem" / "N44E005.hgt"), vertical_datum=str(kit / "dem" / "egm96_15.gtx")
    )
    sensor_service(tmp_path, [tmp_path / "images"], terrain, "EPSG:32631").close()
    Publisher(tmp_path / "data").publish(tmp_path / "d.zmd", "ventoux")
    truth = json.loads((kit / "reference" / "truth.json").read_text())
    rows = next(e for e in truth["computed"] if e["image"] == "left_image.tif")["inverse"]
    points = [{"x": row["lon"], "y": row["lat"], "z": row["h"]} for row in rows]
    with serve(tmp_path / "data", **OWN) as live:
        base = f"{live.url}/arcgis/rest/services/ventoux/ImageServer"
        with httpx.Client(base_url=base, timeout=60) as client:
            form = {"f": "json", "rasterId": "1", "spatialReference": "4326"}
            form["geometries"] = json.dumps({"geometries": points})
            found = client.post("/computePixelLocation", data=form).json()["geometries"]
            picture = client.get(
                "/exportImage",
                params={"f": "image", "imageSR": "0:1", "size": "500,500", "format": "tiff"},
            )
    for place, row in zip(found, rows, strict=True):
        assert (place["x"], place["y"]) == pytest.approx((row["col"], row["row"]), abs=1e-3)
    with rasterio.open(kit / "left_image.tif") as source:
        expected = source.read()
    with MemoryFile(picture.content) as file, file.open() as dataset:
        assert np.array_equal(dataset.read(), expected)
