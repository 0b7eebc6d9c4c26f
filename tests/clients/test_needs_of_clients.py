"""What clients fail or misbehave without, each named after one that needs it.

Most is what the root of a service says, of every kind of service; the rest is how answers are given. That some real
clients do fail without it is shown in `test_proofs_of_needs.py`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import rasterio
from rasterio.io import MemoryFile

from tests.clients.services import HEIGHTS, MARBLE, OF_HEIGHTS, PICTURE, SEA, SERVICES, TERRAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import RunningServer

Root = dict[str, Any]

_OF_FLOATS = (*OF_HEIGHTS, SEA)


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    """A client whose addresses begin at the services directory, asking as a page of another origin."""
    base = f"{server.base}/arcgis/rest/services/"
    with httpx.Client(base_url=base, timeout=60, headers={"Origin": "http://pages.test"}) as client:
        yield client


@pytest.fixture(params=SERVICES)
def root(request: pytest.FixtureRequest, http: httpx.Client) -> Root:
    """The root of each service."""
    return _root(http, request.param)


def _root(http: httpx.Client, service: str) -> Root:
    return dict(http.get(f"{service}/ImageServer", params={"f": "json"}).json())


def _bands(http: httpx.Client, service: str) -> int:
    asked = {"format": "tiff", "size": "16,16", "f": "image"}
    body = http.get(f"{service}/ImageServer/exportImage", params=asked).content
    with MemoryFile(body) as file, file.open() as tiff:
        return int(tiff.count)


def test_arcgis_js_needs_the_version_as_a_number(root: Root) -> None:
    """Operations are switched on by it; without it most stay off."""
    assert isinstance(root["currentVersion"], float)
    assert root["currentVersion"] >= 10.8


def test_terria_needs_the_name_with_its_folder(root: Root) -> None:
    assert root["name"] in SERVICES


def test_arcgis_js_needs_an_extent_of_whole_pixels(root: Root) -> None:
    """It counts columns and rows by ceil(width / pixel size - 0.1)."""
    if root["name"] == TERRAIN:
        # Cesium divides the extent of an elevation service into tiles, so that is the world.
        assert root["extent"] != root["fullExtent"]
        return
    extent = root["extent"]
    for low, high, size in (("xmin", "xmax", "pixelSizeX"), ("ymin", "ymax", "pixelSizeY")):
        count = (extent[high] - extent[low]) / root[size]
        assert count > 1
        assert abs(count - round(count)) < 0.1


def test_terria_needs_the_spatial_reference_of_the_full_extent(root: Root) -> None:
    assert root["fullExtent"]["spatialReference"]["wkid"] > 0
    assert {"xmin", "ymin", "xmax", "ymax"} <= root["fullExtent"].keys()


def test_python_api_needs_an_initial_extent(root: Root) -> None:
    """It exports that where no box is given."""
    assert root["initialExtent"]["xmin"] < root["initialExtent"]["xmax"]


def test_qgis_needs_the_spatial_reference_at_the_top(root: Root) -> None:
    own = root["spatialReference"]
    assert own == root["extent"]["spatialReference"] == root["fullExtent"]["spatialReference"]
    assert own["latestWkid"] > 0


def test_arcgis_js_needs_pixel_sizes(root: Root) -> None:
    for name in ("pixelSizeX", "pixelSizeY"):
        assert math.isfinite(root[name])
        assert root[name] > 0


def test_python_api_needs_the_number_of_bands(root: Root) -> None:
    assert root["bandCount"] == (1 if root["name"] in _OF_FLOATS else 3)


def test_arcgis_js_needs_a_pixel_type(root: Root) -> None:
    """It reads it in lower case without asking whether it is there."""
    assert root["pixelType"] == ("F32" if root["name"] in _OF_FLOATS else "U8")


def test_qgis_needs_the_type_of_data_to_know_an_image_service(root: Root) -> None:
    """Without that beginning it asks for /export of a map service."""
    assert root["serviceDataType"].startswith("esriImageServiceDataType")
    is_heights = root["serviceDataType"].endswith("Elevation")
    assert is_heights == (root["name"] in OF_HEIGHTS)


def test_arcgis_js_needs_the_type_of_source_for_mosaic_rules(root: Root) -> None:
    kind = "Dataset" if root["name"] == PICTURE else "MosaicDataset"
    assert root["serviceSourceType"] == f"esriImageServiceSourceType{kind}"


def test_arcgis_js_needs_fields_to_query(root: Root) -> None:
    """It looks for the field of dates among them."""
    if root["name"] == PICTURE:
        assert root["fields"] == []
        return
    for field in root["fields"]:
        assert {"name", "type", "alias", "domain"} <= field.keys()
        assert field["type"].startswith("esriFieldType")
    assert root["objectIdField"] in [field["name"] for field in root["fields"]]


def test_terria_needs_image_among_the_capabilities(root: Root) -> None:
    """It refuses the layer otherwise; Cesium and ImageryTileLayer read the text without asking."""
    capabilities = root["capabilities"].split(",")
    assert {"Image", "Metadata"} <= set(capabilities)
    assert ("Catalog" in capabilities) == (root["name"] != PICTURE)
    assert "TilesOnly" not in capabilities


def test_qgis_needs_the_greatest_size_of_a_picture(root: Root, http: httpx.Client) -> None:
    """It cuts its requests by it, so a picture of that size must be made and no greater one."""
    assert root["maxImageWidth"] >= 2048
    assert root["maxImageHeight"] >= 2048
    asked = {"format": "png8", "f": "image", "bbox": "0,0,1,1", "bboxSR": "3857"}
    size = f"{root['maxImageWidth']},1"
    answer = http.get(f"{root['name']}/ImageServer/exportImage", params={**asked, "size": size})
    assert answer.headers["content-type"] == "image/png"
    size = f"{root['maxImageWidth'] + 1},1"
    answer = http.get(f"{root['name']}/ImageServer/exportImage", params={**asked, "size": size})
    assert "error" in answer.json()


def test_restapi_needs_to_know_that_rules_are_allowed(root: Root) -> None:
    """It leaves the rendering rule out otherwise."""
    assert root["allowRasterFunction"] is True


def test_terria_needs_a_list_of_raster_functions(root: Root) -> None:
    """It filters the list where rules are allowed; ArcGIS JS takes the first as the layer's own."""
    infos = root["rasterFunctionInfos"]
    assert infos[0]["name"] == "None"
    names = [info["name"] for info in infos[1:]]
    assert ("Hillshade" in names) == (root["name"] in OF_HEIGHTS)


