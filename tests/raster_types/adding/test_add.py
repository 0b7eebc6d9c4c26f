"""Adding rasters: incremental, with the author's fields, one bad file stops nothing.

Covers raster_types.adding.crawl, raster_types.base and raster_types.raster_dataset.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rasterio import Affine

from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError
from raster_types import RASTER_TYPES
from raster_types.adding.add import AddReport, AddRequest, add_rasters
from raster_types.adding.crawl import find_products
from raster_types.base import ItemOptions, Product
from raster_types.raster_dataset import RasterDatasetType
from tests.synthetic import ramp, write_geotiff

if TYPE_CHECKING:
    from engine.build.item_row import ItemRow


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "d.isdef")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "deep" / "er").mkdir(parents=True)
    write_geotiff(made / "S_20200301_b.tif", ramp(16, 16))
    write_geotiff(made / "S_20200115_a.TIF", ramp(16, 16))
    write_geotiff(made / "deep" / "er" / "c.tif", ramp(16, 16))
    (made / "README.md").write_text("about")
    (made / "notes").write_text("no raster")
    (made / ".hidden.tif").write_bytes(b"")
    (made / "broken.tif").write_bytes(b"II*\0 and nothing")
    return made


def _add(folder: DefinitionFolder, *paths: Path, **request: object) -> AddReport:
    return add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=paths, **request))


def _rows(folder: DefinitionFolder) -> dict[str, ItemRow]:
    with folder.table() as table:
        return {row.name: row for row in table.rows()}


def test_files_of_a_folder_are_added_by_name_and_others_left(
    folder: DefinitionFolder, data: Path
) -> None:
    report = _add(folder, data)
    assert report.added == 3
    assert [Path(path).name for path, _ in report.failed] == ["broken.tif"]
    assert [Path(path).name for path, _ in report.ignored] == ["notes"]
    rows = _rows(folder)
    assert sorted(rows) == ["S_20200115_a", "S_20200301_b", "broken"]
    assert rows["S_20200115_a"].id < rows["S_20200301_b"].id
    assert rows["broken"].status is ItemStatus.CORRUPT
    assert rows["broken"].message.endswith(".")
    assert str(data) not in rows["broken"].message


def test_recursion_and_glob_choose_files(folder: DefinitionFolder, data: Path) -> None:
    assert _add(folder, data, recursive=True, glob="*.tif").added == 3
    assert set(_rows(folder)) == {"S_20200301_b", "c", "broken"}


def test_adding_again_changes_nothing_and_a_changed_file_keeps_its_objectid(
    folder: DefinitionFolder, data: Path
) -> None:
    _add(folder, data)
    before = {name: row.id for name, row in _rows(folder).items()}
    again = _add(folder, data)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    write_geotiff(data / "S_20200301_b.tif", ramp(20, 24))
    third = _add(folder, data)
    assert (third.added, third.changed, third.unchanged) == (0, 1, 1)
    after = _rows(folder)
    assert {name: row.id for name, row in after.items()} == before
    assert after["S_20200301_b"].headers[0].width == 24
    assert after["S_20200301_b"].status is ItemStatus.ADDED


def test_a_file_of_the_same_size_is_noticed_by_its_time(
    folder: DefinitionFolder, data: Path
) -> None:
    _add(folder, data)
    os.utime(data / "S_20200301_b.tif", ns=(1, 1))
    assert _add(folder, data).changed == 1


def test_a_repaired_file_becomes_good(folder: DefinitionFolder, data: Path) -> None:
    _add(folder, data)
    write_geotiff(data / "new.tif", ramp(16, 16)).replace(data / "broken.tif")
    assert _add(folder, data).changed == 1
    assert _rows(folder)["broken"].status is ItemStatus.ADDED


def test_a_file_named_by_hand_is_an_item_even_if_it_is_no_raster(
    folder: DefinitionFolder, data: Path
) -> None:
    report = _add(folder, data / "notes")
    assert [Path(path).name for path, _ in report.failed] == ["notes"]
    with pytest.raises(ConfigError, match="does not exist"):
        _add(folder, data / "none.tif")


def test_rasters_that_say_no_place_fail_with_a_sentence_unless_it_is_stated(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(16, 16), crs=None)
    _add(folder, path)
    row = _rows(folder)["a"]
    assert row.status is ItemStatus.NO_CRS
    assert "--srs" in row.message
    os.utime(path, ns=(1, 1))
    _add(folder, path, options=ItemOptions(crs="EPSG:32633"))
    row = _rows(folder)["a"]
    assert row.status is ItemStatus.ADDED
    assert row.raster.sources[0].crs == "EPSG:32633"


def test_fields_come_from_names_and_a_csv_file(folder: DefinitionFolder, data: Path) -> None:
    table = data.parent / "more.csv"
    table.write_text("file;Cloud;GroupName\nS_20200301_b.tif;12.5;east\nother.tif;1;x\n")
    report = _add(
        folder, data, glob="S_*", csv=table, name_regex=r"_(?P<AcqDate>\d{8})_(?P<Letter>\w)"
    )
    assert report.unused_csv_rows == ["other.tif"]
    rows = _rows(folder)
    found = rows["S_20200301_b"].attributes
    assert found["AcqDate"] == "2020-03-01T00:00:00.000Z"
    assert (found["Cloud"], found["GroupName"], found["Letter"]) == (12.5, "east", "b")
    assert rows["S_20200115_a"].attributes["Cloud"] is None


def test_fields_are_brought_up_to_date_for_items_that_are_known(
    folder: DefinitionFolder, data: Path
) -> None:
    _add(folder, data, glob="S_*")
    report = _add(folder, data, glob="S_*", name_regex=r"_(?P<AcqDate>\d{8})")
    assert report.unchanged == 2
    assert _rows(folder)["S_20200115_a"].attributes["AcqDate"] == "2020-01-15T00:00:00.000Z"


def test_bands_that_a_file_lacks_fail_that_file(folder: DefinitionFolder, tmp_path: Path) -> None:
    write_geotiff(tmp_path / "one.tif", ramp(16, 16))
    write_geotiff(tmp_path / "four.tif", ramp(16, 16, 4))
    options = ItemOptions(bands=(4, 3))
    report = _add(folder, tmp_path, glob="*.tif", options=options)
    assert report.added == 2
    rows = _rows(folder)
    assert "band 4 is asked for, but the file has 1" in rows["one"].message.lower()
    assert rows["four"].raster.sources[0].bands == (4, 3)


def test_an_unknown_raster_type_names_the_known_ones(folder: DefinitionFolder) -> None:
    with pytest.raises(ConfigError, match="raster-dataset"):
        add_rasters(folder, AddRequest(raster_type="landsat-99", paths=[]))


def test_links_to_folders_and_definitions_are_not_walked(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_geotiff(tmp_path / "a" / "x.tif", ramp(4, 4))
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a" / "old.isdef").mkdir()
    write_geotiff(tmp_path / "a" / "old.isdef" / "o.tif", ramp(4, 4))
    found = list(
        find_products([tmp_path / "a"], RASTER_TYPES["raster-dataset"], glob="*", recursive=True)
    )
    assert found == [(str(tmp_path / "a" / "x.tif"),)]


def test_a_product_is_read_through_what_it_is_given() -> None:
    asked = []

    def no_header(path: str) -> None:
        asked.append(path)
        raise KeyError(path)

    product = Product(("/x/a.tif",), no_header)
    with pytest.raises(KeyError):
        list(RasterDatasetType().items(product, ItemOptions()))
    assert asked == ["/x/a.tif"]


def test_rotated_rasters_are_accepted(folder: DefinitionFolder, tmp_path: Path) -> None:
    turned = Affine(10, 2, 5e5, 2, -10, 5e6)
    _add(folder, write_geotiff(tmp_path / "r.tif", ramp(16, 16), turned))
    assert _rows(folder)["r"].status is ItemStatus.ADDED
