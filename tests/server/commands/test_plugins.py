"""The example package of plug-ins, installed by pip and used through the `swath` command.

Covers engine.geotransforms.outside, engine.function_rules and engine.contract.entries too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.engine.rasters import ramp, write_raster

EXAMPLE = Path(__file__).parents[2] / "plugin_example"
ROOT = Path(__file__).parents[3]

CHECKS = """
from engine.contract.checks import *
from engine.function_rules import OutsideRule
from engine.request import RenderingRule
from raster_types.contract import check_raster_type
from swath_example.oblique import Oblique
from swath_example.posterize import POSTERIZE
from swath_example.ppm import PPM
from swath_example.survey import SurveyType
from swath_example.swirl import Swirl

rule = RenderingRule(function="Posterize", arguments=OutsideRule(text='{"steps": 4}'))
check_function(POSTERIZE, rule)
swirl = Swirl(center=(50.0, 50.0))
check_record(swirl)
check_plane_transform(swirl.bind(), (0.0, 0.0), (100.0, 100.0))
oblique = Oblique(ground_crs="EPSG:32633", x=5e5, y=5e6, pixel_m=10.0)
check_record(oblique)
check_sensor_model(oblique.bind(), (5e5, 4.9e6, 0.0), (5.1e5, 5e6, 900.0))
check_format(PPM, "image/x-portable-pixmap")
check_raster_type(SurveyType, "survey")
print("all hold")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example."""
    work = tmp_path_factory.mktemp("plugins")
    source = shutil.copytree(EXAMPLE, work / "source")
    flags = ["--no-build-isolation", "--no-deps", "--no-index", "--quiet", "--target"]
    command = [sys.executable, "-m", "pip", "install", *flags, str(work / "site"), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return work / "site"


def _python(site: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    command = [sys.executable, *words]
    return subprocess.run(
        command, cwd=cwd, env=environment, text=True, capture_output=True, check=False, timeout=100
    )


def _swath(site: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return _python(site, cwd, "-m", "server.cli", *words)


def _good(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def test_plugins_are_listed_and_load(site: Path, tmp_path: Path) -> None:
    told = _good(_swath(site, tmp_path, "plugins"))
    for name in ("survey", "Posterize", "Swirl", "Oblique", "ppm"):
        assert f"{name} " in told
    assert told.count("swath-example 1.2.0") == 6


def test_the_example_holds_the_contract(site: Path, tmp_path: Path) -> None:
    assert _good(_python(site, tmp_path, "-c", CHECKS)) == "all hold\n"


def test_a_survey_goes_through_type_chain_function_and_format_of_plugins(
    site: Path, tmp_path: Path, serve: Any
) -> None:
    write_raster(tmp_path / "lake.tif", ramp(64, 64, bands=3))
    (tmp_path / "lake.survey").write_text("file=lake.tif\noperator=Ada\n")
    chain = [
        {"process": "RasterFunction", "function": "Posterize", "arguments": {"steps": 2}},
        # A map in the plane leads from pixels; turned by nothing it leaves them, then to the map.
        {"process": "Swirl", "center": [32.0, 32.0], "angle_deg": 0.0},
        {"process": "Affine", "source_to_output": [500000, 10, 0, 5200000, 0, -10]},
    ]
    _good(_swath(site, tmp_path, "definition", "create", "lake.isdef", "--crs", "EPSG:32632"))
    _good(_swath(site, tmp_path, "definition", "add", "lake.isdef", ".", "--type", "survey"))
    exported = ("definition", "chain", "lake.isdef", "export", "-o", "out")
    file = tmp_path / "out" / "lake.rpdef.json"
    _good(_swath(site, tmp_path, *exported))
    plain = json.loads(file.read_text())
    plain["crs"] = "EPSG:32632"
    plain["rasters"][0]["process_chain"] = chain
    file.write_text(json.dumps(plain))
    _good(_swath(site, tmp_path, "definition", "chain", "lake.isdef", "import", str(file)))
    file.unlink()
    _good(_swath(site, tmp_path, *exported))
    assert json.loads(file.read_text())["rasters"][0]["process_chain"] == chain
    _good(_swath(site, tmp_path, "definition", "build", "lake.isdef"))
    _good(_swath(site, tmp_path, "definition", "compile", "lake.isdef", "-o", "lake.zmd"))
    data = tmp_path / "data"
    _good(_swath(site, tmp_path, "publish", "lake.zmd", "--name", "lake", "--data", str(data)))
    with serve(data, PYTHONPATH=f"{site}{os.pathsep}{ROOT}") as server:
        base = f"{server.url}/arcgis/rest/services/lake/ImageServer"
        view = "bbox=500000,5199360,500640,5200000&size=64,64&f=image"
        rule = '{"rasterFunction":"Posterize","rasterFunctionArguments":{"Steps":%d}}'
        picture = httpx.get(f"{base}/exportImage?{view}&format=ppm&renderingRule={rule % 2}")
        assert picture.headers["content-type"] == "image/x-portable-pixmap"
        head = b"P6 64 64 255\n"
        assert picture.content.startswith(head)
        got = np.frombuffer(picture.content[len(head) :], np.uint8).reshape(64, 64, 3)
        want = np.moveaxis(ramp(64, 64, bands=3) // 128 * 128, 0, 2)
        assert (got == want).all()
        refused = httpx.get(f"{base}/exportImage?{view}&renderingRule={rule % 1}&f=json")
        assert "2 to 256" in refused.text
        answer = httpx.get(f"{base}/query?where=1=1&outFields=*&f=json").json()
        assert answer["features"][0]["attributes"]["Operator"] == "Ada"


def test_a_chain_with_a_plugin_that_is_gone_is_refused_by_name(site: Path, tmp_path: Path) -> None:
    write_raster(tmp_path / "lake.tif", ramp(16, 16))
    chain = [{"process": "Swirl", "center": [8.0, 8.0]}]
    (tmp_path / "chain.json").write_text(json.dumps(chain))
    _good(_swath(site, tmp_path, "definition", "create", "lake.isdef"))
    _good(_swath(site, tmp_path, "definition", "add", "lake.isdef", "lake.tif"))
    nowhere = tmp_path / "nowhere"
    ended = _swath(nowhere, tmp_path, "definition", "chain", "lake.isdef", "set", "chain.json")
    assert ended.returncode == 1
    assert "'Swirl'" in ended.stderr
    assert "known processes" in ended.stderr
