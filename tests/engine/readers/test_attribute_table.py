"""Attribute tables beside rasters, dBASE and GDAL's XML."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SourceCorrupt
from engine.readers.attribute_table import read_attribute_table

if TYPE_CHECKING:
    from pathlib import Path

_XML = """<PAMDataset><PAMRasterBand band="1"><Description>x</Description>
<GDALRasterAttributeTable tableType="thematic">
<FieldDefn index="0"><Name>Id</Name><Type>0</Type><Usage>5</Usage></FieldDefn>
<FieldDefn index="1"><Name>Land</Name><Type>2</Type><Usage>2</Usage></FieldDefn>
<FieldDefn index="2"><Name>Share</Name><Type>1</Type><Usage>0</Usage></FieldDefn>
<Row index="0"><F>11</F><F>Water</F><F>0.25</F></Row>
<Row index="1"><F>21</F><F>Wood &amp; scrub</F><F></F></Row>
</GDALRasterAttributeTable></PAMRasterBand></PAMDataset>"""


def test_a_dbase_file_written_by_gdal_is_read(shared_data: Path) -> None:
    table = read_attribute_table(str(shared_data / "07_formats/gtiff_types/testrat.tif"))
    assert table is not None
    assert [(field.name, field.type) for field in table.fields] == [
        ("VALUE", "integer"),
        ("COUNT", "integer"),
        ("CLASS", "string"),
        ("Red", "double"),
        ("Green", "double"),
        ("Blue", "double"),
        ("OtherInt", "integer"),
        ("OtherReal", "double"),
        ("OtherStr", "string"),
    ]
    assert table.rows == (
        (1, 10, "my class", 0.1, 0.2, 0.5, 2, 2.5, "foo"),
        (2, 10, "my class2", 0.1, 0.2, 0.5, 2, 2.5, "foo2"),
    )


def test_gdals_xml_is_read_and_values_get_the_name_that_clients_look_for(tmp_path: Path) -> None:
    (tmp_path / "a.tif.aux.xml").write_text(_XML)
    table = read_attribute_table(str(tmp_path / "a.tif"))
    assert table is not None
    assert [(field.name, field.type) for field in table.fields] == [
        ("Value", "integer"),
        ("Land", "string"),
        ("Share", "double"),
    ]
    assert table.rows == ((11, "Water", 0.25), (21, "Wood & scrub", None))


def test_values_of_even_steps_need_no_column(tmp_path: Path) -> None:
    text = _XML.replace('tableType="thematic"', 'row0Min="5" binSize="2"').replace(
        "<Usage>5</Usage>", "<Usage>0</Usage>"
    )
    (tmp_path / "a.tif.aux.xml").write_text(text)
    table = read_attribute_table(str(tmp_path / "a.tif"))
    assert table is not None
    assert table.fields[0].name == "Value"
    assert [row[:2] for row in table.rows] == [(5, 11), (7, 21)]


def test_without_a_table_there_is_none(tmp_path: Path) -> None:
    assert read_attribute_table(str(tmp_path / "a.tif")) is None
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset><Metadata/></PAMDataset>")
    assert read_attribute_table(str(tmp_path / "a.tif")) is None
    assert read_attribute_table("/vsizip/no such/file.tif") is None


@pytest.mark.parametrize(
    "text",
    [
        "<",
        _XML.replace("<F>Water</F>", ""),
        _XML.replace("<F>11</F>", "<F>eleven</F>"),
        '<!DOCTYPE a [<!ENTITY b "c">]><PAMDataset>&b;</PAMDataset>',
    ],
)
def test_xml_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.tif.aux.xml").write_text(text)
    with pytest.raises(SourceCorrupt, match=r"a\.tif"):
        read_attribute_table(str(tmp_path / "a.tif"))


@given(data=st.data())
def test_damaged_dbase_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path, data: st.DataObject
) -> None:
    whole = bytearray((shared_data / "07_formats/gtiff_types/testrat.tif.vat.dbf").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    path = tmp_path_factory.mktemp("dbf") / "a.tif.vat.dbf"
    path.write_bytes(whole[:cut] if data.draw(st.booleans()) else whole)
    with contextlib.suppress(SourceCorrupt):
        read_attribute_table(str(path).removesuffix(".vat.dbf"))
