"""What is wrong with tables is said in plain words, and nothing of it is taken for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.build.definition_folder import DefinitionFolder
from engine.errors import ConfigError
from raster_types.adding.add import AddReport, AddRequest, add_rasters
from raster_types.base import ItemOptions
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:32633"


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "d.isdef")


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """A folder of rasters."""
    made = tmp_path / "tiles"
    made.mkdir()
    for number in range(4):
        write_raster(made / f"t{number}.tif", ramp(16, 16))
    return made


def test_columns_of_one_name_and_texts_of_other_encodings_are_said_plainly(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("path,path\nx.tif,y\n")
    with pytest.raises(ConfigError, match="path: is the name of two columns"):
        _add_table(folder, table)
    table.write_bytes("path,Ort\nx.tif,Münster\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"not text in UTF-8; save it as.*iconv -f"):
        _add_table(folder, table)


def test_geometries_that_are_none_are_told(
    folder: DefinitionFolder, tiles: Path, recwarn: pytest.WarningsRecorder
) -> None:
    table = tiles / "t.csv"
    table.write_text("path,xmin,ymin,xmax,ymax\nt0.tif,nan,1,inf,2\nt1.tif,,,,\nt2.tif,a,1,2,3\n")
    ((_, note),) = _add_table(folder, table).notes
    assert note.startswith("2 rows have a geometry that cannot be read as an area")
    table.write_text('path,wkt\nt3.tif,"POLYGON((0 0"\n')
    ((_, note),) = _add_table(folder, table).notes
    assert note.startswith("1 rows have a geometry")
    assert not recwarn.list


def test_degrees_are_not_believed_of_metres_and_another_crs_is_a_change(
    folder: DefinitionFolder, tiles: Path
) -> None:
    table = tiles / "t.csv"
    table.write_text("path,xmin,ymin,xmax,ymax\nt0.tif,500000,4999360,500640,5000000\n")
    with pytest.raises(ConfigError, match=r"EPSG:4326.*are no degrees \(500000"):
        _add_table(folder, table, table_crs="EPSG:4326")
    assert _add_table(folder, table, table_crs="EPSG:32632").added == 1
    assert _add_table(folder, table, table_crs="EPSG:32632").unchanged == 1
    assert _add_table(folder, table, table_crs=CRS).changed == 1


def _add_table(folder: DefinitionFolder, table: Path, table_crs: str = "") -> AddReport:
    made = ItemOptions(table_crs=table_crs)
    return add_rasters(folder, AddRequest(raster_type="table", paths=[table], options=made))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", '{"mosaicjson": "0.0.3", "tiles": []}', "expected tiles"),
        ("a.geojson", '{"features": [1]}', "feature 1: is no feature of GeoJSON"),
        ("a.geojson", '{"features"', "is no JSON that can be read"),
        ("a.geojson", "[]", "expected a FeatureCollection or MosaicJSON"),
        ("a.vrt", "<!DOCTYPE x><VRTDataset/>", "declares a document type"),
    ],
)
def test_what_is_wrong_with_documents_is_no_developer_speech(
    folder: DefinitionFolder, tmp_path: Path, name: str, text: str, why: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=why) as raised:
        _add_table(folder, tmp_path / name)
    assert not any(word in str(raised.value) for word in ("$.", "Expected `", "DTDForbidden"))
