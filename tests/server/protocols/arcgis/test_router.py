"""The ArcGIS tree end to end, through a real socket, a real instance and real pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import rasterio.io
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = "demo/hills/ImageServer"
# Left half of the first scene, the overlap, right half of the second.
LEFT, MIDDLE, RIGHT = "500100,5500300", "500500,5500300", "500900,5500300"
BOX = "500000,5500000,500960,5500640"


def _json(answer: httpx.Response) -> Any:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def _picture(answer: httpx.Response) -> np.ndarray[Any, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("image/"), answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def test_info_services_and_folders(client: httpx.Client) -> None:
    assert _json(client.get("../info", params={"f": "json"}))["currentVersion"] == 10.91
    root = _json(client.get("", params={"f": "json"}))
    assert root["folders"] == ["demo"]
    assert root["services"] == [{"name": "plain", "type": "ImageServer"}]
    folder = _json(client.get("demo/", params={"f": "json"}))
    assert folder["services"] == [{"name": "demo/hills", "type": "ImageServer"}]


@pytest.mark.parametrize("path", [SERVICE, SERVICE + "/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_root_answers_get_and_post_with_and_without_a_slash(
    path: str, method: str, client: httpx.Client
) -> None:
    fields = {"f": "json"}
    where = {"data": fields} if method == "POST" else {"params": fields}
    assert _json(client.request(method, path, **where))["name"] == "demo/hills"


def test_an_exported_picture_has_the_pixels_of_the_scenes(client: httpx.Client) -> None:
    query = {"bbox": BOX, "size": "96,64", "format": "png32", "f": "image"}
    picture = _picture(client.get(f"{SERVICE}/exportImage", params=query))
    assert picture.shape == (64, 96, 4)
    assert picture[32, 5].tolist() == [10, 20, 30, 255]
    assert picture[32, 90].tolist() == [110, 120, 130, 255]


def test_the_mosaic_rule_decides_the_overlap(client: httpx.Client) -> None:
    for operation, expected in (("MT_MAX", 110), ("MT_MIN", 10), ("MT_MEAN", 60)):
        query = {
            "bbox": BOX,
            "size": "96,64",
            "format": "png",
            "f": "image",
            "mosaicRule": f"{{mosaicOperation:'{operation}'}}",
        }
        picture = _picture(client.get(f"{SERVICE}/exportImage", params=query))
        assert picture[32, 48, 0] == expected


def test_a_tiff_is_georeferenced_with_all_bands(client: httpx.Client) -> None:
    form = {"bbox": BOX, "size": "96,64", "format": "tiff", "f": "image"}
    answer = client.post(f"{SERVICE}/exportImage", data=form)
    assert answer.headers["content-type"] == "image/tiff"
    with rasterio.io.MemoryFile(answer.content) as memory, memory.open() as dataset:
        assert dataset.crs.to_epsg() == 32633
        assert tuple(dataset.bounds) == (500000, 5500000, 500960, 5500640)
        assert dataset.read()[:, 32, 5].tolist() == [10, 20, 30]


def test_f_json_links_to_the_picture_it_describes(client: httpx.Client) -> None:
    form = {"bbox": BOX, "size": "50.2,49.8", "format": "png32", "f": "json"}
    described = _json(client.post(f"{SERVICE}/exportImage", data=form))
    assert (described["width"], described["height"]) == (50, 50)
    extent = described["extent"]
    # The extent is grown, never the size, until pixels are square.
    assert extent["ymax"] - extent["ymin"] == pytest.approx(960)
    picture = _picture(httpx.get(described["href"] + "?token=x"))
    assert picture.shape[:2] == (50, 50)
    assert picture[0, 25, 3] == 0
    assert picture[25, 45].tolist() == [110, 120, 130, 255]


@pytest.mark.parametrize("box", ["600000,5500000,600960,5500640", "-500960,0,-500000,640"])
def test_a_box_beside_the_data_is_an_error_for_who_asks_so(client: httpx.Client, box: str) -> None:
    query = {"bbox": box, "size": "9,6", "f": "image", "format": "png32"}
    assert _picture(client.get(f"{SERVICE}/exportImage", params=query))[..., 3].max() == 0
    query["validateExtent"] = "true"
    error = _json(client.get(f"{SERVICE}/exportImage", params=query))["error"]
    assert error["code"] == 400
    assert "'bbox'" in error["message"]
    # The same in another CRS, and a box that does meet it.
    query |= {"bbox": "1670000,6386400,1670500,6387000", "bboxSR": "3857", "imageSR": "3857"}
    assert _picture(client.get(f"{SERVICE}/exportImage", params=query))[..., 3].max() == 255
    query["bbox"] = "1770000,6386400,1770500,6387000"
    assert _json(client.get(f"{SERVICE}/exportImage", params=query))["error"]["code"] == 400


def test_multipart_forms_are_forms(client: httpx.Client) -> None:
    parts = {
        "bbox": (None, BOX),
        "size": (None, "9,6"),
        "f": (None, "image"),
        "format": (None, "png"),
    }
    assert _picture(client.post(f"{SERVICE}/exportImage", files=parts)).shape[:2] == (6, 9)


def test_identify_says_values_and_items(client: httpx.Client) -> None:
    left = _json(client.get(f"{SERVICE}/identify", params={"geometry": LEFT, "f": "json"}))
    assert left["value"] == "10, 20, 30"
    assert left["properties"]["Values"] == ["10 20 30"]
    middle = _json(client.post(f"{SERVICE}/identify", data={"geometry": MIDDLE, "f": "json"}))
    names = [f["attributes"]["Name"] for f in middle["catalogItems"]["features"]]
    assert names == ["a", "b"]
    assert middle["catalogItems"]["features"][0]["geometry"]["rings"]
    assert "Raster" not in middle["catalogItems"]["features"][0]["attributes"]
    beside = _json(client.get(f"{SERVICE}/identify", params={"geometry": "0,0", "f": "json"}))
    assert beside["value"] == "NoData"


def test_identify_follows_the_mosaic_rule(client: httpx.Client) -> None:
    rule = '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[2]}'
    query = {"geometry": MIDDLE, "mosaicRule": rule, "f": "json"}
    assert _json(client.get(f"{SERVICE}/identify", params=query))["value"] == "110, 120, 130"


def test_a_tile_is_a_picture_and_its_absence_404(client: httpx.Client) -> None:
    inside = client.get(f"{SERVICE}/tile/16/22323/35499")
    assert inside.headers["content-type"] == "image/jpeg"
    picture = _picture(inside)
    assert picture.shape == (256, 256, 4)
    # The tile's middle is inside the first scene; JPEG keeps an even colour to a few units.
    assert np.abs(picture[128, 128, :3].astype(int) - [10, 20, 30]).max() <= 4
    edge = client.get(f"{SERVICE}/tile/16/22322/35499")
    assert edge.headers["content-type"] == "image/png"
    assert _picture(edge)[250, 128].tolist() == [10, 20, 30, 255]
    assert _picture(edge)[0, 0, 3] == 0
    blank = client.get(f"{SERVICE}/tile/0/0/0?blankTile=true")
    assert blank.headers["content-type"] == "image/png"
    assert not _picture(blank)[:, :, 3].any()
    for missing in ("0/0/0", "0/0/1", "12/0/0", "24/0/0", "x/y/z", "-1/0/0"):
        answer = client.get(f"{SERVICE}/tile/{missing}")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == 404


def test_what_the_summary_and_the_compiled_file_say(client: httpx.Client) -> None:
    assert len(_json(client.get(f"{SERVICE}/statistics?f=json"))["statistics"]) == 3
    assert "histograms" in _json(client.get(f"{SERVICE}/histograms?f=json"))
    assert "BandProperties" in _json(client.get(f"{SERVICE}/keyProperties?f=json"))
    legend = _json(client.get(f"{SERVICE}/legend?f=json"))
    assert legend["layers"][0]["legendType"] == "RGB Composite"
    assert _json(client.get(f"{SERVICE}/info/iteminfo?f=json"))["title"] == "Hills <b>&"
    assert "rasters" in _json(client.get(f"{SERVICE}/explain", params={"bbox": BOX, "f": "json"}))
    assert max(_picture(client.get(f"{SERVICE}/info/thumbnail")).shape[:2]) <= 200


def test_names_of_operations_ignore_case(client: httpx.Client) -> None:
    assert "BandProperties" in _json(client.get(f"{SERVICE}/KEYPROPERTIES/?f=json"))


def test_an_answer_has_an_etag_that_makes_304(client: httpx.Client) -> None:
    for path in (
        SERVICE + "?f=json",
        f"{SERVICE}/legend?f=json",
        f"{SERVICE}/tile/16/22323/35499",
        f"{SERVICE}/tilemap/16/22323/35499/8/8",
        "?f=json",
    ):
        etag = client.get(path).headers["etag"]
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_jsonp_and_pjson(client: httpx.Client) -> None:
    script = client.get(SERVICE, params={"f": "json", "callback": "a.b"})
    assert script.headers["content-type"].startswith("application/javascript")
    assert script.text.startswith("a.b({")
    assert script.text.endswith("});")
    assert client.get(SERVICE, params={"f": "pjson"}).text.startswith('{\n  "currentVersion"')


def test_other_sites_may_read_everything(client: httpx.Client) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    for path in (
        SERVICE + "?f=json",
        f"{SERVICE}/tile/0/0/0",
        f"{SERVICE}/tile/0/0/9",
        "x/ImageServer",
    ):
        assert client.get(path, headers=origin).headers["access-control-allow-origin"]
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "Content-Type",
    }
    answer = client.options(f"{SERVICE}/query", headers={**origin, **preflight})
    assert answer.is_success
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_single_raster_has_no_catalog_to_query(client: httpx.Client) -> None:
    error = _json(client.get("plain/ImageServer/query?where=1=1&f=json"))["error"]
    assert error["code"] == 400
    assert "Catalog" in error["message"]


def test_links_begin_where_the_request_was_made(client: httpx.Client, server_url: str) -> None:
    query = {"bbox": BOX, "f": "json"}
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/<b>"}
    described = _json(client.get(f"{SERVICE}/exportImage", params=query, headers=headers))
    assert urlsplit(described["href"]).netloc == urlsplit(server_url).netloc


def test_no_path_of_a_source_leaves(client: httpx.Client, served_folder: Path) -> None:
    answers = [
        client.get(f"{SERVICE}/{path}")
        for path in ("?f=json", f"identify?geometry={MIDDLE}&f=json", f"explain?bbox={BOX}&f=json",
                     f"identify?geometry={MIDDLE}&f=html", "query?where=1=1&outFields=*&f=json")
    ]  # fmt: skip
    for answer in answers:
        assert str(served_folder.parent) not in answer.text
        assert ".tif" not in answer.text


def _counted(server_url: str, operation: str, status: int) -> float:
    wanted = {
        "service": "demo/hills",
        "protocol": "arcgis",
        "operation": operation,
        "status": str(status),
    }
    text = httpx.get(server_url + "/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "swath_requests_total" and sample.labels == wanted
    )


@pytest.mark.parametrize(
    ("path", "operation", "code"),
    [
        ("exportImage?f=image&size=x", "exportImage", 400),
        ("exportImage?f=json&size=99999,9", "exportImage", 400),
        ("tile/3/0/99", "tile", 404),
        ("query?where=)&f=html", "query", 400),
    ],
)
def test_errors_are_counted_by_their_code(
    client: httpx.Client, server_url: str, path: str, operation: str, code: int
) -> None:
    before = _counted(server_url, operation, code), _counted(server_url, operation, 200)
    client.get(f"{SERVICE}/{path}")
    after = _counted(server_url, operation, code), _counted(server_url, operation, 200)
    assert (after[0] - before[0], after[1] - before[1]) == (1, 0)
