"""Requests as real clients send them, word for word, against a real server.

Each entry is named after the client whose source or wire traffic it was taken from.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "demo/hills/ImageServer"
# A box around the scenes in Web Mercator.
MERCATOR = "1669792.4,6386318.3,1671273.0,6387308.3"

PICTURES = {
    "esri-leaflet": (
        f"bbox={MERCATOR}&size=300,300&format=jpgpng&transparent=true&bboxSR=3857&imageSR=3857&f=image"
    ),
    "OpenLayers ImageArcGISRest": (
        f"F=image&FORMAT=PNG32&TRANSPARENT=true&size=450.5,300.1235&bbox={MERCATOR}"
        "&bboxSR=3857&imageSR=3857&dpi=90"
    ),
    "TerriaJS": (
        "bbox=15,49.65254,15.0133,49.6583&size=256,256&format=png32&transparent=true&f=image"
        "&bboxSR=4326&imageSR=4326&time=1600000000000"
    ),
    "GDAL AGS": (
        "f=image&bbox=500000.00000000%2C5500000.00000000%2C500960.00000000%2C5500640.00000000"
        "&size=1024,1024&imageSR=32633&bboxSR=32633&format=png&layers=&transparent=false&time="
    ),
    "QGIS": "bbox=500000,5500000,500960,5500640&size=96,64&format=PNG32&layers=show:&transparent=true&f=image",
    "mapbox-gl-esri-sources": (
        f"bbox={MERCATOR}&bboxSR=3857&imageSR=3857&format=jpgpng&size=256,256&f=image"
        "&time=false&mosaicRule=undefined&renderingRule={}"
    ),
    "JavaScript SDK": (
        f"bbox={MERCATOR}&bboxSR=102100&imageSR=102100&size=512,512&f=image&format=jpgpng"
        "&interpolation=RSP_BilinearInterpolation&compressionQuality=80&_ts=1700000000000"
    ),
    "older JavaScript API": (
        f"bbox={MERCATOR}&bboxSR=%7B%22wkid%22%3A102100%7D&imageSR=%7B%22wkid%22%3A102100%7D&size=64,64"
        "&f=image&renderingRule=%7B%7D&mosaicRule=%7B%7D&noData=&compression=&interpolation=+RSP_Majority"
    ),
    "loaders.gl": (
        f"BBOX=bbox={MERCATOR}&SIZE=size=256,256&BBOXSR=bboxsr=3857&IMAGESR=imagesr=3857&F=f=image"
    ),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("path", ["exportImage", "export", "exportImage/"])
def test_a_client_gets_its_picture(name: str, path: str, client: httpx.Client) -> None:
    answer = client.get(f"{SERVICE}/{path}?{PICTURES[name]}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] in ("image/png", "image/jpeg"), answer.text
    picture = Image.open(io.BytesIO(answer.content)).convert("RGBA")
    _low, high = picture.getextrema()[3]
    assert high == 255, "the scenes are in the view"


JSON_REQUESTS: dict[str, tuple[str, dict[str, str], Callable[[Any], bool]]] = {
    "Python API root": ("", {"f": "json"}, lambda d: d["initialExtent"]["xmin"] == 500000),
    "Python API export_image": (
        "/exportImage",
        {
            "size": "300,200",
            "bbox": json.dumps(
                {"xmin": 500000, "ymin": 5500000, "xmax": 500960, "ymax": 5500640,
                 "spatialReference": {"wkid": 32633, "latestWkid": 32633}}
            ),
            "bboxSR": '{"wkid": 32633, "latestWkid": 32633}',
            "mosaicRule": '{"mosaicMethod":"esriMosaicNorthwest","sortField":"",'
            '"mosaicOperation":"MT_FIRST","ascending":true}',
            "format": "jpgpng",
            "f": "json",
        },
        lambda d: d["width"] == 300 and "href" in d,
    ),
    "Python API identify": (
        "/identify",
        {
            "f": "json",
            "geometry": '{"x": 500100, "y": 5500300, "spatialReference": {"wkid": 32633}}',
            "geometryType": "esriGeometryPoint",
            "mosaicRule": '{"mosaicMethod":"esriMosaicCenter","mosaicOperation":"MT_FIRST"}',
            "returnGeometry": "false",
            "returnCatalogItems": "true",
            "returnPixelValues": "true",
            "processAsMultidimensional": "false",
        },
        lambda d: d["value"] == "10, 20, 30" and "geometry" not in d["catalogItems"]["features"][0],
    ),
    "R arcgislayers": (
        "/exportImage",
        {
            "bbox": "500000,5500000,500960,5500640",
            "bboxSR": "32633",
            "format": "tiff",
            "size": "",
            "outSR": "4326",
            "f": "json",
            "token": "",
        },
        lambda d: d["extent"]["spatialReference"]["wkid"] == 32633,
    ),
    "restapi": (
        "/exportImage",
        {
            "bbox": "500000,5500000,500960,5500640",
            "size": "400.0,300.0",
            "format": "tiff",
            "imageSR": "32633",
            "bboxSR": "32633",
            "pixelType": "U8",
            "noData": "",
            "noDataInterpretation": "esriNoDataMatchAny",
            "interpolation": "+RSP_NearestNeighbor",
            "adjustAspectRatio": "true",
            "renderingRule": "{}",
            "f": "pjson",
        },
        lambda d: (d["width"], d["height"]) == (400, 300),
    ),
    "JavaScript SDK count": (
        "/query",
        {"where": "1=1", "returnCountOnly": "true", "f": "json"},
        lambda d: d == {"count": 2},
    ),
    "pyesridump": (
        "/query",
        {"where": "1=1", "outFields": "*", "outSR": "4326", "geometryPrecision": "7",
         "returnGeometry": "true", "resultOffset": "0", "resultRecordCount": "1000", "f": "json"},
        lambda d: len(d["features"]) == 2 and d["spatialReference"]["wkid"] == 4326,
    ),
    "QGIS legend": ("/legend", {"f": "json"}, lambda d: len(d["layers"][0]["legend"]) == 3),
}  # fmt: skip


@pytest.mark.parametrize("name", JSON_REQUESTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_gets_its_json(name: str, method: str, client: httpx.Client) -> None:
    path, fields, expected = JSON_REQUESTS[name]
    where: dict[str, Any] = {"data": fields} if method == "POST" else {"params": fields}
    answer = client.request(method, SERVICE + path, **where)
    assert answer.status_code == 200
    assert expected(answer.json()), answer.text


def test_the_href_that_r_and_restapi_download_is_the_file(client: httpx.Client) -> None:
    _, fields, _ = JSON_REQUESTS["restapi"]
    href = client.post(f"{SERVICE}/exportImage", data=fields).json()["href"]
    answer = httpx.get(href)
    assert answer.headers["content-type"] == "image/tiff"


def test_gdal_opens_the_json_with_pretty(client: httpx.Client) -> None:
    for path in (SERVICE, SERVICE + "/"):
        body = client.get(path + "?f=json&pretty=true")
        assert body.text.startswith("{\n")
        assert body.json()["tileInfo"]["cols"] == 256


def test_cesium_reads_tiles_or_export(client: httpx.Client) -> None:
    root = client.get(SERVICE + "/?f=json").json()
    assert root["tileInfo"]["spatialReference"]["wkid"] == 102100
    inside = client.get(f"{SERVICE}/tile/16/22323/35499")
    assert inside.headers["content-type"] == "image/jpeg"
    at_the_edge = client.get(f"{SERVICE}/tile/16/22322/35499")
    assert at_the_edge.headers["content-type"] == "image/png"


def test_cesium_and_terria_see_missing_tiles_as_missing(client: httpx.Client) -> None:
    # Both fetch the first tile of the last level once, and hide what looks like it.
    last = client.get(SERVICE + "/?f=json").json()["tileInfo"]["lods"][-1]["level"]
    assert client.get(f"{SERVICE}/tile/{last}/0/0").status_code == 404


def test_a_leaflet_map_that_is_not_ready_gets_an_error(client: httpx.Client) -> None:
    query = "bbox=NaN,NaN,NaN,NaN&size=0,0&format=jpgpng&f=image&bboxSR=3857&imageSR=3857"
    assert client.get(f"{SERVICE}/exportImage?{query}").json()["error"]["code"] == 400