def test_r_arcgislayers_needs_help_of_every_raster_function(root: Root) -> None:
    for info in root["rasterFunctionInfos"]:
        assert all(isinstance(info[key], str) for key in ("name", "description", "help"))


@pytest.mark.parametrize(
    ("flag", "resource"),
    [
        ("hasHistograms", "histograms"),
        ("hasColormap", "colormap"),
        ("hasRasterAttributeTable", "rasterAttributeTable"),
        ("hasMultidimensions", "multidimensionalInfo"),
    ],
)
def test_arcgis_js_needs_flags_that_are_true_of_what_is_there(
    root: Root, http: httpx.Client, flag: str, resource: str
) -> None:
    """It asks for the resource of each flag that is true."""
    assert isinstance(root[flag], bool)
    if root[flag]:
        told = http.get(f"{root['name']}/ImageServer/{resource}", params={"f": "json"}).json()
        assert "error" not in told


def test_arcgis_js_needs_statistics_of_each_band(root: Root) -> None:
    """It ignores lists of another length, and stretches blindly."""
    for name in ("minValues", "maxValues", "meanValues", "stdvValues"):
        assert len(root[name]) == root["bandCount"]
    assert all(low < high for low, high in zip(root["minValues"], root["maxValues"], strict=True))


def test_terria_needs_two_times(http: httpx.Client) -> None:
    first, last = _root(http, MARBLE)["timeInfo"]["timeExtent"]
    assert 0 < first < last
    assert isinstance(first, int)


@pytest.mark.parametrize("service", [MARBLE, HEIGHTS, PICTURE])
def test_r_arcgislayers_needs_as_many_band_names_as_bands_of_a_tiff(
    http: httpx.Client, service: str
) -> None:
    assert len(_root(http, service)["bandNames"]) == _bands(http, service)


def test_qgis_needs_names_of_formats(root: Root) -> None:
    """It asks for the first that it knows; without them `format` stays empty."""
    names = root["supportedImageFormatTypes"].split(",")
    assert names[0] == "PNG32"


def test_gdal_needs_a_level_0_and_a_second(root: Root) -> None:
    info = root["tileInfo"]
    assert [lod["level"] for lod in info["lods"]][:2] == [0, 1]
    assert {"x", "y"} == info["origin"].keys()
    assert (info["rows"], info["cols"]) == (256, 256)


def test_cesium_needs_the_old_number_of_web_mercator(root: Root) -> None:
    """It throws at 3857; others prefer the newer."""
    assert root["tileInfo"]["spatialReference"] == {"wkid": 102100, "latestWkid": 3857}


def test_cesium_needs_404_for_a_tile_of_nothing(http: httpx.Client) -> None:
    """It hides tiles that look like the one it asks for in the corner of the world."""
    levels = len(_root(http, MARBLE)["tileInfo"]["lods"])
    assert http.get(f"{MARBLE}/ImageServer/tile/{levels - 1}/0/0").status_code == 404


def test_cesium_needs_the_root_with_a_slash(http: httpx.Client) -> None:
    told = http.get(f"{MARBLE}/ImageServer/", params={"f": "json"}, follow_redirects=False)
    assert told.json()["name"] == MARBLE


