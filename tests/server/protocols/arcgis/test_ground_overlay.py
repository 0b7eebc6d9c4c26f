"""`f=kmz`: what is asked, and the file as other programs read it."""

from __future__ import annotations

import io
import subprocess
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.kmz import MEDIA_TYPE
from server.protocols.arcgis.operations import export_image, kml_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from engine.request import ImageRequest
    from server.protocols.arcgis.operations.base import Question

SERVICE = "demo/hills/ImageServer"
BOX = "500000,5500000,500960,5500640"
KML = "{http://www.opengis.net/kml/2.2}"


def opened(content: bytes) -> tuple[list[float], Image.Image]:
    """Return west, south, east, north and the picture."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = ET.fromstring(archive.read("doc.kml"))
        picture = Image.open(io.BytesIO(archive.read(root.findtext(f".//{KML}href", ""))))
        picture.load()
    box = root.find(f".//{KML}LatLonBox")
    assert box is not None
    names = ("west", "south", "east", "north")
    return [float(box.findtext(KML + name, "nan")) for name in names], picture


@pytest.fixture
def asked(ask: Callable[..., Question]) -> Callable[..., ImageRequest]:
    def make(**parameters: str) -> ImageRequest:
        found = export_image.parse(ask(parameters, f="kmz"))
        assert found.is_final
        return found.request  # type: ignore[return-value]  # -- of an export

    return make


def test_the_view_is_in_degrees_and_fills_its_box(asked: Callable[..., ImageRequest]) -> None:
    request = asked(bbox=BOX, imageSR="3857", size="30,20")
    assert request.view.out_crs == "EPSG:4326"
    assert not request.view.adjust_aspect
    assert request.view.extent == Extent(500000, 5500000, 500960, 5500640)
    assert request.encoding.container == "kmz"


def test_boxes_in_degrees_end_at_the_poles(asked: Callable[..., ImageRequest]) -> None:
    assert asked(bbox="-400,-99,10,99", bboxSR="4326").view.extent == Extent(-180, -90, 180, 90)
    with pytest.raises(InvalidParameter, match="latitudes"):
        asked(bbox="0,91,1,92", bboxSR="4326")


@pytest.mark.parametrize("name", ["tiff", "lerc", "bsq"])
def test_samples_are_no_overlay(name: str, asked: Callable[..., ImageRequest]) -> None:
    with pytest.raises(InvalidParameter, match=r"format.*picture"):
        asked(format=name)


def test_the_address_of_kml_viewers_asks_the_same(ask: Callable[..., Question]) -> None:
    by_operation = export_image.parse(ask({"bbox": BOX}, f="kmz"))
    assert kml_image.parse(ask({"bbox": BOX}, f="image")) == by_operation


def test_the_picture_is_that_of_an_export_in_degrees(client: httpx.Client) -> None:
    form = {"bbox": BOX, "size": "90,60", "format": "png32", "f": "kmz"}
    answer = client.get(f"{SERVICE}/exportImage", params=form)
    assert answer.headers["content-type"] == MEDIA_TYPE
    box, picture = opened(answer.content)
    assert 14.999 < box[0] < box[2] < 15.02
    form = {
        "bbox": ",".join(map(repr, box)),
        "bboxSR": "4326",
        "imageSR": "4326",
        "adjustAspectRatio": "false",
        "size": "90,60",
        "format": "png32",
        "f": "image",
    }
    plain = Image.open(io.BytesIO(client.get(f"{SERVICE}/exportImage", params=form).content))
    assert (np.asarray(picture) == np.asarray(plain)).all()
    assert picture.getpixel((10, 30)) == (10, 20, 30, 255)
    assert picture.getpixel((80, 30)) == (110, 120, 130, 255)


def test_the_whole_service_has_a_file_of_its_own(client: httpx.Client) -> None:
    answer = client.get(f"{SERVICE}/kml/mapImage.kmz")
    assert answer.headers["content-type"] == MEDIA_TYPE
    box, picture = opened(answer.content)
    assert picture.size == (400, 400)
    assert box == pytest.approx([15.0, 49.6525, 15.0134, 49.6584], abs=2e-3)


def test_one_raster_alone_is_an_overlay_too(client: httpx.Client) -> None:
    form = {"bbox": BOX, "size": "90,60", "f": "kmz"}
    _, picture = opened(client.get(f"{SERVICE}/2/image", params=form).content)
    assert picture.getpixel((10, 30))[3] == 0


def test_an_error_is_worded_as_json(client: httpx.Client) -> None:
    error = client.get(f"{SERVICE}/exportImage?f=kmz&format=tiff").json()["error"]
    assert error["code"] == 400
    assert "'format'" in error["message"]


def test_gdal_opens_the_file(
    client: httpx.Client, tmp_path: Path, require_system_module: Callable[[str], Path]
) -> None:
    python = require_system_module("osgeo.gdal")
    file = tmp_path / "hills.kmz"
    content = client.get(f"{SERVICE}/kml/mapImage.kmz").content
    file.write_bytes(content)
    (west, south, east, north), picture = opened(content)
    code = (
        "from osgeo import gdal; gdal.UseExceptions()\n"
        f"d = gdal.OpenEx({str(file)!r}, allowed_drivers=['KMLSUPEROVERLAY'])\n"
        "print(d.RasterXSize, d.RasterYSize, *d.GetGeoTransform())"
    )
    made = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    width, height, x, step_x, _, y, _, step_y = map(float, made.stdout.split())
    assert (width, height) == picture.size
    assert (x, y) == pytest.approx((west, north), abs=1e-12)
    assert (step_x, -step_y) == pytest.approx(((east - west) / 400, (north - south) / 400))
