"""Our JSON beside that of real services: every key of theirs, with the same type of value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

MOSAIC, RASTER = "demo/hills/ImageServer", "plain/ImageServer"
# The real service, and ours that is of its kind: tiles of a raster, a cube, a mosaic of heights.
_ROOTS = [("tile", RASTER), ("time", RASTER), ("time", MOSAIC), ("rasterFns", MOSAIC)]
# Keys of real services that ours rightly lack.
_ABSENT = {
    "timeInfo": "a raster without dates has none",
    "defaultVariable": "of multidimensional services alone",
    "noDataValue": "the rasters have none",
    "noDataValues": "the rasters have none",
}
# Where JSON has several types for one thing.
_NULLABLE = {"sortValue", "editFieldsInfo", "ownershipBasedAccessControlForRasters", "domain"}


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _differences(real: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Yield what a client that reads the real answer would miss or misread in ours."""
    name = path.rpartition(".")[2]
    if name in _NULLABLE and None in (real, ours):
        return
    if _kind(real) != _kind(ours):
        yield f"{path}: {_kind(real)} is {_kind(ours)} here"
    elif isinstance(real, dict):
        for key, value in real.items():
            if key in ours:
                yield from _differences(value, ours[key], f"{path}.{key}")
            elif key not in _ABSENT:
                yield f"{path}.{key} is missing"
    elif isinstance(real, list) and real and ours:
        yield from _differences(real[0], ours[0], f"{path}[0]")


def _real(shared_data: Path, name: str, file: str) -> Any:
    return json.loads((shared_data / "09_esri/service_json" / name / f"{file}.json").read_text())


def _ours(client: httpx.Client, address: str) -> Any:
    answer = client.post(address, data={"f": "json"})
    assert answer.status_code == 200
    return answer.json()


def test_the_comparison_finds_what_is_missing_and_what_is_of_another_type() -> None:
    real = {"a": 1, "b": {"c": [True]}, "d": "x", "sortValue": None}
    assert list(_differences(real, {**real, "sortValue": "AcqDate"})) == []
    assert list(_differences(real, {"a": 2.5, "b": {"c": [1]}, "e": 1})) == [
        ".b.c[0]: bool is number here",
        ".d is missing",
        ".sortValue is missing",
    ]


@pytest.mark.parametrize(("name", "service"), _ROOTS)
def test_the_root_has_all_that_a_real_one_has(
    name: str, service: str, client: httpx.Client, shared_data: Path
) -> None:
    real, ours = _real(shared_data, name, "imageserver"), _ours(client, service)
    assert list(_differences(real, ours)) == []


def test_a_mosaic_with_dates_says_its_time_as_a_real_one(
    client: httpx.Client, shared_data: Path
) -> None:
    real = _real(shared_data, "time", "imageserver")["timeInfo"]
    ours = _ours(client, MOSAIC)["timeInfo"]
    assert list(_differences(real, ours)) == []
    assert list(ours) == list(real)


@pytest.mark.parametrize(("name", "service"), _ROOTS)
def test_keys_stand_in_the_order_of_real_ones(
    name: str, service: str, client: httpx.Client, shared_data: Path
) -> None:
    ours = _ours(client, service)
    # Real ones differ among themselves where an old and a new service write these.
    moving = {"hasMultidimensions", "maxDownloadSizeLimit"}
    real = [key for key in _real(shared_data, name, "imageserver") if key not in moving]
    assert [key for key in ours if key in real] == [key for key in real if key in ours]


def test_the_fields_of_a_mosaic_are_said_as_real_ones(
    client: httpx.Client, shared_data: Path
) -> None:
    real = {each["name"]: each for each in _real(shared_data, "rasterFns", "imageserver")["fields"]}
    ours = {each["name"]: each for each in _ours(client, MOSAIC)["fields"]}
    for name in ("OBJECTID", "Shape", "Name", "MinPS", "MaxPS", "LowPS", "HighPS", "Category"):
        assert ours[name]["type"] == real[name]["type"]
        assert list(_differences(real[name], ours[name])) == []
    named = {each["code"]: each["name"] for each in ours["Category"]["domain"]["codedValues"]}
    for each in real["Category"]["domain"]["codedValues"]:
        assert named[each["code"]] == each["name"]


@pytest.mark.parametrize("name", ["tile", "time", "rasterFns"])
@pytest.mark.parametrize("rule", ["", '{"rasterFunction":"ExtractBand","rasterFunctionArguments":{"BandIDs":[0]}}'])  # fmt: skip
def test_legends_are_written_as_real_ones(
    name: str, rule: str, client: httpx.Client, shared_data: Path
) -> None:
    real = _real(shared_data, name, "legend")
    ours = client.get(f"{MOSAIC}/legend", params={"f": "json", "renderingRule": rule}).json()
    assert list(_differences(real, ours)) == []
    assert list(ours["layers"][0]) == list(real["layers"][0])
    swatch, theirs = ours["layers"][0]["legend"][0], real["layers"][0]["legend"][0]
    assert list(swatch) == list(theirs)
    assert (swatch["width"], swatch["height"]) == (theirs["width"], theirs["height"])
    kind = real["layers"][0]["legendType"]
    if bool(rule) is (kind == "Stretched"):
        assert ours["layers"][0]["legendType"] == kind
        labels = [each["label"] for each in ours["layers"][0]["legend"]]
        assert len(labels) == len(real["layers"][0]["legend"])
        if kind == "Stretched":
            assert labels[0].startswith("High : ")
            assert labels[-1].startswith("Low : ")


@pytest.mark.parametrize("name", ["tile", "time"])
def test_a_raster_is_identified_as_a_real_one(
    name: str, client: httpx.Client, shared_data: Path
) -> None:
    real = _real(shared_data, name, "identify")
    form = {"geometry": "500100,5500300", "geometryType": "esriGeometryPoint", "f": "json"}
    ours = client.post(f"{RASTER}/identify", data=form).json()
    assert list(_differences(real, ours)) == []
    assert list(ours) == list(real)
    assert (ours["properties"], ours["catalogItems"]) == (None, None)
    assert ours["catalogItemVisibilities"] == []
