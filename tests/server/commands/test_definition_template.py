"""`swath definition template`, as typed, down to pixels. Covers server.authoring.definition_templates and
engine.build.template_facts too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.errors import InvalidParameter
from engine.process_memory import process_memory
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import ImageService
from raster_types.adding.add import AddRequest, add_rasters
from server.cli import app
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json, rule_scope
from server.protocols.arcgis.service_json import service_json
from server.python_functions.session import registered_functions
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TWICE = {
    "rasterFunction": "Arithmetic",
    "description": "Twice as bright",
    "rasterFunctionArguments": {"Raster2": 2, "Operation": 3},
    "outputPixelType": "U16",
}
XML = """<RasterFunctionTemplate xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>
  <Name>Some name</Name><Description>Sharper</Description>
  <Function xsi:type='ConvolutionFunction'><PixelType>UNKNOWN</PixelType></Function>
  <Arguments xsi:type='ConvolutionFunctionArguments'>
    <Names><String>Type</String></Names><Values><AnyType xsi:type='xs:int'>19</AnyType></Values>
  </Arguments></RasterFunctionTemplate>"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a definition that is built, and template files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    write_raster(tmp_path / "one.tif", ramp(64, 80))
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[tmp_path / "one.tif"]))
    assert not build_definition(folder, BuildOptions(overviews="none")).failed
    (tmp_path / "Twice.rft.json").write_text(json.dumps(TWICE))
    (tmp_path / "Sharper.rft.xml").write_text(XML)
    return tmp_path


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["definition", *words])


def _template(*words: str) -> Result:
    return _run("template", "d.isdef", *words)


def _pixels(compiled: Path, rule: object) -> NDArray[np.generic]:
    service = ImageService(compiled, process_memory())
    try:
        summary = service.summary
        view = View(extent=summary.extent, width=32, height=32)
        scope = rule_scope("d", summary)
        request = ImageRequest(
            view=view,
            encoding=Encoding(format="bsq"),
            rendering=None if rule is None else rendering_rule_of_json(rule, scope),  # type: ignore[arg-type]  # -- JSON
        )
        body = answer(service, request, UNLIMITED).body
    finally:
        service.close()
    return np.frombuffer(body, np.uint8)


def test_templates_are_added_listed_compiled_and_removed(here: Path) -> None:
    result = _template("add", "Twice.rft.json", "Sharper.rft.xml")
    assert result.exit_code == 0, result.output
    assert "Added Twice, Sharper." in result.output
    listed = _template("list").output.splitlines()
    assert listed == ["Sharper: Convolution  Sharper", "Twice: Arithmetic  Twice as bright"]
    assert _run("compile", "d.isdef").exit_code == 0
    service = ImageService(here / "d.zmd", process_memory())
    infos = service_json("d", service.summary)["rasterFunctionInfos"]
    service.close()
    assert [(info["name"], info["description"]) for info in infos] == [
        ("None", "The raster as it is, without a function."),
        ("Sharper", "Sharper"),
        ("Twice", "Twice as bright"),
    ]
    assert _template("remove", "twice").exit_code == 0
    assert _template("list").output.splitlines() == ["Sharper: Convolution  Sharper"]
    missing = _template("remove", "Twice")
    assert missing.exit_code != 0
    assert "there are: Sharper" in str(missing.exception)


def test_a_template_gives_the_pixels_of_its_rule(here: Path) -> None:
    assert _template("add", "Twice.rft.json").exit_code == 0
    assert _run("compile", "d.isdef").exit_code == 0
    named = _pixels(here / "d.zmd", {"rasterFunction": "Twice"})
    np.testing.assert_array_equal(named, _pixels(here / "d.zmd", TWICE))
    thrice = {"rasterFunction": "Twice", "rasterFunctionArguments": {"Raster2": 3}}
    assert (_pixels(here / "d.zmd", thrice) != named).any()


def test_templates_are_published_with_their_statistics(here: Path) -> None:
    assert _template("add", "Twice.rft.json").exit_code == 0
    assert _run("compile", "d.isdef").exit_code == 0
    service = ImageService(here / "d.zmd", process_memory())
    (template,) = service.summary.templates
    service.close()
    twice = ramp(64, 80)[0].astype(np.float64) * 2
    (band,), (histogram,) = template.statistics, template.histograms
    assert (band.min, band.max, band.count) == (twice.min(), twice.max(), twice.size)
    assert band.mean == pytest.approx(twice.mean())
    assert sum(histogram.counts) == twice.size


def test_templates_of_files_that_are_gone_are_counted_later(here: Path) -> None:
    assert _template("add", "Twice.rft.json").exit_code == 0
    (here / "one.tif").unlink()
    assert _run("compile", "d.isdef").exit_code == 0
    service = ImageService(here / "d.zmd", process_memory())
    (template,) = service.summary.templates
    service.close()
    assert template.statistics == ()


