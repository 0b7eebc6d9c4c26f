"""Attribute tables of definitions: from files beside rasters, or stated; as clients get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.build.attribute_table_file import found_table, stated_table
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.catalog_digest import catalog_digest
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.catalog import Catalog
from engine.errors import ConfigError
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.rasters import single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.summary import AttributeTable

_CSV = "Value,Class,Share,Red\n1,Water,0.5,10\n2,Wood,,20\n"
_XML = """<PAMDataset><PAMRasterBand band="1"><GDALRasterAttributeTable>
<FieldDefn index="0"><Name>Value</Name><Type>0</Type><Usage>5</Usage></FieldDefn>
<Row index="0"><F>7</F></Row></GDALRasterAttributeTable></PAMRasterBand></PAMDataset>"""


def _definition(folder: Path) -> DefinitionFolder:
    data = np.ones((1, 16, 16), np.uint8)
    write_raster(folder / "a.tif", data)
    (folder / "a.tif.aux.xml").write_text(_XML)
    definition = DefinitionFolder.create(folder / "d.isdef")
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[folder / "a.tif"]))
    build_definition(definition, BuildOptions(overviews="none"))
    return definition


def _compiled(definition: DefinitionFolder) -> AttributeTable | None:
    out = definition.path.with_suffix(".zmd")
    compile_definition(definition.path, out)
    catalog = Catalog.open(out)
    found = catalog.summary.attribute_table
    catalog.close()
    return found


def test_a_table_beside_the_raster_is_found_and_one_of_the_definition_goes_before(
    tmp_path: Path,
) -> None:
    definition = _definition(tmp_path)
    found = _compiled(definition)
    assert found is not None
    assert found.rows == ((7,),)
    table = definition.table()
    before = catalog_digest(definition, table)
    definition.attribute_table.write_text(_CSV)
    assert catalog_digest(definition, table) != before
    table.close()
    stated = _compiled(definition)
    assert stated is not None
    assert [(field.name, field.type) for field in stated.fields] == [
        ("Value", "integer"),
        ("Class", "string"),
        ("Share", "double"),
        ("Red", "integer"),
    ]
    assert stated.rows == ((1, "Water", 0.5, 10), (2, "Wood", None, 20))


def test_a_single_raster_has_the_table_beside_it(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.ones((1, 16, 16), np.uint8))
    (tmp_path / "a.tif.aux.xml").write_text(_XML)
    service = single_service(path)
    assert service.summary.attribute_table is not None
    service.close()


def test_a_damaged_table_stops_no_build(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.tif.vat.dbf").write_bytes(b"no table")
    assert found_table(str(tmp_path / "a.tif")) is None
    assert "a.tif.vat.dbf" in caplog.text


@pytest.mark.parametrize(
    "text", ["", "Class\nWater\n", "Value,Value\n1,2\n", "Value,Class\n1\n", "Value,\n1,2\n"]
)
def test_what_is_no_table_is_named(tmp_path: Path, text: str) -> None:
    definition = DefinitionFolder.create(tmp_path / "d.isdef")
    definition.attribute_table.write_text(text)
    with pytest.raises(ConfigError, match="attribute_table"):
        stated_table(definition)


def test_a_table_may_have_no_rows(tmp_path: Path) -> None:
    definition = DefinitionFolder.create(tmp_path / "d.isdef")
    assert stated_table(definition) is None
    definition.attribute_table.write_text("Value,Class\n")
    found = stated_table(definition)
    assert found is not None
    assert (len(found.fields), found.rows) == (2, ())
