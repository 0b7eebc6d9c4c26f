"""Templates as ArcGIS writes them: the kit's, and files that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.errors import ConfigError
from engine.function_rules import LocalRule, SlopeRule, TableRule
from engine.pixel_type import PixelType
from engine.request_parts import MosaicInput, RenderingRule
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json
from server.protocols.arcgis.template_xml import MOST_BYTES, template_of_xml

if TYPE_CHECKING:
    from pathlib import Path

HEAD = (
    "<RasterFunctionTemplate xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
    "xsi:type='typens:RasterFunctionTemplate'>"
)
SLOPE = (
    HEAD
    + """
  <Name>Steep</Name><Description>How steep it is</Description>
  <Function xsi:type='typens:SlopeFunction'><Name>Slope</Name><PixelType>U8</PixelType></Function>
  <Arguments xsi:type='typens:SlopeFunctionArguments'>
    <Names xsi:type='typens:ArrayOfString'>
      <String>DEM</String><String>ZFactor</String><String>SlopeType</String><String>Ramp</String>
    </Names>
    <Values xsi:type='typens:ArrayOfAnyType'>
      <AnyType xsi:type='typens:RasterFunctionVariable'>
        <Name>Raster</Name><Value></Value><IsDataset>true</IsDataset>
      </AnyType>
      <AnyType xsi:type='xs:double' id='ID1'>2.5</AnyType>
      <AnyType xsi:type='typens:RasterFunctionVariable'>
        <Name>Kind</Name><Value xsi:type='xs:int'>2</Value><IsDataset>false</IsDataset>
        <Aliases xsi:type='typens:ArrayOfString'><String>SlopeType</String></Aliases>
      </AnyType>
      <AnyType xsi:type='typens:AlgorithmicColorRamp'>
        <Algorithm>esriHSVAlgorithm</Algorithm>
        <FromColor xsi:type='typens:HsvColor'>
          <AlphaValue>255</AlphaValue><Hue>120</Hue><Saturation>100</Saturation><Value>100</Value>
        </FromColor>
        <ToColor xsi:type='typens:RgbColor'><Red>9</Red><Green>8</Green><Blue>7</Blue></ToColor>
      </AnyType>
    </Values>
  </Arguments>
</RasterFunctionTemplate>"""
)


def _read(folder: Path, text: str) -> dict[str, Any]:
    path = folder / "one.rft.xml"
    path.write_text(text, encoding="utf-8")
    return cast("dict[str, Any]", template_of_xml(path))


def test_a_template_becomes_its_json_form(tmp_path: Path) -> None:
    template: Any = _read(tmp_path, SLOPE)
    assert (template["name"], template["description"]) == ("Steep", "How steep it is")
    arguments = template["arguments"]
    assert arguments["ZFactor"] == 2.5
    assert arguments["SlopeType"]["aliases"] == ["SlopeType"]
    assert arguments["Ramp"]["fromColor"] == [0, 255, 0, 255]
    assert arguments["Ramp"]["toColor"] == [9, 8, 7, 255]
    rule = rendering_rule_of_json(template)
    assert rule == RenderingRule(
        function="Slope",
        arguments=SlopeRule(z_factor=2.5, slope_type=2),
        output_pixel_type=PixelType.U8,
    )


def test_what_is_referred_to_is_put_in_its_place(tmp_path: Path) -> None:
    text = SLOPE.replace("<Value xsi:type='xs:int'>2</Value>", "<Value href='#ID1'/>")
    assert _read(tmp_path, text)["arguments"]["SlopeType"]["value"] == 2.5
    with pytest.raises(ConfigError, match="ID9"):
        _read(tmp_path, text.replace("#ID1", "#ID9"))


def test_every_template_of_the_kit_is_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "09_esri/rft").rglob("*.rft.xml"))
    assert len(paths) == 47
    for path in paths:
        template: Any = template_of_xml(path)
        assert template["name"], path.name
        assert template["function"]["type"].endswith("Function"), path.name


def test_every_template_of_the_kit_without_python_is_a_rule(shared_data: Path) -> None:
    plain = []
    for path in sorted((shared_data / "09_esri/rft").rglob("*.rft.xml")):
        if "PythonAdapter" not in path.read_text(encoding="utf-8"):
            plain.append(path)
            rendering_rule_of_json(cast("dict[str, Any]", template_of_xml(path)))
    assert len(plain) == 10


def test_a_table_of_classes_gives_its_colours(shared_data: Path) -> None:
    path = shared_data / "09_esri/rft/TerrainRuggednessIndex-Riley-Colormap.rft.xml"
    rule = rendering_rule_of_json(template_of_xml(path))
    assert isinstance(rule.arguments, TableRule)
    assert rule.arguments.colors[0] == (1, 58, 169, 0)
    assert len(rule.arguments.colors) == 7


def test_a_chain_of_the_kit_has_its_functions(shared_data: Path) -> None:
    path = shared_data / "09_esri/rft/RemoveNoData.rft.xml"
    rule = rendering_rule_of_json(template_of_xml(path))
    assert isinstance(rule.arguments, LocalRule)
    assert rule.arguments.operation == 78
    condition, *others = rule.inputs
    assert isinstance(condition, RenderingRule)
    assert others == [MosaicInput(), MosaicInput()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no XML"),
        ("<RasterFunctionTemplate>", "is no XML"),
        ("<html/>", "its root is RasterFunctionTemplate"),
        (HEAD + "</RasterFunctionTemplate>", "has no Function"),
        (SLOPE.replace("<String>ZFactor</String>", ""), "3 names and 4 values"),
        (SLOPE.replace("typens:SlopeFunction'", "typens:Slope'"), "has no function"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + SLOPE.replace("Steep", "&b;"), "is no XML"),
        (SLOPE.replace("2.5", "x" * MOST_BYTES), "at most"),
    ],
)
def test_what_is_no_template_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        _read(tmp_path, text)


def test_templates_are_not_read_without_end(tmp_path: Path) -> None:
    inner = "<Value xsi:type='typens:RasterFunctionVariable'><Name>v</Name>"
    text = SLOPE.replace("<Value xsi:type='xs:int'>2</Value>", inner * 200 + "</Value>" * 200)
    with pytest.raises(ConfigError, match="levels deep"):
        _read(tmp_path, text)
    loop = SLOPE.replace("id='ID1'>2.5", "id='ID1'><Value href='#ID1'/>")
    with pytest.raises(ConfigError, match="levels deep"):
        _read(tmp_path, loop)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.rft\.xml"):
        template_of_xml(tmp_path / "gone.rft.xml")