def test_the_same_templates_compile_to_the_same_bytes(here: Path) -> None:
    assert _template("add", "Twice.rft.json").exit_code == 0
    for name in ("a.zmd", "b.zmd"):
        assert _run("compile", "d.isdef", "-o", name).exit_code == 0
    assert (here / "a.zmd").read_bytes() == (here / "b.zmd").read_bytes()
    assert not list(here.glob(".*templates*"))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.rft.json", "{", "a.rft.json"),
        ("a.rft.json", "[]", "is no JSON object"),
        ("a.rft.json", '{"rasterFunction": "Zap"}', "Zap"),
        ("None.rft.json", '{"rasterFunction": "NDVI"}', "choose another"),
        ("a.rft.json", '{"rasterFunction": "a"}', "'a'"),
        ("a.json", '{"rasterFunction": "NDVI"}', "NAME.rft.json"),
        ("a.rft.xml", "<a/>", "is no template"),
        (
            "twice.rft.xml",
            XML.replace("'xs:int'>19", "'xs:string'>abc"),
            "renderingRule.Type",
        ),
    ],
)
def test_what_cannot_be_a_template_is_refused_and_nothing_changes(
    here: Path, name: str, text: str, told: str
) -> None:
    assert _template("add", "Twice.rft.json").exit_code == 0
    (here / name).write_text(text)
    result = _template("add", "Sharper.rft.xml", name)
    assert result.exit_code != 0
    assert told in str(result.exception)
    assert _template("list").output.splitlines() == ["Twice: Arithmetic  Twice as bright"]


def test_a_template_replaces_that_of_its_name_in_the_other_form(here: Path) -> None:
    assert _template("add", "Twice.rft.json").exit_code == 0
    (here / "twice.rft.xml").write_text(XML)
    assert _template("add", "twice.rft.xml").exit_code == 0
    assert _template("list").output.splitlines() == ["twice: Convolution  Sharper"]


def test_a_template_that_does_not_fit_the_service_is_refused_at_compile(here: Path) -> None:
    far = {"rasterFunction": "NDVI", "rasterFunctionArguments": {"InfraredBandID": 9}}
    (here / "Far.rft.json").write_text(json.dumps(far))
    assert _template("add", "Far.rft.json").exit_code == 0
    result = _run("compile", "d.isdef")
    assert result.exit_code != 0
    assert "template Far" in str(result.exception)
    assert "InfraredBandID" in str(result.exception)
    assert not (here / "d.zmd").exists()


def test_templates_name_each_other_in_any_order(here: Path) -> None:
    over = {"rasterFunction": "Convolution", "rasterFunctionArguments": {"Raster": "Twice"}}
    over["rasterFunctionArguments"] = {"Type": 10, "Raster": {"rasterFunction": "Twice"}}
    (here / "Above.rft.json").write_text(json.dumps(over))
    result = _template("add", "Above.rft.json", "Twice.rft.json")
    assert result.exit_code == 0, result.output
    assert _template("list").output.splitlines() == [
        "Above: Convolution ← Arithmetic",
        "Twice: Arithmetic  Twice as bright",
    ]


_DARKER = """
class Darker:
    def getParameterInfo(self):
        return [
            {"name": "r", "dataType": "raster", "required": True},
            {"name": "by", "dataType": "numeric", "value": 2, "required": False},
        ]

    def updateRasterInfo(self, **kwargs):
        self.by = kwargs["by"]
        return kwargs

    def updatePixels(self, tlc, shape, props, **pixelBlocks):
        pixelBlocks["output_pixels"] = (pixelBlocks["r_pixels"] // self.by).astype(props["pixelType"])
        return pixelBlocks
"""
_ADAPTER = """<RasterFunctionTemplate xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>
  <Name>Darker</Name><Description>Half as bright</Description>
  <Function xsi:type='PythonAdapterFunction'><PixelType>UNKNOWN</PixelType></Function>
  <Arguments xsi:type='PythonAdapterFunctionArguments'>
    <Names><String>PythonModule</String><String>ClassName</String><String>r</String><String>by</String></Names>
    <Values>
      <AnyType xsi:type='xs:string'>darker.py</AnyType><AnyType xsi:type='xs:string'>Darker</AnyType>
      <AnyType xsi:type='RasterFunctionVariable'><Name>Raster</Name><IsDataset>true</IsDataset></AnyType>
      <AnyType xsi:type='RasterFunctionVariable'>
        <Name>by</Name><Value xsi:type='xs:int'>4</Value><IsDataset>false</IsDataset>
      </AnyType>
    </Values>
  </Arguments></RasterFunctionTemplate>"""


def test_a_template_of_arcgis_runs_the_function_that_is_registered_for_its_class(
    here: Path,
) -> None:
    (here / "Dim.rft.xml").write_text(_ADAPTER)
    refused = _template("add", "Dim.rft.xml", "--data", "data")
    assert refused.exit_code != 0
    assert "class Darker" in str(refused.exception)
    (here / "darker.py").write_text(_DARKER)
    added = CliRunner().invoke(app, ["function", "add", "Dimmer", "darker.py", "--data", "data"])
    assert added.exit_code == 0, added.output
    assert _template("add", "Dim.rft.xml", "--data", "data").exit_code == 0
    compiled = _run("compile", "d.isdef", "--data", "data")
    assert compiled.exit_code == 0, compiled.output
    plain = _pixels(here / "d.zmd", None)
    with registered_functions(here / "data"):
        np.testing.assert_array_equal(
            _pixels(here / "d.zmd", {"rasterFunction": "Dim"}), plain // 4
        )
        more = {"rasterFunction": "Dim", "rasterFunctionArguments": {"by": 8}}
        np.testing.assert_array_equal(_pixels(here / "d.zmd", more), plain // 8)


def test_clients_never_name_a_class(here: Path) -> None:
    (here / "darker.py").write_text(_DARKER)
    added = CliRunner().invoke(app, ["function", "add", "Dimmer", "darker.py", "--data", "data"])
    assert added.exit_code == 0, added.output
    rule: Any = {
        "rasterFunction": "PythonAdapter",
        "rasterFunctionArguments": {"PythonModule": "darker.py", "ClassName": "Darker"},
    }
    with (
        registered_functions(here / "data"),
        pytest.raises(InvalidParameter, match="PythonAdapter"),
    ):
        rendering_rule_of_json(rule)
