"""`swath definition inspect` says what files are, and its command takes them in.

Covers raster_types.adding.inspection, raster_types.adding.add_commands, raster_types.adding.stac_survey,
raster_types.adding.suited_type, raster_types.adding.table_look, server.commands.listing and server.commands.product_options too.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest
from typer.testing import CliRunner, Result

from raster_types import RASTER_TYPES
from server.cli import app
from tests.engine.rasters import ramp, write_raster
from tests.engine.readers.test_cubes import write_netcdf
from tests.raster_types.landsat_scenes import NAME, write_scene

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["definition", *words])


def _next_commands(output: str) -> list[list[str]]:
    found = [line.removeprefix("Next: ").strip() for line in output.splitlines()]
    return [line.split()[2:] for line in found if line.startswith("swath definition ")]


@pytest.mark.parametrize("kind", ["plain", "cube"])
def test_the_commands_it_names_take_the_files_in(kind: str, here: Path) -> None:
    (here / "files").mkdir()
    if kind == "plain":
        write_raster(here / "files" / "one.tif", ramp(16, 16))
        write_raster(here / "files" / "two.tif", ramp(16, 16))
    else:
        write_netcdf(here / "files" / "rain.nc")
    told = _run("inspect", "files")
    assert told.exit_code == 0, told.output
    assert ("raster-dataset" if kind == "plain" else "series") in told.output
    commands = _next_commands(told.output)
    assert [words[0] for words in commands] == ["create", "add"]
    for words in commands:
        ended = _run(*("x.isdef" if word == "NAME.isdef" else word for word in words))
        assert ended.exit_code == 0, ended.output
    assert "Added 2 items" in ended.output or "Added 3 items" in ended.output


def test_bands_in_files_of_their_own_get_advice_and_are_not_taken_one_by_one(here: Path) -> None:
    (here / "scene").mkdir()
    for number in range(1, 8):
        write_raster(here / "scene" / f"scene_B{number}.tif", ramp(16, 16))
    told = _run("inspect", "scene")
    assert "--type stack" in told.output
    assert _run("create", "x.isdef").exit_code == 0
    refused = _run("add", "x.isdef", "scene")
    assert refused.exit_code == 1
    assert "stack" in str(refused.exception)


def test_a_folder_of_nothing_is_said_to_be_one(here: Path) -> None:
    (here / "empty").mkdir()
    (here / "empty" / "README.txt").write_text("nothing")
    told = _run("inspect", "empty")
    assert told.exit_code == 1
    assert "swath definition add" not in told.output


def test_values_that_are_not_known_are_refused_by_name(here: Path) -> None:
    write_raster(here / "one.tif", ramp(16, 16))
    assert _run("create", "x.isdef").exit_code == 0
    refused = _run("add", "x.isdef", "one.tif", "--values", "nonsense")
    assert refused.exit_code == 1
    text = str(refused.exception)
    assert "nonsense" in text
    assert "reflectance" in text


def test_a_document_takes_only_the_memory_of_its_own_size(here: Path) -> None:
    # A guarded worker has 400 MB: the most that a document may have must not be asked for at once.
    write_raster(here / "red.tif", ramp(16, 16))
    asset = {"href": "./red.tif", "type": "image/tiff; application=geotiff", "roles": ["data"]}
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "scene", "properties": {}}
    text = msgspec.json.encode(item | {"links": [], "assets": {"red": asset}})
    (here / "item.json").write_bytes(text)
    told = _run("inspect", "item.json")
    assert told.exit_code == 0, told.output
    assert "cannot be used" not in told.output
    assert "pixel size" in told.output


def _stac_folder(folder: Path) -> Path:
    """A STAC item of two bands, and a raster that it does not name."""
    folder.mkdir(parents=True)
    assets = {}
    for color in ("red", "green"):
        write_raster(folder / f"{color}.tif", ramp(16, 16))
        href = f"https://data.example/{color}.tif"
        assets[color] = {"href": href, "eo:bands": [{"name": color, "common_name": color}]}
    write_raster(folder / "other.tif", ramp(16, 16))
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "s", "properties": {}, "links": []}
    (folder / "stac.json").write_bytes(msgspec.json.encode(item | {"assets": assets}))
    return folder


def _take_in(output: str, name: str) -> list[str]:
    """Run the commands of an inspection; return what `add` said."""
    said = []
    for words in _next_commands(output):
        ended = _run(*(name if word == "NAME.isdef" else word for word in words))
        assert ended.exit_code == 0, (words, ended.output, ended.exception)
        said.append(ended.output)
    return said[1:]


@pytest.mark.parametrize("has_catalog", [False, True])
def test_stac_documents_of_a_folder_come_in_with_their_rasters_once(
    has_catalog: bool, here: Path
) -> None:
    _stac_folder(here / "files")
    if has_catalog:
        links = [{"rel": "item", "href": "./stac.json"}]
        catalog = {"type": "Catalog", "stac_version": "1.0.0", "id": "c", "links": links}
        (here / "files" / "catalog.json").write_bytes(msgspec.json.encode(catalog))
    told = _run("inspect", "files")
    assert [line.split()[:3] for line in told.output.splitlines() if "products" in line] == [
        ["stac", "products", "1,"],
        ["raster-dataset", "products", "1,"],
    ]
    (said,) = _take_in(told.output, "x.isdef")
    assert "Added 2 items" in said


def test_a_product_with_a_document_of_its_own_is_not_taken_again_as_stac(here: Path) -> None:
    scene = here / "scene"
    scene.mkdir()
    write_scene(scene, ("3", "4"))
    assets = {"red": {"href": f"./{NAME}_B4.TIF"}}
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "s", "properties": {}, "links": []}
    (scene / f"{NAME}_stac.json").write_bytes(msgspec.json.encode(item | {"assets": assets}))
    told = _run("inspect", "scene")
    assert "stac  " not in told.output
    assert "landsat" in told.output


def test_a_mixed_tree_gets_a_command_for_each_part_of_it_and_all_of_them_work(here: Path) -> None:
    _stac_folder(here / "tree" / "stac")
    (here / "tree" / "bands").mkdir()
    for number in range(1, 5):
        write_raster(here / "tree" / "bands" / f"scene_B{number}.tif", ramp(16, 16))
    write_raster(here / "tree" / "bands" / "photo.tif", ramp(16, 16))
    (here / "tree" / "bad").mkdir()
    (here / "tree" / "bad" / "a.tif").write_bytes(b"II*\0nothing")
    told = _run("inspect", "tree")
    assert told.exit_code == 0
    said = _take_in(told.output, "x.isdef")
    counts = [each.partition("Added ")[2].split(" items")[0] for each in said]
    assert sorted(counts) == ["1", "1", "2"]
    assert not any("bad" in word for words in _next_commands(told.output) for word in words)


def test_where_nothing_can_be_used_no_command_is_named(here: Path) -> None:
    (here / "bad").mkdir()
    for name in "ab":
        (here / "bad" / f"{name}.tif").write_bytes(b"II*\0nothing")
    told = _run("inspect", "bad")
    assert told.exit_code == 1
    assert "2 of 2 cannot be used" in told.output
    assert _next_commands(told.output) == []


def test_the_document_of_a_landsat_scene_finds_the_bands_beside_it(here: Path) -> None:
    (here / "scene").mkdir()
    main = write_scene(here / "scene", ("3", "4"))
    told = _run("inspect", str(main))
    assert told.exit_code == 0, told.output
    assert "cannot be used" not in told.output
    assert "Red" in told.output


def test_tables_beside_rasters_are_named_but_not_taken_with_the_folder(here: Path) -> None:
    (here / "tiles").mkdir()
    for name in ("a.tif", "b.tif"):
        write_raster(here / "tiles" / name, ramp(16, 16))
    (here / "tiles" / "index.csv").write_text("path,Year\na.tif,2019\nb.tif,2020\n")
    # Several rows about one image are control points or the like.
    (here / "tiles" / "points.csv").write_text("file,col\na.tif,1\na.tif,2\n")
    told = _run("inspect", "tiles")
    commands = _next_commands(told.output)
    assert commands[1:] == [
        ["add", "NAME.isdef", "tiles"],
        ["add", "NAME.isdef", "tiles/index.csv", "--type", "table"],
    ]
    assert _run("create", "x.isdef").exit_code == 0
    assert "Added 2 items" in _run("add", "x.isdef", "tiles").output
    assert _run("create", "y.isdef").exit_code == 0
    added = _run("add", "y.isdef", *commands[2][2:])
    assert "Added 2 items" in added.output


def test_a_table_is_opened_and_its_crs_asked_for(here: Path) -> None:
    write_raster(here / "a.tif", ramp(16, 16))
    (here / "t.csv").write_text("path,Year,xmin,ymin,xmax,ymax\na.tif,2019,500000,1,600000,2\n")
    told = _run("inspect", "t.csv")
    assert told.exit_code == 0
    assert "Year" in told.output
    (words,) = _next_commands(told.output)[1:]
    assert words[:5] == ["add", "NAME.isdef", "t.csv", "--type", "table"]
    assert words[5] == "--table-srs"
    (here / "empty.csv").write_text("")
    told = _run("inspect", "empty.csv")
    assert told.exit_code == 1
    assert "is empty" in told.output


def test_flat_features_about_stac_are_a_table(here: Path) -> None:
    properties = {"type": "Feature", "stac_version": "1.1.0", "assets.red.href": "red.tif"}
    feature = {"type": "Feature", "properties": properties, "geometry": None}
    text = msgspec.json.encode({"type": "FeatureCollection", "features": [feature]})
    (here / "flat.geojson").write_bytes(text)
    write_raster(here / "red.tif", ramp(16, 16))
    told = _run("inspect", "flat.geojson")
    assert told.exit_code == 0, told.output
    assert _run("create", "x.isdef").exit_code == 0
    assert "Added 1 items" in _run("add", "x.isdef", "flat.geojson").output


def test_images_of_frame_cameras_are_told_from_rasters_that_say_nothing(
    here: Path, shared_data: Path
) -> None:
    told = _run("inspect", str(shared_data / "05_frame_camera" / "ngi"))
    assert "--type frame-camera --dem DEM" in told.output
    folder = shared_data / "04_rpc_satellite" / "qb2_baviaans"
    assert ["add", "NAME.isdef", str(folder), "--type", "rpc"] in _next_commands(
        _run("inspect", str(folder)).output
    )


def test_a_name_that_is_no_text_costs_that_file_alone(here: Path) -> None:
    (here / "odd").mkdir()
    write_raster(here / "odd" / "good.tif", ramp(16, 16))
    shutil.copy(here / "odd" / "good.tif", here / "odd" / os.fsdecode(b"bad\xff.tif"))
    told = _run("inspect", "odd")
    assert told.exit_code == 0, told.output
    assert "bad\\xff.tif: Its name is not UTF-8 text" in told.output
    assert _run("create", "x.isdef").exit_code == 0
    added = _run("add", "x.isdef", "odd")
    assert added.exit_code == 0, added.output
    assert "Added 1 items" in added.output
    assert "bad\\xff.tif: Its name is not UTF-8 text" in added.output


def test_adding_nothing_is_a_failure_and_says_how_to_look(here: Path) -> None:
    (here / "texts").mkdir()
    (here / "texts" / "README.txt").write_text("nothing")
    write_raster(here / "one.tif", ramp(16, 16))
    assert _run("create", "x.isdef").exit_code == 0
    for words in (["texts"], [".", "--glob", "*.xyz"], [".", "--type", "sentinel2"]):
        ended = _run("add", "x.isdef", *words)
        assert ended.exit_code == 1, words
        assert (
            f"No raster is found (see --type, --glob and --recursive). What is there: swath definition inspect {words[0]}"
            in ended.output
        )
        assert "Next:" not in ended.output
    ended = _run("add", "x.isdef", "x.isdef")
    assert ended.exit_code == 1
    assert "is the definition itself" in ended.output
    assert _run("add", "x.isdef", "one.tif").exit_code == 0
    # Known ones are there, and nothing is wrong with them.
    assert _run("add", "x.isdef", "one.tif").exit_code == 0


def test_rasters_that_cannot_be_used_are_not_told_as_added(here: Path) -> None:
    (here / "bad").mkdir()
    for name in "ab":
        (here / "bad" / f"{name}.tif").write_bytes(b"II*\0nothing")
    assert _run("create", "x.isdef").exit_code == 0
    ended = _run("add", "x.isdef", "bad")
    assert ended.exit_code == 1
    assert "Added 0 items, 0 changed, 0 were known; 2 cannot be used." in ended.output
    write_raster(here / "bad" / "c.tif", ramp(16, 16))
    ended = _run("add", "x.isdef", "bad")
    assert ended.exit_code == 0
    assert "Added 1 items, 0 changed, 0 were known; 2 cannot be used." in ended.output


def test_an_item_that_is_found_twice_is_counted_once(here: Path) -> None:
    folder = _stac_folder(here / "files")
    catalog = {"type": "Catalog", "stac_version": "1.0.0", "id": "c"}
    links = [{"rel": "item", "href": "./stac.json"}]
    (folder / "catalog.json").write_bytes(msgspec.json.encode(catalog | {"links": links}))
    (folder / "red.tif").unlink()
    assert _run("create", "x.isdef").exit_code == 0
    ended = _run("add", "x.isdef", "files", "--type", "stac")
    assert "Added 0 items, 0 changed, 0 were known; 1 cannot be used." in ended.output


def test_help_names_all_raster_types() -> None:
    told = _run("add", "--help").output
    for name in RASTER_TYPES:
        assert re.search(rf"\b{name}\b", told), name
