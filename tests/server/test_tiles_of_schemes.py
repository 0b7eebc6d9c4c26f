"""Tiles of every scheme over a live server: of XYZ and of ArcGIS, equal to exportImage pixel for pixel."""

from __future__ import annotations

import io
import json
import math
from typing import TYPE_CHECKING, Any

import httpx
import lerc
import msgspec
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import Affine

from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from raster_types.adding.add import AddRequest, add_rasters
from server.site.publishing import Publisher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SIZE = 700
_SERVICES = {
    "plain": {},
    "degrees": {"tile_scheme": "geographic", "tile_size": 512},
    "native": {"tile_scheme": "own", "tile_format": "lerc2d"},
    "stated": {
        "tile_scheme": "own",
        "tile_format": "png",
        "tile_origin": (200_000.5, 5_700_000.25),
        "tile_scales": (1e6, 250_000.0, 72_000.0, 40_000.0),
        "tile_blanks": True,
    },
    "terrain": {"tile_format": "lerc"},
}


def _write(file: Path, crs: str, place: Affine) -> Path:
    rows, cols = np.mgrid[0:_SIZE, 0:_SIZE]
    heights = (200 + 30 * np.sin(rows / 40) + 20 * np.cos(cols / 25)).astype(np.float32)
    heights[:, :40] = -9999
    profile = {"driver": "GTiff", "width": _SIZE, "height": _SIZE, "count": 1, "dtype": "float32"}
    with rasterio.open(file, "w", crs=crs, transform=place, nodata=-9999, **profile) as out:
        out.write(heights, 1)
    return file


def _build(path: Path, raster: Path, properties: ServiceProperties) -> Path:
    definition = DefinitionFolder.create(path, properties)
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=(raster,)))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, path.with_suffix(".zmd"))
    return path.with_suffix(".zmd")


