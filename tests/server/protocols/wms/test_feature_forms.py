"""Features in each form, values escaped: server.protocols.wms.features too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec

from engine.results import IdentifiedItem, IdentifyResult
from engine.summary import BandInfo
from server.protocols.wms.feature_forms import written
from server.protocols.wms.features import features_of

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

_RESULT = IdentifyResult(
    x=15.5,
    y=49.5,
    crs="EPSG:3857",
    values=(1.0, None, 3.0),
    processed=((255.0,),),
    items=(
        IdentifiedItem(
            id=7,
            attributes={"Name": "<b>&", "AcqDate": 1000, "Cloud cover": None},
            values=(4.0, 5.0, 6.0),
        ),
    ),
)


def test_the_pixel_comes_first_then_the_rasters(mosaic: ServiceSummary) -> None:
    pixel, raster = features_of(_RESULT, mosaic)
    assert pixel.properties == {
        "Value": "1, NoData, 3",
        "Processed": "255",
        "Red": 1.0,
        "Green": None,
        "Blue": 3.0,
    }
    assert raster.id == "raster.7"
    assert raster.properties["AcqDate"] == "1970-01-01T00:00:01Z"
    assert raster.properties["Value"] == "4, 5, 6"


def test_nothing_there_is_told_so(mosaic: ServiceSummary) -> None:
    (pixel,) = features_of(IdentifyResult(x=1.0, y=2.0), mosaic)
    assert pixel.properties == {"Value": "NoData"}


def test_every_form_holds_all_values_escaped(mosaic: ServiceSummary) -> None:
    names = tuple(BandInfo(name=name) for name in ("1st <band>", "Green", "Blue"))
    features = features_of(_RESULT, msgspec.structs.replace(mosaic, bands=names))
    media_type, body = written("application/json", "hills", features)
    read = json.loads(body)
    assert media_type == "application/json"
    assert read["features"][0]["geometry"]["coordinates"] == [15.5, 49.5]
    assert read["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::3857"
    assert read["features"][0]["properties"]["1st <band>"] == 1
    media_type, body = written("text/html", "<hills>", features)
    assert media_type == "text/html; charset=UTF-8"
    assert b"default-src 'none'" in body
    assert b"<th>1st &lt;band&gt;</th>" in body
    assert b"<td>&lt;b&gt;&amp;</td>" in body
    assert b"<hills>" not in body
    _, body = written("text/plain", "hills", features)
    assert "  Name = <b>&\n" in body.decode()
    _, body = written("application/vnd.ogc.gml", "hills", features)
    texts = {element.tag.rpartition("}")[2]: element.text for element in ET.fromstring(body).iter()}
    assert texts["_1st_band_"] == "1.0"
    assert texts["Name"] == "<b>&"
    assert texts["Cloud_cover"] is None
