"""Definitions opened in a notebook: the documented example, views, arrays, what is refused."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from typer.testing import CliRunner

from engine.errors import ConfigError, InvalidParameter
from server.cli import app
from server.notebook import open_definition
from server.notebook.data_array import data_array
from server.python_functions.store import FunctionStore

WEST, NORTH, SIZE = 480_000.0, 5_545_000.0, 1024


@pytest.fixture(scope="module")
def scenes(compiled_picture):
    with open_definition(compiled_picture) as opened:
        yield opened


def source():
    rows, cols = np.mgrid[0:SIZE, 0:SIZE]
    return np.stack([rows % 256, cols % 256, (rows + cols) // 8 % 256]).astype(np.uint8)


def test_the_example_of_the_readme_runs(compiled_picture, repo_root, tmp_path):
    text = (repo_root / "server/notebook/README.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    pytest.importorskip("xarray")
    shutil.copy(compiled_picture, tmp_path / "scenes.zmd")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(repo_root)!r})\n{example}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    crs, block, index, array = done.stdout.strip().splitlines()
    assert crs.startswith("EPSG:32633 [")
    assert block == "(3, 1024, 1024) uint8 1.0"
    assert index.startswith("uint8 ")
    assert array.endswith(" EPSG:32633")


def test_all_there_is_are_the_rasters_own_pixels(scenes):
    block = scenes.view()
    np.testing.assert_array_equal(block.data, source())
    assert block.valid.all()


def test_a_view_is_what_was_asked_for_and_beside_the_data_it_is_invalid(scenes):
    block = scenes.view((WEST - 100, NORTH - 200, WEST + 300, NORTH + 100), bands=[2, 0])
    assert block.data.shape == (2, 30, 40)
    assert not block.valid[:, :10].any()
    assert not block.valid[:, :, :10].any()
    np.testing.assert_array_equal(block.data[:, 10:, 10:], source()[[2, 0], :20, :30])


@pytest.mark.parametrize("crs", ["EPSG:4326", 4326, "4326"])
def test_another_crs_has_the_size_that_is_asked_for(scenes, crs):
    box = scenes.summary.extent_lonlat
    extent = (box.xmin, box.ymin, box.xmax, box.ymax)
    assert scenes.view(extent, crs=crs, size=(50, 30)).data.shape == (3, 30, 50)
    wide = (box.xmax - box.xmin) / 25
    assert scenes.view(extent, crs=crs, pixel_size=(wide, wide)).cols == 25


def test_rules_are_dicts_json_or_names(scenes):
    rule = {
        "rasterFunction": "BandArithmetic",
        "rasterFunctionArguments": {"Method": 0, "BandIndexes": "B1 + B2"},
    }
    one = scenes.view(rule=rule, size=(64, 64))
    other = scenes.view(rule=json.dumps(rule), size=(64, 64))
    np.testing.assert_array_equal(one.data, other.data)
    assert one.bands == 1
    named = scenes.view(rule="Grayscale", mosaic="esriMosaicCenter", size=(64, 64))
    assert named.bands == 1
    locked = {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [1]}
    assert scenes.view(mosaic=locked, size=(8, 8)).valid.all()


def test_an_array_has_coordinates_at_pixel_centres_and_nan_where_invalid(scenes):
    pytest.importorskip("xarray")
    array = scenes.xarray((WEST - 20, NORTH - 100, WEST + 100, NORTH), bands=[1])
    assert array.dims == ("band", "y", "x")
    assert array.shape == (1, 10, 12)
    assert array.dtype == np.float32
    assert array.x.values[:3].tolist() == [WEST - 15, WEST - 5, WEST + 5]
    assert array.y.values[[0, -1]].tolist() == [NORTH - 5, NORTH - 95]
    assert np.isnan(array.values[:, :, :2]).all()
    # By place, as xarray is used.
    at = array.sel(x=WEST + 35, y=NORTH - 45, method="nearest").item()
    assert at == source()[1, 4, 3]
    assert array.attrs["crs"] == "EPSG:32633"
    assert array.attrs["transform"] == (WEST - 20, 10.0, 0.0, NORTH, 0.0, -10.0)
    assert array.attrs["pixel_type"] == "U8"


def test_bands_of_a_rule_have_their_names(scenes):
    pytest.importorskip("xarray")
    slope = {"rasterFunction": "Slope", "rasterFunctionArguments": {"DEM": "$$"}}
    rule = {"rasterFunction": "ExtractBand", "rasterFunctionArguments": {"BandIds": [0]}}
    slope["rasterFunctionArguments"]["DEM"] = rule
    array = scenes.xarray(rule=slope, size=(32, 32))
    assert array.band.values.tolist() == ["Slope"]
    assert array.attrs["pixel_type"] == "F32"


def test_without_xarray_it_is_said_what_to_install(scenes, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ConfigError, match=r"swath\[notebook\]"):
        data_array(scenes.view(size=(2, 2)), None, ())


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"extent": (1, 2, 3)}, "extent"),
        ({"extent": (0, 0, float("nan"), 1)}, "pixel_size"),
        ({"extent": (5, 5, 5, 5), "size": (3, 3)}, "bbox"),
        ({"crs": "EPSG:4326"}, "extent"),
        ({"crs": "nonsense"}, "crs"),
        ({"extent": (1, 1, 2, 2), "crs": 3857}, "size"),
        ({"size": (0, 5)}, "size"),
        ({"pixel_size": -1}, "pixel_size"),
        ({"rule": "NoSuch"}, "renderingRule.rasterFunction"),
        ({"rule": "{'rasterFunction': 7}"}, "renderingRule.rasterFunction"),
        ({"mosaic": "NoSuch"}, "mosaicRule.mosaicMethod"),
        ({"bands": [9]}, "bandIds"),
    ],
)
def test_what_cannot_be_is_refused_by_name(scenes, arguments, name):
    with pytest.raises(InvalidParameter) as caught:
        scenes.view(**arguments)
    assert caught.value.fields[0] == name


def test_a_folder_is_compiled_for_the_notebook_alone(tmp_path):
    profile = {"driver": "GTiff", "width": 64, "height": 64, "count": 1, "dtype": "uint16"}
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, WEST, 0, -10, NORTH)}
    with rasterio.open(tmp_path / "one.tif", "w", **profile, **place) as out:
        out.write(np.arange(4096, dtype=np.uint16).reshape(1, 64, 64))
    folder = tmp_path / "own.isdef"
    for command in (["create", folder], ["add", folder, tmp_path / "one.tif"], ["build", folder]):
        done = CliRunner().invoke(app, ["definition", *map(str, command)])
        assert done.exit_code == 0, done.output
    with open_definition(folder) as opened:
        assert opened.name == "own"
        block = opened.view((WEST, NORTH - 640, WEST + 640, NORTH), size=(64, 64))
    assert block.data.dtype == np.uint16
    np.testing.assert_array_equal(block.data[0].ravel(), np.arange(4096))
    assert not list(tmp_path.glob("*.zmd"))


def test_what_is_no_definition_is_said(tmp_path):
    (tmp_path / "empty.isdef").mkdir()
    with pytest.raises(ConfigError, match=r"empty.isdef.*cannot be compiled"):
        open_definition(tmp_path / "empty.isdef")
    with pytest.raises(ConfigError):
        open_definition(tmp_path / "none.zmd")


def test_registered_functions_run_in_a_notebook_too(compiled_picture, tmp_path, repo_root):
    FunctionStore(tmp_path).add("Change", repo_root / "tests/python_functions/Change.py")
    rule = {
        "rasterFunction": "Change",
        "rasterFunctionArguments": {
            "after": {"rasterFunction": "ExtractBand", "rasterFunctionArguments": {"BandIds": [1]}}
        },
    }
    with open_definition(compiled_picture, data=tmp_path) as opened:
        block = opened.view(rule=rule)
    rows, cols = source()[0].astype(int), source()[1].astype(int)
    np.testing.assert_array_equal(block.data[0], cols - rows > 10)
    with open_definition(compiled_picture) as opened, pytest.raises(InvalidParameter):
        opened.view(rule=rule)
