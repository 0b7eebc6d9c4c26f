"""The href of exports, fetched as R, restapi and esri-leaflet do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import rasterio
from PIL import Image

from server.site.publishing import Publisher

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

SERVICE = "demo/hills/ImageServer"
BOX = "500000,5500000,500960,5500640"
INSIDE = "500000,5500100,500300,5500300"
_LINK = re.compile(
    r"http://[^/]+/arcgis/rest/directories/arcgisoutput/demo/hills_ImageServer/"
    r"_ags_[0-9a-f]{32}\.([a-z0-9]+)"
)


def href_of(client: httpx.Client, path: str = "exportImage", **fields: str) -> str:
    form = {"bbox": BOX, "size": "96,64", "f": "json", **fields}
    answer = client.post(f"{SERVICE}/{path}", data=form)
    assert answer.headers["cache-control"] == "no-cache"
    link: str = answer.json()["href"]
    return link


@pytest.mark.parametrize(
    ("form", "ending", "media_type"),
    [
        ({"format": "tiff"}, "tif", "image/tiff"),
        ({"format": "jpg"}, "jpg", "image/jpeg"),
        ({"format": "png8"}, "png", "image/png"),
        ({"format": "gif"}, "gif", "image/gif"),
        ({"format": "lerc"}, "lrc", "application/octet-stream"),
        ({"format": "jpgpng", "bbox": INSIDE, "size": "60,40"}, "jpg", "image/jpeg"),
        ({"format": "jpgpng", "size": "96,96"}, "png", "image/png"),
    ],
)
def test_a_link_ends_as_what_it_gives(
    form: dict[str, str], ending: str, media_type: str, client: httpx.Client
) -> None:
    href = href_of(client, **form)
    found = _LINK.fullmatch(href)
    assert found, href
    assert found[1] == ending
    assert httpx.get(href).headers["content-type"] == media_type


def test_r_arcgislayers_posts_a_form_and_downloads_a_file(
    client: httpx.Client, tmp_path: Path
) -> None:
    form = {
        "bbox": BOX,
        "bboxSR": "32633",
        "format": "tiff",
        "size": "96,64",
        "outSR": "32633",
        "f": "json",
        "token": "",
    }
    described = client.post(f"{SERVICE}/exportImage", data=form).json()
    file = tmp_path / described["href"].rpartition("/")[2]
    file.write_bytes(httpx.get(described["href"]).content)
    with rasterio.open(file) as dataset:
        assert file.suffix == ".tif"
        assert dataset.count == 3
        assert tuple(dataset.bounds) == tuple(map(float, BOX.split(",")))
        assert dataset.read()[:, 32, 5].tolist() == [10, 20, 30]


def test_restapi_fetches_with_its_cookie_what_f_pjson_told(client: httpx.Client) -> None:
    form = {"bbox": BOX, "size": "400.0,300.0", "format": "tiff", "f": "pjson", "pixelType": "U8"}
    described = client.post(f"{SERVICE}/exportImage", data=form).json()
    answer = httpx.get(described["href"], headers={"Cookie": "agstoken=abc"})
    with rasterio.MemoryFile(answer.content) as memory, memory.open() as dataset:
        assert (dataset.width, dataset.height) == (described["width"], described["height"])


def test_esri_leaflet_appends_its_token(client: httpx.Client) -> None:
    href = href_of(client, format="png32")
    plain, with_token = httpx.get(href), httpx.get(href + "?token=abc")
    assert with_token.content == plain.content
    assert Image.open(BytesIO(with_token.content)).size == (96, 64)


def test_a_token_never_reaches_the_link(client: httpx.Client) -> None:
    assert "secret" not in href_of(client, token="secret")


def test_a_request_too_long_for_a_url_has_a_short_link(client: httpx.Client) -> None:
    ring = [[500000 + x, 5500640 - x % 7 * 90] for x in range(0, 960, 2)]
    ring += [[500960, 5500000], [500000, 5500000], ring[0]]
    rule = {
        "rasterFunction": "Clip",
        "rasterFunctionArguments": {"ClippingType": 1, "ClippingGeometry": {"rings": [ring]}},
    }
    text = json.dumps(rule)
    assert len(text) > 8000
    href = href_of(client, format="png32", renderingRule=text)
    assert len(href) < 160
    form = {"bbox": BOX, "size": "96,64", "f": "image", "format": "png32", "renderingRule": text}
    posted = client.post(f"{SERVICE}/exportImage", data=form)
    assert posted.headers["content-type"] == "image/png"
    assert httpx.get(href).content == posted.content


def test_a_raster_alone_has_links_too(client: httpx.Client) -> None:
    href = href_of(client, "2/image", format="png32")
    picture = Image.open(BytesIO(httpx.get(href).content))
    assert picture.getpixel((5, 32))[3] == 0
    assert picture.getpixel((90, 32)) == (110, 120, 130, 255)


def test_a_link_says_how_long_it_lives(client: httpx.Client) -> None:
    answer = httpx.get(href_of(client, format="png"))
    found = re.fullmatch(r"private, max-age=(\d+)", answer.headers["cache-control"])
    assert found
    assert 0 < int(found[1]) <= 600
    ends = parsedate_to_datetime(answer.headers["expires"])
    assert 0 < (ends - parsedate_to_datetime(answer.headers["date"])).total_seconds() <= 601


def test_a_link_has_an_etag_and_answers_304_and_head(client: httpx.Client) -> None:
    href = href_of(client, format="png")
    first = httpx.get(href, headers={"Origin": "http://other.example"})
    again = httpx.get(href, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["access-control-allow-origin"] == "*"
    assert again.headers["cache-control"].startswith("private, max-age=")
    assert first.headers["access-control-allow-origin"] == "*"
    head = httpx.head(href)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "image/png"


def test_gdal_opens_a_link_as_it_opens_any_file_on_the_web(
    client: httpx.Client, require_system_module: Callable[[str], Path]
) -> None:
    href = href_of(client, format="tiff", size="960,640")
    code = (
        "from osgeo import gdal; gdal.UseExceptions()\n"
        f"d = gdal.Open('/vsicurl/{href}')\n"
        "print(d.RasterXSize, d.RasterYSize, *d.ReadAsArray()[:, 320, 50])"
    )
    # The process of the tests lets GDAL open nothing on the network.
    command = [require_system_module("osgeo.gdal_array"), "-c", code]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.stdout.split() == ["960", "640", "10", "20", "30"], made.stderr


def test_the_answer_is_the_same_and_renewed_when_it_is_asked_again(client: httpx.Client) -> None:
    query = {"bbox": BOX, "size": "33,44", "f": "json"}
    first = client.get(f"{SERVICE}/exportImage", params=query)
    again = client.get(
        f"{SERVICE}/exportImage", params=query, headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert client.get(f"{SERVICE}/exportImage", params=query).json() == first.json()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/arcgisoutput",
        "/arcgisoutput/demo/hills_ImageServer/_ags_00000000000000000000000000000000.png",
        "/arcgisoutput/..%2f..%2fetc%2fpasswd",
    ],
)
def test_a_link_that_is_not_there_is_a_plain_404(path: str, server_url: str) -> None:
    answer = httpx.get(f"{server_url}/arcgis/rest/directories{path}")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "live for 600 s" in answer.json()["error"]["message"]


def test_the_page_of_an_export_shows_the_link(client: httpx.Client) -> None:
    page = client.get(f"{SERVICE}/exportImage", params={"bbox": BOX, "f": "html"}).text
    assert _LINK.search(page)


def test_a_link_lives_as_long_as_the_operator_says(
    served_folder: Path, serve: Callable[..., AbstractContextManager[Any]]
) -> None:
    with serve(served_folder, SWATH_TIMEOUTS_OUTPUT_S="0.001", SWATH_PREFIX="/maps") as server:
        address = f"{server.url}/maps/arcgis/rest/services/{SERVICE}/exportImage"
        query = {"bbox": BOX, "format": "tiff", "f": "json"}
        href = httpx.get(address, params=query).json()["href"]
        assert href.startswith(f"{server.url}/maps/arcgis/rest/directories/arcgisoutput/")
        gone = httpx.get(href)
    assert gone.status_code == 404
    assert "live for 0.001 s" in gone.json()["error"]["message"]


def test_a_service_that_was_stopped_shows_nothing_any_more(
    served_folder: Path, serve: Callable[..., AbstractContextManager[Any]], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(served_folder, data)
    with serve(data) as server:
        address = f"{server.url}/arcgis/rest/services/plain/ImageServer"
        query = {"bbox": BOX, "format": "tiff", "f": "json"}
        href = httpx.get(f"{address}/exportImage", params=query).json()["href"]
        assert httpx.get(href).status_code == 200
        Publisher(data).stop("plain")
        give_up = time.monotonic() + 60
        while "error" not in httpx.get(f"{address}?f=json").json():
            assert time.monotonic() < give_up
            time.sleep(0.05)
        gone = httpx.get(href)
    assert gone.status_code == 404
    assert "plain" in gone.json()["error"]["message"]
