"""Files whose type nobody states: products by their own type, plain rasters, and bands that are asked about.

Covers raster_types.adding.recognise, raster_types.adding.kept_process, raster_types.adding.inspection and raster_types.adding.add_request.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.build.build import build_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.item_chain import definition_of_item
from engine.build.raster_record import RasterDefinition
from engine.chain import BY_BALANCE, RasterFunctionProcess
from engine.errors import ConfigError
from engine.function_rules import GainOffsetRule
from engine.item import COMPANION, COMPANION_END_PS, PRIMARY
from raster_types.adding.add import AddReport, AddRequest, add_rasters
from raster_types.adding.inspection import inspect_paths
from raster_types.adding.kept_process import process_digest
from raster_types.adding.recognise import FoundProduct, find_with_type, type_of_file
from raster_types.base import ItemOptions
from server.authoring.definition_report import describe
from tests.raster_types.landsat_scenes import NAME, write_band, write_scene


def _add(folder: DefinitionFolder, path: Path, **options: object) -> AddReport:
    made = ItemOptions(**options)
    return add_rasters(folder, AddRequest(raster_type="auto", paths=[path], options=made))


def _found(path: Path) -> list[FoundProduct]:
    return list(find_with_type([path], "auto", ItemOptions(), glob="*", recursive=False))


def test_products_come_by_their_own_type_and_the_rest_as_plain_rasters(tmp_path: Path) -> None:
    write_scene(tmp_path, ("3", "4"))
    write_band(tmp_path / "other.tif", 5)
    write_band(tmp_path / "m_4112110_ne_10_060_20200601.tif", 5)
    found = {product.raster_type: len(product.paths) for product in _found(tmp_path)}
    # The only scene of a folder takes images of no other: they may be its own, renamed.
    assert found == {"landsat": 6}
    (tmp_path / f"{NAME}_MTL.txt").unlink()
    for path in tmp_path.glob("LC09*"):
        path.unlink()
    found = {product.raster_type: len(product.paths) for product in _found(tmp_path)}
    assert found == {"aerial": 1, "raster-dataset": 1}


def test_a_band_that_an_author_names_is_meant_by_itself(tmp_path: Path) -> None:
    main = write_scene(tmp_path, ("3", "4"))
    band = tmp_path / f"{NAME}_B4.TIF"
    assert _found(band) == [FoundProduct("raster-dataset", (str(band),))]
    assert [product.raster_type for product in _found(main)] == ["landsat"]


def test_bands_in_files_of_their_own_are_asked_about_not_added(tmp_path: Path) -> None:
    for band in ("B2", "B3", "B4"):
        write_band(tmp_path / f"scene_{band}.tif", 5)
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    with pytest.raises(ConfigError, match=r"scene: B2, B3, B4.*--type stack"):
        _add(folder, tmp_path)
    report = add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[tmp_path]))
    assert report.added == 3


def test_rasters_with_several_bands_or_other_sizes_are_no_stack(tmp_path: Path) -> None:
    for number, band in enumerate(("B2", "B3", "B4"), 1):
        write_band(tmp_path / f"scene_{band}.tif", 5, size=20 * number)
    assert len(_found(tmp_path)) == 3


def test_types_of_single_files_are_told_by_name(tmp_path: Path) -> None:
    item = tmp_path / "item.json"
    item.write_text('{"type": "Feature", "stac_version": "1.0.0"}')
    assert type_of_file(tmp_path / "tiles.csv") == "table"
    assert type_of_file(tmp_path / "LC08_A_MTL.json") == "landsat"
    assert type_of_file(tmp_path / "a.tif") == "raster-dataset"


def test_companions_stand_in_the_catalog_and_out_of_the_mosaic(tmp_path: Path) -> None:
    main = write_scene(tmp_path / "scene", ("3", "4", "10"), lacking=("3",))
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    note = "Its images of Green are not there: these bands stay empty."
    assert _add(folder, tmp_path / "scene").notes == [(str(main), note)]
    report = build_definition(folder)
    assert report.failed == []
    assert report.facts is not None
    assert [band.name for band in report.facts.bands] == ["Green", "Red"]
    assert report.facts.statistics[0].is_empty
    assert report.picture_note.startswith("No pixel was found of Green (band 1)")
    told = list(describe(folder))
    assert "  picture bands         2   (No pixel" in "\n".join(told)
    assert "  statistics            Green: none: no pixel of it was found" in told
    # Green is not there; red is 14000 · 2e-5 - 0.1 over the sine of 30 degrees.
    assert report.facts.statistics[1].mean == pytest.approx((14_000 * 2e-5 - 0.1) * 2)
    with folder.table() as table:
        rows = {row.category: row for row in table.rows()}
    assert set(rows) == {PRIMARY, COMPANION}
    assert rows[COMPANION].attributes["MaxPS"] == COMPANION_END_PS
    assert rows[COMPANION].name == f"{NAME}_thermal"


def test_a_product_read_again_gets_its_process_anew(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene", ("3", "4"))
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    _add(folder, tmp_path / "scene")
    assert _add(folder, tmp_path / "scene").unchanged == 1
    assert _add(folder, tmp_path / "scene", values="dn").changed == 1
    with folder.table() as table:
        (row,) = table.rows()
    assert row.raster.process is None


def test_what_an_author_changed_stays_when_its_product_is_read_again(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene", ("3", "4"))
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    _add(folder, tmp_path / "scene")
    with folder.table() as table:
        (row,) = table.rows()
        own = RasterFunctionProcess(function="GainOffset", arguments=GainOffsetRule(gains=(2.0,)))
        edited = _with_process(row.raster, own)
        table.update(row.id, {"Raster": msgspec.json.encode(edited).decode()})
    _add(folder, tmp_path / "scene", values="radiance")
    with folder.table() as table:
        (row,) = table.rows()
    assert row.raster.process == edited.process


def test_colour_balance_is_put_after_a_process_made_anew(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene", ("3", "4"))
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    _add(folder, tmp_path / "scene")
    balance = RasterFunctionProcess(
        function="GainOffset", arguments=GainOffsetRule(gains=(1.5,)), made_by=BY_BALANCE
    )
    with folder.table() as table:
        (row,) = table.rows()
        edited = _with_process(row.raster, balance)
        table.update(row.id, {"Raster": msgspec.json.encode(edited).decode()})
    _add(folder, tmp_path / "scene", values="radiance")
    with folder.table() as table:
        (row,) = table.rows()
    assert row.raster.process is not None
    first = row.raster.process.rasters[0].process_chain[0]
    assert isinstance(first, RasterFunctionProcess)
    assert isinstance(first.arguments, GainOffsetRule)
    assert first.arguments.gains == (0.01, 0.01)
    assert row.raster.process.process_chain == (balance,)


def _with_process(raster: RasterDefinition, process: RasterFunctionProcess) -> RasterDefinition:
    definition = definition_of_item("-", raster)
    chain = (*definition.process_chain, process)
    return msgspec.structs.replace(
        raster, process=msgspec.structs.replace(definition, process_chain=chain)
    )


def test_balance_alone_counts_as_no_process(tmp_path: Path) -> None:
    write_scene(tmp_path, ("3",))
    report = inspect_paths([tmp_path])
    assert report.kinds[0].items == 1
    plain = RasterDefinition(raster_type="raster-dataset", sources=())
    assert process_digest(plain) == ""


def test_inspection_says_what_is_there_and_the_command(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene", ("3", "4", "10"))
    report = inspect_paths([tmp_path])
    (kind,) = report.kinds
    assert (kind.raster_type, kind.products, kind.items, kind.companions) == ("landsat", 1, 2, 1)
    assert list(kind.bands) == ["Green, Red"]
    assert (list(kind.crs), kind.dates) == (["EPSG:32633"], ["2023-06-10T10:01:02.345Z"])
    assert report.commands == [f"swath definition add NAME.isdef {tmp_path} --recursive"]


def test_inspection_of_unstacked_bands_proposes_the_stack(tmp_path: Path) -> None:
    for band in ("red", "green", "blue"):
        write_band(tmp_path / f"mine_{band}.tif", 5)
    report = inspect_paths([tmp_path])
    assert report.commands == [f"swath definition add NAME.isdef {tmp_path} --type stack"]
    assert report.unstacked[0].bands == ("blue", "green", "red")


def test_inspection_of_a_folder_nobody_knows_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    report = inspect_paths([tmp_path])
    assert (report.kinds, report.commands) == ([], [])
    assert report.advice == ["No raster is recognised here (1 .txt)."]
    with pytest.raises(ConfigError, match="does not exist"):
        inspect_paths([tmp_path / "gone"])


def test_remote_object_is_taken_by_itself():
    given = [Path("connection://store/a.tif")]
    found = list(find_with_type(given, "auto", ItemOptions(), glob="*", recursive=False))
    assert found == [FoundProduct("raster-dataset", ("connection://store/a.tif",))]


@pytest.mark.parametrize(
    "name", ["connection://store", "connection://store/../a.tif", "connection://s/%2e/a.tif"]
)
def test_remote_name_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(ConfigError):
        list(find_with_type([Path(name)], "auto", ItemOptions(), glob="*", recursive=False))
