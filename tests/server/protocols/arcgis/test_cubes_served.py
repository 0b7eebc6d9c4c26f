"""Cubes behind a real server: what clients of ArcGIS ask of multidimensional services, end to end.

Covers server.protocols.arcgis.operations.multidimensional_info and
server.protocols.arcgis.operations.slices. The oracles are netCDF4 and zarr.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import netCDF4
import numpy as np
import pytest
import rasterio
import zarr
from PIL import Image

from engine.build.build import build_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from server.site.publishing import Publisher
from tests.engine.sea_cube import DEPTHS, EXTENT, TIMES, compiled, sea_data, write_sea
from tests.server.protocols.arcgis.live import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SEA = sea_data()
RAW = '{"rasterFunction":"None"}'
_BOX = f"{EXTENT.xmin},{EXTENT.ymin},{EXTENT.xmax},{EXTENT.ymax}"


def _publish(folder: Path, name: str, path: Path, crs: str = "") -> None:
    made = DefinitionFolder.create(folder / f"{name}.isdef")
    options = ItemOptions(crs=crs)
    add_rasters(made, AddRequest(raster_type="series", paths=[path], options=options))
    build_definition(made)
    compile_definition(made.path, folder / f"{name}.zmd")
    Publisher(folder / "data").publish(folder / f"{name}.zmd", name)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[httpx.Client]:
    """Services: a small sea, two variables of the kit as netCDF, and a Zarr store of it."""
    folder = tmp_path_factory.mktemp("cubes")
    write_sea(folder / "sea.nc")
    (folder / "one").mkdir()
    Publisher(folder / "data").publish(compiled(folder / "one", folder / "sea.nc", wms=True), "sea")
    kit = shared_data / "07_formats" / "multidim"
    _publish(folder, "planet", kit / "PLANET_SCOPE_3D.nc")
    _publish(folder, "store", kit / "dataset_3d.zarr" / ".zgroup", "EPSG:4326")
    with (
        serving(folder / "data") as url,
        httpx.Client(base_url=f"{url}/arcgis/rest/services/", timeout=60) as made,
    ):
        yield made


def _json(client: httpx.Client, path: str, **parameters: object) -> Any:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
    }
    return client.post(path, data={"f": "json", **texts}).raise_for_status().json()


def _entry(variable: str, dimension: str, *values: object) -> dict[str, object]:
    return {"variableName": variable, "dimensionName": dimension, "values": values, "isSlice": True}


def _tiff(client: httpx.Client, service: str, **parameters: str) -> NDArray[np.float64]:
    """Samples of the whole service at its own resolution; NaN for no data."""
    root = _json(client, f"{service}/ImageServer")
    box = root["fullExtent"]
    columns = round((box["xmax"] - box["xmin"]) / root["pixelSizeX"])
    rows = round((box["ymax"] - box["ymin"]) / root["pixelSizeY"])
    asked = {
        "bbox": f"{box['xmin']},{box['ymin']},{box['xmax']},{box['ymax']}",
        "size": f"{columns},{rows}",
        "f": "image",
        "format": "tiff",
        "renderingRule": RAW,
        "interpolation": "RSP_NearestNeighbor",
    }
    answer = client.get(f"{service}/ImageServer/exportImage", params={**asked, **parameters})
    with rasterio.open(io.BytesIO(answer.content)) as file:
        return np.where(file.read_masks(1) > 0, file.read(1), np.nan)


def test_the_root_says_what_clients_look_for(client: httpx.Client) -> None:
    root = _json(client, "sea/ImageServer")
    assert root["hasMultidimensions"] is True
    assert root["defaultVariable"] == "salt"
    time = root["timeInfo"]
    assert time["startTimeField"] == "StdTime"
    assert time["timeExtent"] == [TIMES[0], TIMES[-1]]
    assert (time["defaultTimeInterval"], time["defaultTimeIntervalUnits"]) == (
        1,
        "esriTimeUnitsMonths",
    )
    names = {field["name"] for field in root["fields"]}
    assert {"Variable", "Dimensions", "StdTime", "StdZ"} <= names
    assert root["minValues"] == pytest.approx([SEA["salt"].min()])


@pytest.mark.parametrize(
    "name", ["multidimensionalInfo", "multiDimensionalInfo", "MULTIDIMENSIONALINFO"]
)
def test_multidimensional_info_key_by_key(client: httpx.Client, name: str) -> None:
    salt, temp = _json(client, f"sea/ImageServer/{name}")["multidimensionalInfo"]["variables"]
    assert (salt["name"], salt["unit"], salt["description"]) == ("salt", "1e-3", "salt of the sea")
    assert salt["dimensions"] == [
        {
            "name": "StdTime",
            "field": "StdTime",
            "unit": "ISO8601",
            "hasRegularIntervals": True,
            "hasRanges": False,
            "interval": 1,
            "intervalUnit": "Months",
            "extent": [TIMES[0], TIMES[-1]],
            "values": list(TIMES),
        },
        {
            "name": "StdZ",
            "field": "StdZ",
            "unit": "m",
            "hasRegularIntervals": False,
            "hasRanges": False,
            "extent": [-50.0, 0.0],
            "values": list(DEPTHS),
        },
    ]
    (counted,) = temp["statistics"]
    assert counted["max"] == pytest.approx(float(np.nanmax(SEA["temp"])))
    assert set(counted) == {"min", "max", "mean", "standardDeviation"}


def test_slices_have_the_numbers_that_exports_take(client: httpx.Client) -> None:
    slices = _json(client, "sea/ImageServer/slices")["slices"]
    assert [each["sliceId"] for each in slices] == list(range(16))
    for each in slices[::3]:
        place = {e["dimensionName"]: e["values"][0] for e in each["multidimensionalDefinition"]}
        name = each["multidimensionalDefinition"][0]["variableName"]
        layers = SEA[name][TIMES.index(place["StdTime"])]
        expected = layers[DEPTHS.index(place["StdZ"])] if name == "salt" else layers
        found = _tiff(client, "sea", sliceId=str(each["sliceId"]))
        np.testing.assert_array_equal(found.astype(np.float32), expected[::-1])


def test_slices_are_those_of_a_definition(client: httpx.Client) -> None:
    asked = [_entry("salt", "StdZ", [-60, -5]), _entry("", "StdTime", TIMES[2])]
    slices = _json(client, "sea/ImageServer/slices", multidimensionalDefinition=asked)["slices"]
    assert [each["sliceId"] for each in slices] == [2, 6]


def test_a_mosaic_rule_picks_a_slice(client: httpx.Client) -> None:
    rule = {
        "mosaicMethod": "esriMosaicNorthwest",
        "mosaicOperation": "MT_FIRST",
        "multidimensionalDefinition": [
            _entry("salt", "StdTime", TIMES[1]),
            _entry("salt", "StdZ", -50),
        ],
    }
    found = _tiff(client, "sea", mosaicRule=json.dumps(rule))
    np.testing.assert_array_equal(found.astype(np.float32), SEA["salt"][1, 0, ::-1])


def test_time_picks_a_slice_and_null_ends_are_open(client: httpx.Client) -> None:
    for text, time in ((f"{TIMES[2]}", 2), (f"{TIMES[3]},null", 3), (f"null,{TIMES[0]}", 0)):
        found = _tiff(client, "sea", time=text)
        np.testing.assert_array_equal(found.astype(np.float32), SEA["salt"][time, 2, ::-1])


def test_variables_of_the_kit_are_the_files_numbers(
    client: httpx.Client, shared_data: Path
) -> None:
    with netCDF4.Dataset(shared_data / "07_formats" / "multidim" / "PLANET_SCOPE_3D.nc") as file:
        times = _json(client, "planet/ImageServer/multidimensionalInfo")["multidimensionalInfo"]
        values = times["variables"][0]["dimensions"][0]["values"]
        for name in ("blue", "green"):
            array = file[name][:].filled(np.nan)
            for place, value in enumerate(values):
                asked = json.dumps({"multidimensionalDefinition": [_entry(name, "StdTime", value)]})
                found = _tiff(client, "planet", mosaicRule=asked)
                np.testing.assert_array_equal(found, array[place])


def test_a_zarr_store_of_the_kit_is_its_numbers(client: httpx.Client, shared_data: Path) -> None:
    folder = shared_data / "07_formats" / "multidim" / "dataset_3d.zarr"
    array = zarr.open_array(str(folder / "dataset"), mode="r")
    x, y = (np.asarray(zarr.open_array(str(folder / name), mode="r")[:]) for name in "xy")
    half_x, half_y = abs(x[1] - x[0]) / 2, abs(y[1] - y[0]) / 2
    ends = (x.min() - half_x, y.min() - half_y, x.max() + half_x, y.max() + half_y)
    asked = {
        "bbox": ",".join(map(repr, map(float, ends))),
        "size": f"{x.size},{y.size}",
        "adjustAspectRatio": "false",
    }
    for slice_id in (0, 1):
        layer = np.asarray(array[slice_id])
        upright = layer[::-1] if y[1] > y[0] else layer
        found = _tiff(client, "store", sliceId=str(slice_id), **asked)
        np.testing.assert_array_equal(found, upright)


def test_get_samples_gives_a_time_profile(client: httpx.Client) -> None:
    asked = {
        "geometry": {"x": 11.25, "y": 50.75, "spatialReference": {"wkid": 4326}},
        "geometryType": "esriGeometryPoint",
        "returnFirstValueOnly": "false",
        "mosaicRule": {"multidimensionalDefinition": [_entry("salt", "StdZ", -10)]},
    }
    found = _json(client, "sea/ImageServer/getSamples", **asked)["samples"]
    assert [each["attributes"]["StdTime"] for each in found] == list(TIMES)
    assert {each["attributes"]["Variable"] for each in found} == {"salt"}
    values = [np.float32(each["value"]) for each in found]
    np.testing.assert_allclose(values, SEA["salt"][:, 1, 1, 2], rtol=1e-6)
    assert {each["locationId"] for each in found} == {0}
    # The same by the other name; and without it one value.
    asked["returnFirstValueOnly"], asked["processAsMultidimensional"] = "true", "true"
    assert len(_json(client, "sea/ImageServer/getSamples", **asked)["samples"]) == 4
    del asked["processAsMultidimensional"]
    assert len(_json(client, "sea/ImageServer/getSamples", **asked)["samples"]) == 1


def test_identify_gives_every_slice(client: httpx.Client) -> None:
    asked = {"geometry": "11.25,50.75", "returnGeometry": "false", "variable": "temp"}
    one = _json(client, "sea/ImageServer/identify", **asked)
    assert float(one["value"]) == pytest.approx(float(SEA["temp"][0, 1, 2]), rel=1e-6)
    every = _json(client, "sea/ImageServer/identify", **asked, processAsMultidimensional="true")
    features = every["catalogItems"]["features"]
    assert sorted(each["attributes"]["StdTime"] for each in features) == list(TIMES)
    values = sorted(map(float, every["properties"]["Values"]))
    np.testing.assert_allclose(values, np.sort(SEA["temp"][:, 1, 2]), rtol=1e-6)


def test_what_is_said_of_a_variable_is_its_own(client: httpx.Client) -> None:
    for name, layers in SEA.items():
        (row,) = _json(client, "sea/ImageServer/statistics", variable=name)["statistics"]
        assert row["min"] == pytest.approx(float(np.nanmin(layers)))
        (bins,) = _json(client, "sea/ImageServer/histograms", variable=name)["histograms"]
        assert sum(bins["counts"]) == np.count_nonzero(np.isfinite(layers))
        legend = _json(client, "sea/ImageServer/legend", variable=name)["layers"][0]["legend"]
        top = float(legend[0]["label"].rpartition(" ")[2])
        assert np.nanmean(layers) < top <= np.nanmax(layers) * 1.001
        assert _json(client, "sea/ImageServer/colormap", variable=name) == {"colormap": []}


def test_a_picture_of_a_variable_is_stretched_by_its_own_statistics(client: httpx.Client) -> None:
    def shades(**parameters: str) -> set[int]:
        asked = {"bbox": _BOX, "size": "8,6", "f": "image", "format": "png", **parameters}
        picture = Image.open(
            io.BytesIO(client.get("sea/ImageServer/exportImage", params=asked).content)
        )
        return set(np.asarray(picture.convert("RGB")).ravel().tolist())

    # Salt is 30 to 40, temperature -5 to 30: by the other one's statistics they were one shade.
    assert len(shades(variable="temp")) > 20
    assert len(shades(variable="salt")) > 20


def test_tiles_show_the_slice_that_is_asked_for(client: httpx.Client) -> None:
    tile = "sea/ImageServer/tile/6/21/34"
    default, first, other = (
        client.get(tile, params=params) for params in ({}, {"sliceId": "8"}, {"sliceId": "13"})
    )
    assert default.headers["content-type"].startswith("image/")
    assert default.content == first.content != other.content
    assert (
        client.get(tile, params={"variable": "temp", "time": str(TIMES[1])}).content
        == other.content
    )


def test_wms_tells_and_takes_the_times_of_slices(client: httpx.Client) -> None:
    address = f"{client.base_url.join('/')}wms/sea"
    told = client.get(address, params={"SERVICE": "WMS", "REQUEST": "GetCapabilities"}).text
    moments = ["2023-01-01", "2023-02-01", "2023-03-01", "2023-04-01"]
    listed = re.search(r"<Dimension[^>]*default=\"([^\"]*)\"[^>]*>([^<]*)</Dimension>", told)
    assert listed is not None
    assert listed[1].startswith(moments[0])
    assert [text[:10] for text in listed[2].split(",")] == moments
    asked = {
        "SERVICE": "WMS",
        "VERSION": "1.1.1",
        "REQUEST": "GetMap",
        "LAYERS": "sea",
        "STYLES": "",
        "SRS": "EPSG:4326",
        "BBOX": _BOX,
        "WIDTH": "80",
        "HEIGHT": "60",
        "FORMAT": "image/png",
    }
    first = client.get(address, params=asked)
    assert first.headers["content-type"] == "image/png"
    by_time = client.get(address, params={**asked, "TIME": listed[2].split(",")[2]})
    by_slice = client.get(address, params={**asked, "sliceId": "10"})
    assert by_time.content == by_slice.content != first.content
    two = client.get(address, params={**asked, "TIME": "2023-02-01,2023-03-01"})
    assert two.content == client.get(address, params={**asked, "sliceId": "9"}).content


def test_a_query_takes_a_definition(client: httpx.Client) -> None:
    asked = {"multidimensionalDefinition": [_entry("salt", "StdZ", 0)], "outFields": "*"}
    rows = _json(client, "sea/ImageServer/query", **asked)["features"]
    assert {each["attributes"]["Dimensions"] for each in rows} == {"StdTime,StdZ"}
    assert sorted(each["attributes"]["StdTime"] for each in rows) == list(TIMES)
    every = _json(client, "sea/ImageServer/query", returnCountOnly="true")
    assert every == {"count": 16}


def test_validate_tells_what_there_is_not(client: httpx.Client) -> None:
    def is_valid(entry: dict[str, object]) -> object:
        rule = {"multidimensionalDefinition": [entry]}
        return _json(client, "sea/ImageServer/validate", mosaicRule=rule)

    assert "error" not in is_valid(_entry("salt", "StdZ", 0))
    assert is_valid(_entry("ice", "StdZ", 0)) != is_valid(_entry("salt", "StdZ", 0))


def test_compute_histograms_looks_at_the_slice(client: httpx.Client) -> None:
    asked = {"geometry": _BOX, "geometryType": "esriGeometryEnvelope", "sliceId": "13"}
    found = _json(client, "sea/ImageServer/computeStatisticsHistograms", **asked)["statistics"]
    assert found[0]["count"] == np.count_nonzero(np.isfinite(SEA["temp"][1]))


@pytest.mark.parametrize(
    ("operation", "parameters", "told"),
    [
        ("exportImage", {"sliceId": "99"}, "sliceId"),
        ("exportImage", {"sliceId": "-1"}, "sliceId"),
        (
            "exportImage",
            {"mosaicRule": '{"multidimensionalDefinition":"x"}'},
            "multidimensionalDefinition",
        ),
        ("slices", {"multidimensionalDefinition": '[{"variableName":"ice"}]'}, "ice"),
        (
            "statistics",
            {"variable": "ice"},
            "'ice' for parameter 'variable': expected one of salt, temp",
        ),
        ("histograms", {"variable": "ice"}, "ice"),
        ("legend", {"variable": "ice"}, "ice"),
        ("identify", {"geometry": "11,51", "processAsMultidimensional": "perhaps"}, "perhaps"),
        ("exportImage", {"time": "soon"}, "time"),
    ],
)
def test_bad_values_are_told_with_what_is_accepted(
    client: httpx.Client, operation: str, parameters: dict[str, str], told: str
) -> None:
    error = _json(client, f"sea/ImageServer/{operation}", bbox=_BOX, **parameters)["error"]
    assert error["code"] == 400
    assert told in " ".join([error["message"], *error["details"]])
