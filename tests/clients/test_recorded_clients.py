"""Clients that are not installed here: the sequences of requests that they send, word for word, and what they read.

R's arcgislayers, restapi, TerriaJS and pyesridump; taken from their sources and traffic.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image
from rasterio.io import MemoryFile

from tests.clients.engine_pictures import assert_alike
from tests.clients.services import MARBLE, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

drives = pytest.mark.drives
_BOX = (1_500_000.0, -2_000_000.0, 3_500_000.0, -500_000.0)
_SIZE = (320, 240)


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    """A client whose addresses begin at the services directory."""
    with httpx.Client(base_url=f"{server.base}/arcgis/rest/services/", timeout=60) as client:
        yield client


def _tiff(body: bytes) -> tuple[np.ndarray, Any]:
    with MemoryFile(body) as file, file.open() as raster:
        return np.moveaxis(raster.read(), 0, -1), raster.profile


@drives("r", "arc_open, arc_raster")
def test_r_downloads_a_georeferenced_tiff(http: httpx.Client, engine: EngineRoom) -> None:
    url = f"{TEMPLATED}/ImageServer"
    root = http.get(url, params={"f": "json"}).json()
    assert [each["help"] for each in root["rasterFunctionInfos"]] == ["", ""]
    form = {
        "bbox": ",".join(map(str, _BOX)),
        "bboxSR": "3857",
        "format": "tiff",
        "size": f"{_SIZE[0]},{_SIZE[1]}",
        "outSR": "3857",
        "renderingRule": '{"rasterFunction":"Negative"}',
        "f": "json",
        "token": "",
    }
    href = http.post(f"{url}/exportImage", data=form).json()["href"]
    assert href.endswith(".tif")
    pixels, profile = _tiff(httpx.get(href).content)
    assert profile["crs"].to_epsg() == 3857
    assert profile["count"] == len(root["bandNames"])
    made = engine.samples(TEMPLATED, _BOX, _SIZE, renderingRule=form["renderingRule"])
    assert np.array_equal(pixels, np.moveaxis(np.where(made.valid, made.data, 0), 0, -1))


@drives("restapi", "ImageService: exportImage, identify")
def test_restapi_clips_a_service(http: httpx.Client, engine: EngineRoom) -> None:
    url = f"{MARBLE}/ImageServer"
    cookie = {"Cookie": "agstoken=none-is-needed"}
    root = http.get(url, params={"f": "json"}, headers=cookie).json()
    assert int(root["pixelSizeX"]) >= 1
    form = {
        "bbox": ",".join(map(str, _BOX)),
        "size": f"{_SIZE[0]:.1f},{_SIZE[1]:.1f}",
        "format": "tiff",
        "imageSR": "3857",
        "bboxSR": "3857",
        "pixelType": root["pixelType"],
        "noData": "",
        "noDataInterpretation": "esriNoDataMatchAny",
        "interpolation": "+RSP_BilinearInterpolation",
        "adjustAspectRatio": "true",
        "f": "pjson",
    }
    told = http.post(f"{url}/exportImage", data=form, headers=cookie).json()
    assert (told["width"], told["height"]) == _SIZE
    pixels, _ = _tiff(httpx.get(told["href"], headers=cookie).content)
    made = engine.samples(MARBLE, _BOX, _SIZE)
    assert np.array_equal(pixels, np.moveaxis(np.where(made.valid, made.data, 0), 0, -1))
    place = {
        "geometry": '{"x": 1500000, "y": 500000, "spatialReference": {"wkid": 3857}}',
        "geometryType": "esriGeometryPoint",
        "returnGeometry": "true",
        "f": "json",
    }
    found = http.post(f"{url}/identify", data=place, headers=cookie).json()
    assert len(found["value"].split(", ")) == 3
    assert found["catalogItems"]["features"][0]["geometry"]["rings"]


@drives("terria", "ArcGisImageServerCatalogItem: pictures, tiles, legend, identify; a group")
def test_terria_shows_a_service(http: httpx.Client, engine: EngineRoom) -> None:
    folder = http.get("demo", params={"f": "json"}).json()
    assert {"name": TEMPLATED, "type": "ImageServer"} in folder["services"]
    url = f"{TEMPLATED}/ImageServer"
    root = http.get(url, params={"f": "json"}).json()
    assert "Image" in root["capabilities"]
    assert root["fullExtent"]["spatialReference"]["latestWkid"] == 3857
    assert len(root["timeInfo"]["timeExtent"]) == 2
    legend = http.get(f"{url}/legend", params={"f": "json"}).json()
    swatch = legend["layers"][0]["legend"][0]
    assert Image.open(io.BytesIO(base64.b64decode(swatch["imageData"]))).width == swatch["width"]
    asked = "size=256,256&format=png32&transparent=true&f=image&bboxSR=3857&imageSR=3857&bbox="
    picture = http.get(f"{url}/exportImage?{asked}" + ",".join(map(str, _BOX)))
    assert picture.headers["content-type"] == "image/png"
    # The picture keeps its pixels square: the box grows.
    assert Image.open(io.BytesIO(picture.content)).size == (256, 256)
    deepest = root["tileInfo"]["lods"][-1]["level"]
    assert http.get(f"{url}/tile/{deepest}/0/0").status_code == 404
    # Keys without quotes, as the library writes them.
    place = "{x: 1500000, y: 500000, spatialReference: {wkid: 3857}}"
    more = {"f": "json", "geometryType": "esriGeometryPoint", "returnCatalogItems": "false"}
    found = http.get(f"{url}/identify", params={"geometry": place, **more}).json()
    assert found["name"] == "Pixel"
    assert found["catalogItems"] is None
    square = (1_500_000.0, -2_000_000.0, 3_500_000.0, 0.0)
    seen = http.get(f"{url}/exportImage?{asked}" + ",".join(map(str, square))).content
    made = engine.picture(TEMPLATED, square, (256, 256))
    assert_alike(np.asarray(Image.open(io.BytesIO(seen)).convert("RGB")), made, mean=0.5)


@drives("esridump", "all rows, by pages and by OBJECTID")
def test_esridump_reads_every_row_once(http: httpx.Client) -> None:
    url = f"{MARBLE}/ImageServer"
    root = http.get(url, params={"f": "json"}).json()
    assert root["advancedQueryCapabilities"]["supportsPagination"]
    assert root["advancedQueryCapabilities"]["supportsStatistics"]
    query = f"{url}/query"
    every = {"where": "1=1", "f": "json"}
    count = http.get(query, params={**every, "returnCountOnly": "true"}).json()["count"]
    rows = {"outFields": "*", "outSR": "4326", "geometryPrecision": "7", "returnGeometry": "true"}
    paged: list[int] = []
    while len(paged) < count:
        page = {"resultOffset": str(len(paged)), "resultRecordCount": "20"}
        features = http.get(query, params={**every, **rows, **page}).json()["features"]
        assert features
        paged += [feature["attributes"]["OBJECTID"] for feature in features]
    statistics = (
        '[{"statisticType":"min","onStatisticField":"OBJECTID","outStatisticFieldName":"low"},'
        '{"statisticType":"max","onStatisticField":"OBJECTID","outStatisticFieldName":"high"}]'
    )
    ends = http.get(query, params={**every, "outStatistics": statistics}).json()["features"][0]
    low, high = (ends["attributes"][name] for name in ("low", "high"))
    ranges = f"OBJECTID >= {low} AND OBJECTID <= {high}"
    found = http.get(query, params={"where": ranges, **rows, "f": "json"}).json()["features"]
    assert sorted(paged) == sorted(each["attributes"]["OBJECTID"] for each in found)
    assert len(set(paged)) == count
    assert all(abs(x) <= 180 for each in found for x, _ in each["geometry"]["rings"][0])