@pytest.fixture(scope="module")
def served(
    serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A server with one service a scheme."""
    folder = tmp_path_factory.mktemp("schemes")
    utm = _write(folder / "utm.tif", "EPSG:32633", Affine(10, 0, 480_000, 0, -10, 5_545_000))
    web = _write(folder / "web.tif", "EPSG:3857", Affine(15, 0, 1_600_000, 0, -15, 6_440_000))
    publisher = Publisher(folder / "data")
    for name, stated in _SERVICES.items():
        properties = msgspec.convert(stated, ServiceProperties)
        raster = web if name == "terrain" else utm
        publisher.publish(_build(folder / f"{name}.isdef", raster, properties), f"a/{name}")
    with serve(folder / "data") as server, httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def _root(client: httpx.Client, name: str) -> Any:
    return client.get(f"/arcgis/rest/services/a/{name}/ImageServer?f=json").json()


def _tile(client: httpx.Client, name: str, place: str) -> httpx.Response:
    return client.get(f"/arcgis/rest/services/a/{name}/ImageServer/tile/{place}")


def _export(client: httpx.Client, name: str, box: list[float], size: int, **more: Any) -> bytes:
    parameters = {
        "bbox": ",".join(map(repr, box)),
        "size": f"{size},{size}",
        "f": "image",
        **more,
    }
    answer = client.get(
        f"/arcgis/rest/services/a/{name}/ImageServer/exportImage", params=parameters
    )
    assert answer.headers["content-type"] != "application/json", answer.text
    return answer.content


def _pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def _values(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    status, data, mask = lerc.decode(content)[:3]
    assert status == 0
    return data, np.ones(data.shape, np.bool_) if mask is None else mask


def _lod(info: dict[str, Any], x: float, y: float, level: int) -> tuple[int, int, list[float]]:
    """Return row, column and box of the tile at a place, as clients find it by tileInfo."""
    resolution = info["lods"][level]["resolution"]
    side = resolution * info["cols"]
    col = math.floor((x - info["origin"]["x"]) / side)
    row = math.floor((info["origin"]["y"] - y) / side)
    left, top = info["origin"]["x"] + col * side, info["origin"]["y"] - row * side
    return row, col, [left, top - side, left + side, top]


@pytest.mark.parametrize(
    ("name", "place", "level"),
    [
        ("degrees", (14.77, 50.03), 12),
        ("stated", (483_000.0, 5_542_000.0), 2),
        ("stated", (483_000.0, 5_542_000.0), 3),
        ("plain", (1_644_000.0, 6_450_000.0), 13),
    ],
)
def test_a_picture_tile_is_the_export_of_its_box(
    served: httpx.Client, name: str, place: tuple[float, float], level: int
) -> None:
    info = _root(served, name)["tileInfo"]
    row, col, box = _lod(info, *place, level)
    answer = _tile(served, name, f"{level}/{row}/{col}")
    assert answer.status_code == 200, answer.text
    picture = _pixels(answer.content)
    assert picture.shape == (info["rows"], info["cols"], 4)
    assert picture[..., 3].any()
    wkid = json.dumps(info["spatialReference"])
    form = "png32" if name == "stated" else "jpgpng"
    export = _export(served, name, box, info["rows"], bboxSR=wkid, imageSR=wkid, format=form)
    # The origin of the standard scheme is stated to the micrometre, as clients know it.
    np.testing.assert_array_equal(picture, _pixels(export))


def test_native_tiles_hold_the_samples_of_the_file(served: httpx.Client) -> None:
    root = _root(served, "native")
    info = root["tileInfo"]
    assert (info["format"], root["cacheType"]) == ("LERC2D", "Raster")
    assert info["lods"][-1]["resolution"] == root["pixelSizeX"] == 10.0
    assert root["singleFusedMapCache"] is False
    level = root["maxLOD"]
    data, valid = _values(_tile(served, "native", f"{level}/0/0").content)
    assert data.shape == (256, 256)
    rows, cols = np.mgrid[0:256, 0:256]
    # The service begins where its data do, at column 40 of the file.
    expected = 200 + 30 * np.sin(rows / 40) + 20 * np.cos((cols + 40) / 25)
    assert valid.all()
    np.testing.assert_array_equal(data, expected.astype(np.float32))
    edge, inside = _values(_tile(served, "native", f"{level}/2/2").content)
    assert inside[: _SIZE - 512, : _SIZE - 40 - 512].all()
    assert inside.sum() == (_SIZE - 512) * (_SIZE - 40 - 512)
    assert edge.shape == (256, 256)
    assert _tile(served, "native", f"{level}/0/3").status_code == 404
    one = _tile(served, "native", f"{level}/0/0?bandId=0")
    np.testing.assert_array_equal(_values(one.content)[0], data)


def test_terrain_is_what_cesium_reads(served: httpx.Client) -> None:
    root = _root(served, "terrain")
    assert root["spatialReference"]["latestWkid"] == 3857
    assert root["tileInfo"]["format"] == "LERC"
    # Its reading of tilemaps never ends where the border of one is mixed.
    assert "Tilemap" not in root["capabilities"]
    assert root["extent"]["xmax"] == -root["extent"]["xmin"] == 20037508.342789244
    assert 1_600_000 <= root["fullExtent"]["xmin"] < 1_601_000
    levels = len(root["tileInfo"]["lods"])
    assert root["tileInfo"]["lods"][-1]["resolution"] <= 15 < 20
    level = levels - 1
    row, col, _ = _lod(root["tileInfo"], 1_605_000.0, 6_435_000.0, level)
    here, east = (
        _values(_tile(served, "terrain", f"{level}/{row}/{each}").content)
        for each in (col, col + 1)
    )
    assert here[0].shape == (257, 257)
    assert here[0].dtype == np.float32
    np.testing.assert_array_equal(here[0][:, 256], east[0][:, 0])
    assert here[1].all()
    # The first tile is the world, whatever is in it; others without heights are missing.
    assert _values(_tile(served, "terrain", "0/0/0").content)[0].shape == (257, 257)
    assert _tile(served, "terrain", "5/0/0").status_code == 404
    data = served.get(
        f"/arcgis/rest/services/a/terrain/ImageServer/tilemap/{level}/{row}/{col}/2/1"
    ).json()
    assert data["data"] == [1, 1]


def test_blank_tiles_are_transparent_where_the_definition_wants_them(served: httpx.Client) -> None:
    answer = _tile(served, "stated", "3/60/40")
    info = _root(served, "stated")["tileInfo"]
    row, col, _ = _lod(info, 480_100.0, 5_539_000.0, 3)
    collar = _tile(served, "stated", f"3/{row}/{col}")
    assert answer.status_code in (200, 404)
    assert collar.status_code == 200
    missing = _tile(served, "stated", f"3/{row}/{col}?blankTile=false")
    empty = not _pixels(collar.content)[..., 3].any()
    assert missing.status_code == (404 if empty else 200)


@pytest.mark.parametrize("double", ["", "@2x"])
@pytest.mark.parametrize("scheme", ["web-mercator", "geographic", "own"])
def test_xyz_tiles_are_those_of_their_scheme(
    served: httpx.Client, scheme: str, double: str
) -> None:
    listed = served.get("/tiles/a/stated/schemes.json").json()["schemes"]
    found = next(each for each in listed if each["name"] == scheme)
    level = found["maxzoom"]
    document = served.get(httpx.URL(found["tilejson"]).path).json()
    places = {
        "web-mercator": (1_644_000.0, 6_450_000.0),
        "geographic": (14.77, 50.03),
        "own": (483_000.0, 5_542_000.0),
    }
    pixels = 512 if double else 256
    resolution = found["resolutions"][level] / (pixels // 256)
    side = resolution * pixels
    x, y = places[scheme]
    col = math.floor((x - found["origin"][0]) / side)
    row = math.floor((found["origin"][1] - y) / side)
    path = f"/tiles/a/stated/{scheme}/{level}/{col}/{row}{double}.png"
    answer = served.get(path)
    assert answer.status_code == 200, answer.text
    left, top = found["origin"][0] + col * side, found["origin"][1] - row * side
    crs = found["crs"].partition(":")[2]
    export = _export(
        served,
        "stated",
        [left, top - side, left + side, top],
        pixels,
        bboxSR=crs,
        imageSR=crs,
        format="png32",
    )
    picture = _pixels(answer.content)
    assert picture[..., 3].any()
    np.testing.assert_array_equal(picture, _pixels(export))
    assert document["maxzoom"] == level
    assert document["tiles"][0].startswith(str(served.base_url).rstrip("/") + "/tiles/a/stated/")
    if scheme == "web-mercator":
        plain = served.get(f"/tiles/a/stated/{level}/{col}/{row}{double}.png")
        assert plain.headers["etag"] == answer.headers["etag"]
    else:
        assert document["crs"] == found["crs"]
        assert document["resolutions"] == found["resolutions"]


def test_xyz_tiles_are_values_too(served: httpx.Client) -> None:
    answer = served.get("/tiles/a/native/own/2/0/0.lerc")
    assert answer.headers["content-type"] == "application/octet-stream"
    data, valid = _values(answer.content)
    assert data.shape == (256, 256)
    assert valid.all()
    beside = served.get("/tiles/a/native/3/0/0.lerc")
    assert not _values(beside.content)[1].any()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tiles/a/plain/own/0/0/1.png", 404),
        ("/tiles/a/plain/own/24/0/0.png", 404),
        ("/tiles/a/plain/geographic/0/2/0.png", 404),
        ("/tiles/a/plain/geographic/0/1/0.png", 200),
        ("/tiles/a/plain/mars/0/0/0.png", 404),
        ("/tiles/a/plain/mars/tilejson.json", 404),
        ("/tiles/a/plain/mars/schemes.json", 404),
        ("/tiles/a/plain/geographic/tilejson.json?format=gif", 400),
        ("/tiles/a/plain/geographic.json", 200),
        ("/tiles/geographic/0/0/0.png", 404),
    ],
)
def test_addresses_are_checked(served: httpx.Client, path: str, status: int) -> None:
    assert served.get(path).status_code == status
