"""Ground overlays: the document, the box, and what cannot be one."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree as ET

import pytest

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.formats.base import Encoded
from engine.kmz import MEDIA_TYPE, in_kmz

PICTURE = Encoded(b"pixels", "image/png")
KML = "{http://www.opengis.net/kml/2.2}"


def parts(box: Extent, name: str = "Hills") -> tuple[ET.Element, dict[str, bytes]]:
    encoded = in_kmz(PICTURE, box, name)
    assert encoded.media_type == MEDIA_TYPE
    with zipfile.ZipFile(io.BytesIO(bytes(encoded.data))) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    assert next(iter(files)) == "doc.kml"
    return ET.fromstring(files["doc.kml"]), files


def sides(box: Extent) -> list[float]:
    root, _ = parts(box)
    return [
        float(root.findtext(f".//{KML}LatLonBox/{KML}{side}", "nan"))
        for side in ("west", "south", "east", "north")
    ]


def test_the_document_names_the_picture_and_its_box() -> None:
    root, files = parts(Extent(15.0, 49.6, 15.25, 49.7))
    assert root.findtext(f".//{KML}Icon/{KML}href") == "image.png"
    assert files["image.png"] == b"pixels"
    assert sides(Extent(15.0, 49.6, 15.25, 49.7)) == [15.0, 49.6, 15.25, 49.7]


def test_a_jpeg_is_called_so() -> None:
    encoded = in_kmz(Encoded(b"x", "image/jpeg"), Extent(0, 0, 1, 1), "")
    with zipfile.ZipFile(io.BytesIO(bytes(encoded.data))) as archive:
        assert archive.namelist() == ["doc.kml", "image.jpg"]


def test_names_are_escaped() -> None:
    root, _ = parts(Extent(0, 0, 1, 1), "<b>&\x01")
    assert root.findtext(f".//{KML}name") == "<b>&"


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Extent(170, -10, 190, 10), [170, -10, -170, 10]),
        (Extent(350, -10, 355, 10), [-10, -10, -5, 10]),
        (Extent(-200, 0, -190, 1), [160, 0, 170, 1]),
        (Extent(-180, -90, 180, 90 + 1e-9), [-180, -90, 180, 90]),
    ],
)
def test_longitudes_stay_on_the_map(box: Extent, expected: list[float]) -> None:
    assert sides(box) == expected


def test_nothing_lies_beyond_the_poles() -> None:
    with pytest.raises(InvalidParameter, match="latitudes"):
        in_kmz(PICTURE, Extent(0, 80, 1, 91), "")


def test_equal_pictures_are_equal_files() -> None:
    box = Extent(0, 0, 1, 1)
    assert in_kmz(PICTURE, box, "a") == in_kmz(PICTURE, box, "a")