def test_loaders_gl_needs_indented_json(http: httpx.Client) -> None:
    told = http.get(f"{MARBLE}/ImageServer", params={"f": "pjson"})
    assert "\n" in told.text
    assert told.json()["name"] == MARBLE


@pytest.mark.parametrize("path", ["", "demo"])
def test_qgis_needs_folders_and_services_of_a_folder(http: httpx.Client, path: str) -> None:
    """Terria takes what has neither for no ArcGIS server."""
    told = http.get(path, params={"f": "json"}).json()
    assert told["folders"] == ([] if path else ["demo"])
    for service in told["services"]:
        assert service["name"] in SERVICES
        assert service["type"] == "ImageServer"


def test_arcgis_js_needs_short_errors_of_pictures(http: httpx.Client) -> None:
    """It looks for an error in at most 750 bytes of what should be a picture."""
    wrong = {"f": "image", "renderingRule": '{"rasterFunction":"NoSuch"}'}
    answer = http.get(f"{MARBLE}/ImageServer/exportImage", params=wrong)
    assert answer.status_code == 200
    assert len(answer.content) <= 750
    assert "NoSuch" in answer.json()["error"]["message"]


@pytest.mark.parametrize("operation", ["", "/exportImage", "/identify", "/query", "/nothing"])
def test_esridump_needs_status_200_and_a_list_of_details(
    http: httpx.Client, operation: str
) -> None:
    wrong = {"f": "json", "renderingRule": "{", "geometry": "{", "where": "SELECT"}
    answer = http.get(f"{MARBLE}/ImageServer{operation}", params=wrong)
    assert answer.status_code == 200
    details = answer.json()["error"]["details"]
    assert all(isinstance(text, str) for text in details)


def test_esri_leaflet_needs_a_place_with_its_reference_from_identify(http: httpx.Client) -> None:
    asked = {"f": "json", "geometry": '{"x":24,"y":-8,"spatialReference":{"wkid":4326}}'}
    location = http.get(f"{MARBLE}/ImageServer/identify", params=asked).json()["location"]
    assert (location["x"], location["y"]) == pytest.approx((24, -8))
    assert location["spatialReference"]["wkid"] == 4326


def test_terria_needs_keys_without_quotes_to_be_read(http: httpx.Client) -> None:
    asked = {"f": "json", "geometry": "{x: 24, y: -8, spatialReference: {wkid: 4326}}"}
    told = http.get(f"{MARBLE}/ImageServer/identify", params=asked).json()
    assert len(told["value"].split(", ")) == 3


def test_terria_needs_a_legend_with_pictures(http: httpx.Client) -> None:
    (layer,) = http.get(f"{HEIGHTS}/ImageServer/legend", params={"f": "json"}).json()["layers"]
    assert layer["layerName"]
    for entry in layer["legend"]:
        assert {"label", "contentType", "imageData", "width", "height"} <= entry.keys()


@pytest.mark.parametrize(
    "resource", ["?f=json", "/exportImage?f=image", "/exportImage?f=image&size=x", "/tile/4/8/8"]
)
def test_arcgis_js_needs_cors_of_every_answer(http: httpx.Client, resource: str) -> None:
    """It draws pictures on a canvas and reads errors of other origins."""
    answer = http.get(f"{MARBLE}/ImageServer{resource}")
    assert answer.headers["access-control-allow-origin"] in ("*", "http://pages.test")
    again = http.get(
        f"{MARBLE}/ImageServer{resource}", headers={"If-None-Match": answer.headers.get("etag", "")}
    )
    assert again.headers["access-control-allow-origin"] in ("*", "http://pages.test")


def test_python_api_needs_every_operation_by_post(http: httpx.Client) -> None:
    for operation in ("", "/keyProperties", "/legend", "/statistics", "/rasterFunctionInfos"):
        told = http.post(f"{MARBLE}/ImageServer{operation}", data={"f": "json"}).json()
        assert "error" not in told, operation


def test_restapi_needs_a_georeferenced_tiff_behind_the_address_of_a_picture(
    http: httpx.Client,
) -> None:
    asked = {
        "f": "pjson",
        "format": "tiff",
        "size": "400.0,300.0",
        "bbox": "1000000,5850000,1040000,5880000",
        "adjustAspectRatio": "true",
    }
    told = http.get(f"{HEIGHTS}/ImageServer/exportImage", params=asked).json()
    body = httpx.get(told["href"], headers={"Cookie": "agstoken=nothing"}).content
    with MemoryFile(body) as file, file.open() as tiff:
        assert tiff.crs == rasterio.CRS.from_epsg(3857)
        assert (tiff.width, tiff.height) == (400, 300)
        assert tiff.bounds == pytest.approx((1_000_000, 5_850_000, 1_040_000, 5_880_000))
        assert tiff.dtypes == ("float32",)
