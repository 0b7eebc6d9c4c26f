"""`swath definition chain`, as typed. Covers engine.build.chain_files, engine.chain_words and server.authoring.rule_chains."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError
from raster_types.adding.add import AddRequest, add_rasters
from server.cli import app
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.build_options import BuildReport

REMAP = {
    "process": "RasterFunction",
    "function": "Remap",
    "arguments": {"input_ranges": [0, 128, 128, 256], "output_values": [10, 200]},
}
SMOOTH = {"process": "RasterFunction", "function": "Convolution", "arguments": {"kind": 10}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a definition of two rasters, `one` and `two`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for number, name in enumerate(("one", "two")):
        write_raster(tmp_path / f"{name}.tif", ramp(64, 80 + number))
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    _add(folder, tmp_path / "one.tif", tmp_path / "two.tif")
    return tmp_path


def _add(folder: DefinitionFolder, *paths: Path) -> None:
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=paths))


def _build(here: Path) -> BuildReport:
    return build_definition(DefinitionFolder(here / "d.isdef"), BuildOptions(overviews="none"))


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["definition", *words])


def _chain(*words: str) -> Result:
    return _run("chain", "d.isdef", *words)


def _exported(here: Path, name: str = "one") -> dict[str, Any]:
    assert _chain("export", "-o", "out").exit_code == 0
    found: dict[str, Any] = json.loads((here / f"out/{name}.rpdef.json").read_text())
    return found


def _write(here: Path, plain: object, name: str = "new.rpdef.json") -> str:
    (here / name).write_text(json.dumps(plain))
    return name


def test_what_nobody_wrote_is_exported_as_it_amounts_to(here: Path) -> None:
    plain = _exported(here)
    assert plain == {
        "rpdef": 1,
        "name": "one",
        "rasters": [{"source": str(here / "one.tif")}],
    }
    shown = _chain("show", "one").output
    assert "sampled once" in shown
    assert "Sampler2D (added)" in shown


def test_export_import_export_gives_the_same_bytes_and_items_wait_for_a_build(here: Path) -> None:
    plain = _exported(here)
    plain["rasters"][0] |= {"process_chain": [REMAP], "no_data": [7.0], "description": "left"}
    plain |= {"process_chain": [SMOOTH], "pixel_type": "U8"}
    result = _chain("import", _write(here, plain))
    assert result.exit_code == 0, result.output
    assert "Next: swath definition build" in result.output
    again = _exported(here)
    assert again == plain
    first = (here / "out/one.rpdef.json").read_bytes()
    assert _chain("import", "out/one.rpdef.json").exit_code == 0
    _exported(here)
    assert (here / "out/one.rpdef.json").read_bytes() == first
    with DefinitionFolder(here / "d.isdef").table() as table:
        assert [row.status for row in table.rows()] == [ItemStatus.ADDED, ItemStatus.ADDED]
        assert "build again" in next(table.rows()).message
    assert not _build(here).failed
    assert compile_definition(here / "d.isdef", here / "d.zmd").items == 2


def test_a_changed_file_that_is_added_again_keeps_its_chain(here: Path) -> None:
    plain = _exported(here)
    plain["process_chain"] = [SMOOTH]
    assert _chain("import", _write(here, plain)).exit_code == 0
    write_raster(here / "one.tif", ramp(70, 90))
    _add(DefinitionFolder(here / "d.isdef"), here / "one.tif")
    assert _exported(here)["process_chain"] == [SMOOTH]


def test_show_tells_how_a_chain_is_split(here: Path) -> None:
    plain = _exported(here)
    shift = {"process": "Affine", "source_to_output": [1, 1, 0, 2, 0, 1]}
    earlier = {"process": "Sampler2D", "pixel_size": 2.0}
    plain["rasters"][0]["process_chain"] = [REMAP, SMOOTH, shift, earlier, shift, shift]
    plain |= {"crs": "EPSG:32632", "process_chain": [{"process": "Sampler2D"}, REMAP]}
    assert _chain("import", _write(here, plain)).exit_code == 0
    lines = _chain("show", "o*").output.splitlines()
    assert "sampled twice between source and mosaic" in lines
    assert "  pixel by pixel, once a block: Remap" in lines
    assert "  on windows of the source: Convolution with 1 pixels around" in lines
    assert "  sampling 1: Sampler2D, pixels of 2, through Affine" in lines
    assert "  sampling 2: Sampler2D, through Affine + Affine + the projection to the view" in lines
    assert "  on sampled pixels: Remap" in lines


def test_set_gives_many_items_one_group_chain(here: Path) -> None:
    chain = _write(here, [SMOOTH], "chain.json")
    assert "1 items" in _chain("set", chain, "--where", "Name = 'two'").output
    assert "process_chain" not in _exported(here, "one")
    assert _exported(here, "two")["process_chain"] == [SMOOTH]
    assert "2 items" in _chain("set", _write(here, [], "none.json")).output
    assert "process_chain" not in _exported(here, "two")


@pytest.mark.parametrize(
    ("process", "told"),
    [
        ({"process": "Warp"}, "raster 1 (one.tif), process 1: \"process\" is 'Warp'"),
        (
            {"process": "Affine", "source_to_output": [0, 1, 0, 0, 1, 0]},
            "raster 1 (one.tif), process 1 (Affine): Invalid value",
        ),
        (
            {"process": "RasterFunction", "function": "Remap", "arguments": {"ranges": [1, 2]}},
            "raster 1 (one.tif), process 1 (RasterFunction): Object contains unknown field `ranges`",
        ),
        (
            {"process": "RasterFunction", "function": "Convolution", "arguments": {"kind": 99}},
            "raster 1 (one.tif), process 1 (RasterFunction): Invalid value '99' for parameter 'Type'",
        ),
        ({"process": "SamplerOrtho"}, "raster 1 (one.tif), process 1 (SamplerOrtho): no sensor"),
    ],
)
def test_a_wrong_chain_is_refused_with_item_and_process_and_changes_nothing(
    here: Path, process: dict[str, Any], told: str
) -> None:
    good, bad = _exported(here, "two"), _exported(here, "one")
    good["process_chain"] = [SMOOTH]
    bad["rasters"][0]["process_chain"] = [process]
    files = _write(here, good, "good.rpdef.json"), _write(here, bad, "bad.rpdef.json")
    result = _chain("import", *files)
    assert isinstance(result.exception, ConfigError)
    message = str(result.exception)
    assert message.startswith("item 'one': ")
    assert told in message
    assert "process_chain" not in _exported(here, "two")


def test_a_map_is_wanted_where_geotransforms_lead_to_one(here: Path) -> None:
    plain = _exported(here)
    plain["process_chain"] = [{"process": "Affine", "source_to_output": [1, 1, 0, 2, 0, 1]}]
    result = _chain("import", _write(here, plain))
    assert "item 'one': crs" in str(result.exception)


def test_an_item_shows_the_rasters_that_are_enabled(here: Path) -> None:
    plain = _exported(here)
    plain["rasters"].append({"source": str(here / "two.tif")})
    assert _chain("import", _write(here, plain)).exit_code == 0
    plain["rasters"][0]["enabled"] = False
    assert _chain("import", _write(here, plain)).exit_code == 0
    assert not _build(here).failed
    with DefinitionFolder(here / "d.isdef").table() as table:
        assert next(table.rows()).headers[0].width == 81


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export", "--item", "three"), "fits 'three'"),
        (("import", "nowhere.rpdef.json"), "nowhere.rpdef.json"),
        (("set", "nowhere.json"), "nowhere.json"),
        (("show", "three"), "fits 'three'"),
    ],
)
def test_what_is_not_there_is_told(here: Path, words: tuple[str, ...], told: str) -> None:
    assert here.exists()
    result = _chain(*words)
    assert isinstance(result.exception, ConfigError)
    assert told in str(result.exception)


def test_a_file_that_names_no_item_or_one_twice_is_refused(here: Path) -> None:
    plain = _exported(here)
    same = _write(here, plain, "a.rpdef.json"), _write(here, plain, "b.rpdef.json")
    assert "named by two files" in str(_chain("import", *same).exception)
    other = _write(here, plain | {"name": "three"})
    assert "no item is named 'three'" in str(_chain("import", other).exception)


def test_rasters_with_all_disabled_take_no_part(here: Path) -> None:
    plain = _exported(here)
    plain["rasters"][0]["enabled"] = False
    assert _chain("import", _write(here, plain)).exit_code == 0
    ((_, name, why),) = _build(here).failed
    assert (name, "disabled" in why) == ("one", True)
    assert compile_definition(here / "d.isdef", here / "d.zmd").items == 1


RULE = {
    "rasterFunction": "Minus",
    "rasterFunctionArguments": {
        "Raster": "$$",
        "Raster2": {"rasterFunction": "Convolution", "rasterFunctionArguments": {"Type": 10}},
    },
    "outputPixelType": "S16",
}


def test_a_rendering_rule_is_a_chain_of_the_service_or_of_groups(here: Path) -> None:
    name = _write(here, RULE, "rule.json")
    assert _chain("import", "--service", name).exit_code == 0
    assert _chain("set", name).exit_code == 0
    shown = _chain("show", "one").output
    words = "Local operation=2 as S16 of ($$; Convolution kind=10)"
    assert shown.count(words) == 2
    assert _chain("export", "--service", "-o", "out").exit_code == 0
    (plain,) = json.loads((here / "out/service-chain.json").read_text())
    assert plain["inputs"] == ["$$", {"function": "Convolution", "arguments": {"kind": 10}}]
    # What was written is read again.
    assert _chain("import", "--service", "out/service-chain.json").exit_code == 0
    _build(here)
    compile_definition(here / "d.isdef", here / "d.zmd")


def test_rules_and_processes_may_follow_each_other(here: Path) -> None:
    both = [RULE, SMOOTH, {"rasterFunction": "None", "outputPixelType": "U8"}]
    assert _chain("set", _write(here, both, "both.json")).exit_code == 0
    found = [each["function"] for each in _exported(here)["process_chain"]]
    assert found == ["Local", "Convolution", "None"]


@pytest.mark.parametrize(
    ("plain", "named"),
    [
        ({"rasterFunction": "Vegetation"}, "Vegetation"),
        ([SMOOTH, {"rasterFunction": "Minus", "rasterFunctionArguments": {"Raster": "$7"}}], "inputs"),
        ([{"rasterFunction": "NDVI"}, {"process": "Blur"}], "Blur"),
        ({"rasterFunction": "NDVI", "rasterFunctionArguments": {"VisibleBandID": "x"}}, "VisibleBandID"),
    ],
)  # fmt: skip
def test_bad_rules_are_refused_by_name(here: Path, plain: object, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        _run_raising("import", "--service", _write(here, plain, "bad.json"))


def _run_raising(*words: str) -> None:
    result = _chain(*words)
    if result.exception is not None:
        raise result.exception
