"""Resources of single rasters, and metadata as XML, on a live server.

Covers server.protocols.arcgis.metadata_xml, server.protocols.arcgis.operations.raster_metadata,
server.protocols.arcgis.operations.service_metadata and server.protocols.arcgis.operations.raster_table too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from engine.extent import Extent
from server.protocols.arcgis.metadata_xml import metadata_xml

if TYPE_CHECKING:
    import httpx

    from engine.summary import ServiceSummary

HILLS = "demo/hills/ImageServer/"


def test_the_metadata_of_the_service_are_a_document(client: httpx.Client) -> None:
    reply = client.get(HILLS + "info/metadata")
    assert reply.headers["content-type"].startswith("text/xml")
    root = ElementTree.fromstring(reply.content)
    assert root.tag == "metadata"
    assert root.findtext("dataIdInfo/idCitation/resTitle") == "Hills <b>&"
    assert root.findtext("dataIdInfo/idAbs") == "Rolling"
    assert float(root.findtext(".//westBL") or "nan") == pytest.approx(15.0)
    code = root.find(".//identCode")
    assert code is not None
    assert code.get("code") == "32633"
    assert len(root.findall(".//Band")) == 3


@pytest.mark.parametrize("f", ["json", "pjson", "xml", ""])
def test_metadata_are_xml_whatever_is_asked(client: httpx.Client, f: str) -> None:
    for path in ("info/metadata", "1/info/metadata", "1/metadata"):
        reply = client.get(HILLS + path, params={"f": f})
        assert reply.headers["content-type"].startswith("text/xml"), path


def test_the_metadata_of_a_raster_have_its_attributes(client: httpx.Client) -> None:
    root = ElementTree.fromstring(client.get(HILLS + "2/info/metadata").content)
    known = {each.get("name"): each.text for each in root.iter("attribute")}
    assert (known["OBJECTID"], known["AcqDate"], known["Columns"]) == ("2", "1600086400000", "64")
    assert float(root.findtext(".//westBL") or "nan") == pytest.approx(15.0045, abs=1e-3)


def test_the_information_of_a_raster_agrees_with_its_pixels(client: httpx.Client) -> None:
    facts = client.get(HILLS + "2/info", params={"f": "json"}).json()
    box = facts["extent"]
    assert (box["xmax"] - box["xmin"]) / facts["pixelSizeX"] == pytest.approx(facts["columns"])
    assert (box["ymax"] - box["ymin"]) / facts["pixelSizeY"] == pytest.approx(facts["rows"])
    assert len(facts["statistics"]) == len(facts["histograms"]) == facts["bandCount"] == 3
    reply = client.get(
        HILLS + "2/image",
        params={"f": "image", "format": "bsq", "size": f"{facts['columns']},{facts['rows']}"},
    )
    planes = np.frombuffer(reply.content[: 3 * facts["columns"] * facts["rows"]], np.uint8).reshape(
        3, -1
    )
    for plane, (low, high, mean, deviation), bins in zip(
        planes, facts["statistics"], facts["histograms"], strict=True
    ):
        assert (low, high) == (plane.min(), plane.max())
        assert (mean, deviation) == pytest.approx((plane.mean(), plane.std()))
        assert sum(bins["counts"]) == plane.size
        assert bins["size"] == len(bins["counts"])


def test_no_text_breaks_the_document(mosaic: ServiceSummary) -> None:
    hostile = "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;\0\x1b\ufffe]]>"
    summary = msgspec.structs.replace(
        mosaic, properties=msgspec.structs.replace(mosaic.properties, description=hostile)
    )
    body = metadata_xml(hostile, summary, Extent(0, 0, 1, 1), {hostile: hostile, "none": None})
    root = ElementTree.fromstring(body)
    assert root.findtext("dataIdInfo/idAbs") == hostile.translate({0: None, 27: None, 0xFFFE: None})
    assert b"<!DOCTYPE" not in body
    assert [each.get("name", "")[:2] for each in root.iter("attribute")] == ["<!"]


def test_a_raster_tells_its_own_map_beside_that_of_the_service(client: httpx.Client) -> None:
    info = client.get(HILLS + "2/info", params={"f": "json"}).json()
    assert info["nativeExtent"]["xmin"] == 500320.0
    assert info["nativeExtent"]["spatialReference"]["latestWkid"] == 32633
    assert (info["nativePixelSizeX"], info["nativePixelSizeY"]) == (10, 10)
    assert info["format"] == "TIFF"
    assert len(info["statistics"]) == 3
    assert {"origin", "blockWidth", "blockHeight", "bandCount", "pixelType"} <= set(info)
    assert {"firstPyramidLevel", "maxPyramidLevel", "histograms", "extent"} <= set(info)


def test_a_raster_without_classes_has_an_empty_table(client: httpx.Client) -> None:
    table = client.get(HILLS + "1/info/rasterAttributeTable", params={"f": "json"}).json()
    assert (table["objectIdFieldName"], table["features"]) == ("OBJECTID", [])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/info",
        "/info/metadata",
        "/metadata",
        "/info/rasterAttributeTable",
        "/info/keyProperties",
    ],
)
def test_a_raster_that_is_not_there_is_named(client: httpx.Client, path: str) -> None:
    error = client.get(f"{HILLS}99{path}", params={"f": "json"}).json()["error"]
    assert error["code"] == 404
    assert "99" in error["message"]


def test_a_picture_of_a_raster_shows_all_of_it_and_no_other_place(client: httpx.Client) -> None:
    """The second raster is the right half of the mosaic and a quarter more."""
    asked = {"f": "json", "size": "64,64"}
    extent = client.get(HILLS + "2/image", params=asked).json()["extent"]
    corners = (500320.0, 5500000.0, 500960.0, 5500640.0)
    assert [extent[key] for key in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(corners)
    box = {"bbox": "500000,5500000,500640,5500640"}
    first = client.get(HILLS + "2/image", params={**asked, **box}).json()["extent"]
    assert first["xmin"] == pytest.approx(500000.0)
