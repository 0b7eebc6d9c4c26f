"""Capabilities as the schemas have them, read by OWSLib and by Swath's own client too.

Through server.protocols.wms.layer_boxes, server.protocols.wms.legend_picture and
server.protocols.xml_text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import msgspec
import pytest
from owslib.map.wms111 import WebMapService_1_1_1
from owslib.map.wms130 import WebMapService_1_3_0

from engine.extent import Extent
from engine.summary import TimeInfo
from server.protocols.wms.capabilities import capabilities
from server.protocols.wms.layer_boxes import layer_boxes, lonlat_box
from server.protocols.wms.legend_picture import legend_size
from server.protocols.xml_text import add, document, root

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary
    from server.protocols.wms.operations.base import Question

# What may stand in an element, in this order: capabilities_1_3_0.xsd and WMS_MS_Capabilities.dtd, as far
# as Swath writes them.
_OPERATION = "(Format )+(DCPType )+"
_BOTH = {
    "KeywordList": "(Keyword )*",
    "Capability": "Request Exception (UserDefinedSymbolization )?(Layer )?",
    "Request": "GetCapabilities GetMap (GetFeatureInfo )?(GetLegendGraphic )?",
    **dict.fromkeys(
        ("GetCapabilities", "GetMap", "GetFeatureInfo", "GetLegendGraphic"), _OPERATION
    ),
    "DCPType": "HTTP ",
    "HTTP": "Get (Post )?",
    "Get": "OnlineResource ",
    "Post": "OnlineResource ",
    "Exception": "(Format )+",
    "Attribution": "(Title )?",
    "Style": "Name Title (Abstract )?(LegendURL )*",
    "LegendURL": "Format OnlineResource ",
}
_SERVICE = "Name Title (Abstract )?(KeywordList )?OnlineResource (Fees )?(AccessConstraints )?"
_GRAMMARS = {
    "1.3.0": {
        **_BOTH,
        "WMS_Capabilities": "Service Capability ",
        "Service": _SERVICE + "(LayerLimit )?(MaxWidth )?(MaxHeight )?",
        "Layer": "(Name )?Title (Abstract )?(CRS )*(EX_GeographicBoundingBox )?(BoundingBox )*"
        "(Dimension )*(Attribution )?(Style )*(Layer )*",
        "EX_GeographicBoundingBox": "westBoundLongitude eastBoundLongitude southBoundLatitude "
        "northBoundLatitude ",
    },
    "1.1.1": {
        **_BOTH,
        "WMT_MS_Capabilities": "Service Capability ",
        "Service": _SERVICE,
        "Layer": "(Name )?Title (Abstract )?(SRS )*(LatLonBoundingBox )?(BoundingBox )*"
        "(Dimension )*(Extent )*(Attribution )?(Style )*(Layer )*",
    },
}


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _parsed(question: Question) -> ET.Element:
    return ET.fromstring(capabilities(question)[1])


def _layer(head: ET.Element) -> ET.Element:
    return next(e for e in head.iter() if _local(e) == "Layer" and _child(e, "Name") is not None)


def _child(parent: ET.Element, name: str) -> ET.Element | None:
    return next((child for child in parent if _local(child) == name), None)


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_elements_stand_in_the_order_of_the_schema(
    ask: Callable[..., Question], version: str
) -> None:
    head = _parsed(ask(VERSION=version))
    for element in head.iter():
        grammar = _GRAMMARS[version].get(_local(element), "")
        children = "".join(f"{_local(child)} " for child in element)
        assert re.fullmatch(grammar, children), f"{_local(element)}: {children}"
    assert head.get("version") == version


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_owslib_reads_all_of_it(ask: Callable[..., Question], version: str) -> None:
    question = ask(VERSION=version)
    reader = WebMapService_1_3_0 if version == "1.3.0" else WebMapService_1_1_1
    wms = reader(question.url, version, xml=capabilities(question)[1])
    assert wms.identification.title == "Hills <b>&"
    assert list(wms.contents) == ["hills"]
    layer = wms["hills"]
    assert layer.queryable
    assert layer.boundingBoxWGS84 == (15.0, 49.6, 15.2, 49.7)
    assert list(layer.styles) == ["default", "High <&>"]
    assert layer.timepositions[0].startswith("1970-01-01T00:00:01Z/1970-01-01T00:00:02Z")
    assert {"EPSG:32633", "EPSG:3857", "EPSG:4326", "EPSG:4269"} <= set(layer.crsOptions)
    assert "image/png" in wms.getOperationByName("GetMap").formatOptions
    assert "application/json" in wms.getOperationByName("GetFeatureInfo").formatOptions
    legend = layer.styles["High <&>"]["legend"]
    asked = parse_qs(urlsplit(legend).query)
    assert asked["STYLE"] == ["High <&>"]
    assert asked["REQUEST"] == ["GetLegendGraphic"]


def _boxes(head: ET.Element) -> dict[str, tuple[float, ...]]:
    return {
        box.get("CRS", box.get("SRS", "")): tuple(
            round(float(box.get(side, "nan")), 4) for side in ("minx", "miny", "maxx", "maxy")
        )
        for box in _layer(head)
        if _local(box) == "BoundingBox"
    }


def test_boxes_have_the_order_of_axes_of_their_version(ask: Callable[..., Question]) -> None:
    new, old = _boxes(_parsed(ask(VERSION="1.3.0"))), _boxes(_parsed(ask(VERSION="1.1.1")))
    assert new["EPSG:4326"] == (49.6, 15.0, 49.7, 15.2)
    assert new["CRS:84"] == old["EPSG:4326"] == (15.0, 49.6, 15.2, 49.7)
    assert new["EPSG:32633"] == old["EPSG:32633"] == (500000, 5500000, 510000, 5508000)
    # A degree of NAD83 is one of WGS 84 within metres; its latitude comes first.
    assert new["EPSG:4269"][1] == pytest.approx(15.0, abs=1e-3)
    assert "CRS:84" not in old


def test_services_that_say_less_have_less(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    bare = msgspec.structs.replace(mosaic, time=None, extent_lonlat=None)
    for version in ("1.3.0", "1.1.1"):
        head = _parsed(ask(VERSION=version, summary=bare))
        layer = _layer(head)
        assert _child(layer, "Dimension") is None
        assert [_local(e) for e in layer].count("Style") == 1
    one_day = TimeInfo(start_field="AcqDate", end_field="AcqDate", start=0, end=0)
    once = msgspec.structs.replace(mosaic, time=one_day)
    dimension = _child(_layer(_parsed(ask(summary=once))), "Dimension")
    assert dimension is not None
    assert dimension.text == dimension.get("default") == "1970-01-01T00:00:00Z"


def test_a_service_across_the_antimeridian_spans_all_longitudes(mosaic: ServiceSummary) -> None:
    across = msgspec.structs.replace(mosaic, extent_lonlat=Extent(170.0, -20.0, 190.0, -10.0))
    assert lonlat_box(across) == Extent(-180.0, -20.0, 180.0, -10.0)
    beyond = msgspec.structs.replace(mosaic, extent_lonlat=Extent(10.0, 80.0, 20.0, 91.0))
    assert lonlat_box(beyond) == Extent(10.0, 80.0, 20.0, 90.0)


def test_small_services_list_their_utm_zone(mosaic: ServiceSummary) -> None:
    south = msgspec.structs.replace(
        mosaic, crs="EPSG:4326", extent_lonlat=Extent(-70.0, -35.0, -68.0, -33.0)
    )
    assert "EPSG:32719" in [each.crs.key for each in layer_boxes(south, "1.3.0")]
    wide = msgspec.structs.replace(south, extent_lonlat=Extent(-70.0, -35.0, 0.0, 0.0))
    assert not any(each.crs.key.startswith("EPSG:327") for each in layer_boxes(wide, "1.3.0"))
    no_code = msgspec.structs.replace(wide, crs='LOCAL_CS["here: there"]')
    assert [each.crs.name for each in layer_boxes(no_code, "1.3.0")][:1] == ["EPSG:3857"]


def test_legends_of_classes_are_as_high_as_their_rows(mosaic: ServiceSummary) -> None:
    colours = tuple((value, 0, 0, 0) for value in range(10))
    classes = msgspec.structs.replace(mosaic, colormap=colours, picture_bands=(0,))
    assert legend_size(classes, "")[1] == 200
    assert legend_size(classes, "Slope")[1] == legend_size(mosaic, "")[1] == 60


def test_no_text_becomes_markup_and_no_character_breaks_it() -> None:
    head = root("a", {"b": '"<&\x01'})
    add(head, "c", "<d>\x00\ud800\uffff]]>&amp;")
    read = ET.fromstring(document(head))
    assert read.get("b") == '"<&'
    assert read[0].text == "<d>]]>&amp;"
