"""Cubes as WMS: times, depths and variables of a small sea, held to what exportImage gives."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import httpx
import msgspec
import pytest

from engine.catalog import Catalog
from server.site.publishing import Publisher
from tests.engine.sea_cube import compiled, sea_data, write_sea
from tests.server.protocols.arcgis.live import serving
from tests.server.protocols.wms.conftest import change_summary

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "sea",
    "STYLES": "",
    "CRS": "CRS:84",
    "BBOX": "10,50,14,53",
    "WIDTH": "8",
    "HEIGHT": "6",
    "FORMAT": "image/tiff",
}
_EXPORT = {
    "bbox": "10,50,14,53",
    "bboxSR": "4326",
    "imageSR": "4326",
    "size": "8,6",
    "format": "tiff",
    "f": "image",
    "adjustAspectRatio": "false",
}


@pytest.fixture(scope="module")
def sea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server whose service `sea` has salt along time and depth, and temperature along time."""
    folder = tmp_path_factory.mktemp("wms_cube")
    write_sea(folder / "sea.nc")
    zmd = compiled(folder, folder / "sea.nc")
    with closing(Catalog.open(zmd)) as catalog:
        properties = msgspec.structs.replace(catalog.summary.properties, wms=True)
    change_summary(zmd, properties=properties)
    Publisher(folder / "data").publish(zmd, "sea")
    with serving(folder / "data") as url, httpx.Client(base_url=url, timeout=60) as made:
        yield made


def _exported(sea: httpx.Client, *entries: tuple[str, str, list[object]], time: str = "") -> bytes:
    definition = [
        {"variableName": variable, "dimensionName": dimension, "values": values}
        for variable, dimension, values in entries
    ]
    rule = json.dumps({"multidimensionalDefinition": definition})
    asked = {**_EXPORT, "mosaicRule": rule, "time": time}
    answer = sea.get("/arcgis/rest/services/sea/ImageServer/exportImage", params=asked)
    assert answer.headers["content-type"] == "image/tiff", answer.text
    return answer.content


_FEBRUARY = 1675209600000
_CASES = [
    ({}, [], ""),
    ({"ELEVATION": "-10"}, [("", "StdZ", [-10])], ""),
    ({"ELEVATION": "-20/-5"}, [("", "StdZ", [[-20, -5]])], ""),
    ({"ELEVATION": "-50,-10"}, [("", "StdZ", [-50, -10])], ""),
    ({"TIME": "2023-02"}, [], f"{_FEBRUARY},{_FEBRUARY + 28 * 86_400_000 - 1}"),
    ({"TIME": "current"}, [("", "StdTime", ["2023-04-01"])], ""),
    (
        {"TIME": "2023-02-01T00:00:00Z", "ELEVATION": "-50"},
        [("", "StdTime", ["2023-02-01"]), ("", "StdZ", [-50])],
        "",
    ),
    ({"DIM_VARIABLE": "temp"}, [("temp", "", [])], ""),
    (
        {"DIM_VARIABLE": "TEMP", "TIME": "2023-03-01,2023-04-01"},
        [("temp", "StdTime", ["2023-03-01", "2023-04-01"])],
        "",
    ),
]


@pytest.mark.parametrize(("given", "entries", "time"), _CASES)
def test_slices_are_chosen_as_by_a_definition(
    sea: httpx.Client,
    given: dict[str, str],
    entries: list[tuple[str, str, list[object]]],
    time: str,
) -> None:
    answer = sea.get("/wms/sea", params={**_MAP, **given})
    assert answer.status_code == 200, answer.text
    assert answer.content == _exported(sea, *entries, time=time)


def test_values_are_those_of_the_slice(sea: httpx.Client) -> None:
    asked = {**_MAP, "REQUEST": "GetFeatureInfo", "QUERY_LAYERS": "sea", "I": "2", "J": "0"}
    asked |= {"INFO_FORMAT": "application/json", "ELEVATION": "-10", "TIME": "2023-03-01"}
    told = sea.get("/wms/sea", params=asked).json()["features"][0]["properties"]["Value"]
    # Rows of the file run north: the last is on top.
    assert float(told) == pytest.approx(float(sea_data()["salt"][2, 1, -1, 2]), rel=1e-6)


_REFUSED = [
    {"ELEVATION": "-11"},
    {"ELEVATION": "deep"},
    {"ELEVATION": "-5/-20"},
    {"ELEVATION": "1/2/3/4"},
    {"ELEVATION": "nan"},
    {"ELEVATION": ",".join(["-10"] * 101)},
    {"TIME": "2023-02-02"},
    {"TIME": "spring"},
    {"DIM_VARIABLE": "fish"},
]


@pytest.mark.parametrize("given", _REFUSED)
def test_what_has_no_slice_is_refused(sea: httpx.Client, given: dict[str, str]) -> None:
    answer = sea.get("/wms/sea", params={**_MAP, **given})
    assert answer.status_code == 400
    exception = ET.fromstring(answer.content)[0]
    assert exception.get("code") == "InvalidDimensionValue"
    assert next(iter(given)) in (exception.text or "")


def test_slices_are_said_in_one_place(sea: httpx.Client) -> None:
    rule = (
        '{"multidimensionalDefinition":[{"variableName":"","dimensionName":"StdZ","values":[0]}]}'
    )
    answer = sea.get("/wms/sea", params={**_MAP, "MOSAICRULE": rule, "ELEVATION": "-10"})
    assert answer.status_code == 400
    assert "MOSAICRULE" in answer.text


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_capabilities_list_dimensions_with_their_values(sea: httpx.Client, version: str) -> None:
    asked = {"REQUEST": "GetCapabilities", "VERSION": version}
    head = ET.fromstring(sea.get("/wms/sea", params=asked).content)
    name = "Dimension" if version == "1.3.0" else "Extent"
    found = {e.get("name"): e for e in head.iter() if e.tag.rpartition("}")[2] == name}
    assert set(found) == {"time", "elevation", "variable"}
    assert found["elevation"].text == "-50,-10,0"
    assert found["elevation"].get("default") == "0"
    assert (found["time"].text or "").split(",")[1] == "2023-02-01T00:00:00Z"
    assert found["time"].get("default") == "2023-01-01T00:00:00Z"
    assert found["variable"].text == "salt,temp"
