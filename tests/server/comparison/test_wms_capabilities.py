"""Capabilities of both versions, and axes as the CRS has them: engine.geometry.axis_order too."""

from __future__ import annotations

import pytest

from engine.errors import SourceUnavailable
from engine.extent import Extent
from engine.geometry.axis_order import is_north_first
from server.comparison.fetcher import Answer
from server.comparison.wms_capabilities import read_capabilities

_V111 = """<?xml version="1.0"?>
<!DOCTYPE WMT_MS_Capabilities SYSTEM "http://schemas.opengis.net/wms/1.1.1/WMS_MS_Capabilities.dtd"
 [<!ELEMENT VendorSpecificCapabilities EMPTY>]>
<WMT_MS_Capabilities version="1.1.1"><Capability>
 <Request><GetMap><Format>image/jpeg</Format><Format>image/png</Format></GetMap></Request>
 <Layer><Title>all</Title><LatLonBoundingBox minx="1" miny="2" maxx="3" maxy="4"/>
  <Layer><Name>a</Name></Layer>
  <Layer><Name>b</Name><BoundingBox SRS="EPSG:31467" minx="10" miny="20" maxx="30" maxy="40"/></Layer>
 </Layer></Capability></WMT_MS_Capabilities>"""
_V130 = """<WMS_Capabilities version="1.3.0" xmlns="http://www.opengis.net/wms">
<Service><MaxWidth>4000</MaxWidth><MaxHeight>3000</MaxHeight></Service><Capability>
 <Request><GetMap><Format>image/png; mode=32bit</Format></GetMap></Request>
 <Layer><Name>root</Name>
  <EX_GeographicBoundingBox><westBoundLongitude>1</westBoundLongitude>
   <eastBoundLongitude>3</eastBoundLongitude><southBoundLatitude>2</southBoundLatitude>
   <northBoundLatitude>4</northBoundLatitude></EX_GeographicBoundingBox>
  <BoundingBox CRS="EPSG:4326" minx="2" miny="1" maxx="4" maxy="3"/>
  <BoundingBox CRS="EPSG:31467" minx="20" miny="10" maxx="40" maxy="30"/>
  <BoundingBox CRS="AUTO2:42001" minx="1" miny="1" maxx="2" maxy="2"/>
  <BoundingBox CRS="EPSG:32633" minx="inf" miny="1" maxx="2" maxy="2"/>
 </Layer></Capability></WMS_Capabilities>"""


def _answer(text: str, status: int = 200) -> Answer:
    return Answer("http://h/wms", status, "text/xml", text.encode(), 0.1)


def test_version_1_1_1_has_x_first_always() -> None:
    found = read_capabilities(_answer(_V111))
    assert (found.version, found.max_side) == ("1.1.1", 0)
    assert found.formats == ("image/jpeg", "image/png")
    lonlat = Extent(1, 2, 3, 4)
    assert found.layers["a"].boxes == {"EPSG:4326": lonlat}
    assert found.layers["b"].boxes == {"EPSG:4326": lonlat, "EPSG:31467": Extent(10, 20, 30, 40)}


def test_a_place_that_is_none_is_not_taken() -> None:
    text = _V111.replace(
        "<Layer><Name>a</Name>",
        '<Layer><Name>a</Name><LatLonBoundingBox minx="-6e4" miny="-3e6" maxx="-5e4" maxy="-2e6"/>',
    )
    found = read_capabilities(_answer(text))
    assert found.layers["a"].boxes == {"EPSG:4326": Extent(1, 2, 3, 4)}


def test_version_1_3_0_has_the_axes_of_the_crs() -> None:
    found = read_capabilities(_answer(_V130))
    assert (found.version, found.max_side) == ("1.3.0", 3000)
    boxes = found.layers["root"].boxes
    assert boxes == {"EPSG:4326": Extent(1, 2, 3, 4), "EPSG:31467": Extent(10, 20, 30, 40)}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<html>hello</html>", 200),
        ("no XML", 200),
        (_V130, 500),
        ("<WMS_Capabilities version='1.3.0'><Capability/></WMS_Capabilities>", 200),
        ('<!DOCTYPE x [<!ENTITY a "a">]><WMS_Capabilities>&a;</WMS_Capabilities>', 200),
    ],
)
def test_what_is_no_capabilities_is_told(text: str, status: int) -> None:
    with pytest.raises(SourceUnavailable, match=f"http://h/wms: answered {status} .*instead of"):
        read_capabilities(_answer(text, status))


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        ("EPSG:4326", True),
        ("EPSG:31467", True),
        ("EPSG:3035", True),
        ("EPSG:2193", True),
        ("EPSG:3857", False),
        ("EPSG:32633", False),
        ("EPSG:3031", False),
        ("EPSG:27700", False),
        ("OGC:CRS84", False),
        ("ESRI:54030", False),
    ],
)
def test_which_axis_comes_first(crs: str, expected: bool) -> None:
    assert is_north_first(crs) is expected
