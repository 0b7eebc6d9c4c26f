"""Names of CRSs, and boxes in the order of their axes; versions of WMS decide."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter, RequestError
from engine.extent import Extent
from engine.geometry.axis_order import is_map
from server.protocols.arcgis.parameters import Parameters
from server.protocols.wms.coordinate_systems import bbox, map_crs, named_crs
from server.protocols.wms.versions import version_in, version_of

_NAMES = [
    ("EPSG:4326", "EPSG:4326", True),
    ("epsg:4326", "EPSG:4326", True),
    ("urn:ogc:def:crs:EPSG::4326", "EPSG:4326", True),
    ("CRS:84", "EPSG:4326", False),
    ("OGC:CRS84", "EPSG:4326", False),
    ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", False),
    ("CRS:83", "EPSG:4269", False),
    ("EPSG:3857", "EPSG:3857", False),
    ("EPSG:900913", "EPSG:3857", False),
    ("EPSG:102100", "EPSG:3857", False),
    ("EPSG:32633", "EPSG:32633", False),
    ("EPSG:31467", "EPSG:31467", True),
    ("EPSG:2180", "EPSG:2180", True),
    ("ESRI:54009", "ESRI:54009", False),
]


@pytest.mark.parametrize(("name", "key", "is_north_first"), _NAMES)
def test_axes_are_those_of_the_crs_in_1_3_0_and_east_first_in_1_1_1(
    name: str, key: str, is_north_first: bool
) -> None:
    found = named_crs(name, "1.3.0")
    assert (found.key, found.is_north_first) == (key, is_north_first)
    assert named_crs(name, "1.1.1").is_north_first is False
    corners = (2.0, 1.0, 4.0, 3.0) if is_north_first else (1.0, 2.0, 3.0, 4.0)
    box = Extent(1.0, 2.0, 3.0, 4.0)
    assert found.corners(box) == corners
    assert bbox(Parameters.from_mapping({"BBOX": ",".join(map(str, corners))}), found) == box


@pytest.mark.parametrize(
    "name", ["", "4326", "EPSG:", "EPSG:0", "EPSG:5773", "EPSG:4978", "AUTO:42001,0,0", "CRS:1"]
)
def test_what_has_no_map_is_no_crs(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        named_crs(name, "1.3.0")
    assert caught.value.fields[0] == "InvalidCRS"


def test_the_other_versions_word_is_understood() -> None:
    assert map_crs(Parameters.from_mapping({"SRS": "EPSG:4326"}), "1.3.0").is_north_first
    assert not map_crs(Parameters.from_mapping({"CRS": "EPSG:4326"}), "1.1.1").is_north_first


def test_geocentric_and_vertical_systems_have_no_map() -> None:
    assert [is_map(f"EPSG:{code}") for code in (4326, 3857, 4978, 5773)] == [
        *(True, True, False, False)
    ]


_VERSIONS = [
    ({"VERSION": "1.3.0"}, "1.3.0"),
    ({"VERSION": "1.1.1"}, "1.1.1"),
    ({"VERSION": "1.0.0"}, "1.1.1"),
    ({"VERSION": "1.2.9"}, "1.1.1"),
    ({"VERSION": "2.0"}, "1.3.0"),
    ({"WMTVER": "1.0.0"}, "1.1.1"),
    ({"SRS": "EPSG:4326"}, "1.1.1"),
    ({"CRS": "EPSG:4326"}, "1.3.0"),
    ({}, "1.3.0"),
]


@pytest.mark.parametrize(("given", "version"), _VERSIONS)
def test_the_version_is_the_highest_below_the_one_asked_for(
    given: dict[str, str], version: str
) -> None:
    assert version_of(Parameters.from_mapping(given)) == version


def test_a_version_that_is_none_is_refused_in_the_newest() -> None:
    for text in ("new", "1", "1.3.0.0", "1.٣.0"):
        wrong = Parameters.from_mapping({"VERSION": text})
        with pytest.raises(InvalidParameter):
            version_of(wrong)
        assert version_in(wrong) == "1.3.0"
