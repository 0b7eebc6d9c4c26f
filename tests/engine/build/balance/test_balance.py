"""Mosaics with known errors are balanced: as the engine then shows them, and as it is taken back.

Covers engine.build.balance.members, engine.build.balance.measure,
engine.build.balance.gain_offsets, engine.build.balance.kept_records, engine.build.balance.options,
engine.build.balance.pair_samples, engine.build.balance.sample_store, engine.build.balance.workspace,
engine.build.balance.target_service, engine.build.balance.dodge, engine.build.balance.fields,
engine.build.balance.surfaces, engine.build.balance.picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from PIL import Image
from rasterio import Affine

from config.definition import MosaicMethod
from engine.build.balance.balance import balance_definition, remove_balance
from engine.build.balance.kept_records import balance_summary
from engine.build.balance.options import BalanceMethod, BalanceOptions
from engine.build.chain_files import import_definitions
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history
from engine.build.raster_record import ItemStatus, raster_of_text
from engine.chain import BY_BALANCE, BY_RASTER_TYPE, RasterFunctionProcess
from engine.errors import ConfigError
from engine.extent import Extent
from engine.function_rules import GainOffsetRule, GainSurfaceRule
from engine.pixel_type import PixelType
from engine.process_definition import RasterEntry, RasterProcessDefinition, write_definition
from engine.read_view import read_view
from engine.request_parts import MosaicRule, View
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.build.balance.mosaics_to_balance import (
    CRS,
    GAINS,
    LEFT,
    PIXEL,
    STEP,
    TILE,
    TOP,
    build,
    definition_of,
    disturbed,
    ground,
    raster_texts,
    service_of,
    tiles,
    write_tiles,
)
from tests.engine.rasters import write_raster
from tests.synthetic import write_scene

if TYPE_CHECKING:
    from pathlib import Path

# Overlaps of the four tiles: their numbers, and column, row, width and height in pixels.
SEAMS = {
    (0, 1): (STEP, 0, TILE - STEP, TILE),
    (2, 3): (STEP, STEP, TILE - STEP, TILE),
    (0, 2): (0, STEP, TILE, TILE - STEP),
    (1, 3): (STEP, STEP, TILE, TILE - STEP),
}


def mean_step(folder: DefinitionFolder) -> float:
    """Return the mean step at the seams, over all bands, as the service shows its items."""
    service = service_of(folder)
    found = []
    for numbers, (col, row, width, height) in SEAMS.items():
        left, top = LEFT + col * PIXEL, TOP - row * PIXEL
        extent = Extent(left, top - height * PIXEL, left + width * PIXEL, top)
        view = View(extent=extent, width=width, height=height, out_crs=CRS, extent_crs=CRS)
        means = []
        for number in numbers:
            rule = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(number + 1,))
            means.append(read_view(service, view, rule).data.mean((1, 2), dtype=float))
        found.append(np.abs(means[0] - means[1]))
    service.close()
    return float(np.mean(found))


def corrections(folder: DefinitionFolder) -> dict[str, list[RasterFunctionProcess]]:
    """Return the processes that the balance has put into each item, by name."""
    found = {}
    for name, text in raster_texts(folder).items():
        process = raster_of_text(text).process
        chain = () if process is None else process.chain_of(0)
        found[name] = [
            p for p in chain if isinstance(p, RasterFunctionProcess) and p.made_by == BY_BALANCE
        ]
    return found


def gains_of(folder: DefinitionFolder) -> np.ndarray:
    """Return the gains (items, bands) that were found."""
    found = []
    for (process,) in corrections(folder).values():
        assert isinstance(process.arguments, GainOffsetRule)
        found.append(process.arguments.gains)
    return np.array(found)


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    """Four disturbed tiles of eight bits."""
    return definition_of(tmp_path / "d.isdef", write_tiles(tmp_path / "tiles"))


@pytest.mark.parametrize(("kind", "scale"), [("uint8", 1.0), ("uint16", 100.0), ("float32", 0.002)])
def test_known_gains_are_found_and_seams_vanish(tmp_path: Path, kind: str, scale: float) -> None:
    folder = definition_of(tmp_path / "d.isdef", write_tiles(tmp_path / "tiles", kind, scale))
    before = mean_step(folder)
    report = balance_definition(folder)
    # What was applied times what was found is one number for all items.
    products = gains_of(folder) * GAINS
    assert np.abs(products / products.mean(axis=0) - 1).max() < 0.03
    build(folder)
    assert mean_step(folder) < 0.05 * before
    assert report.corrected == 4
    assert np.mean(report.step_before) == pytest.approx(before, rel=0.2)
    assert np.mean(report.step_after) < 0.05 * before


def test_gains_alone_take_most_of_a_step_and_no_offsets(folder: DefinitionFolder) -> None:
    before = mean_step(folder)
    balance_definition(folder, BalanceOptions(method="gain"))
    for (process,) in corrections(folder).values():
        assert isinstance(process.arguments, GainOffsetRule)
        assert set(process.arguments.offsets) == {0.0}
    build(folder)
    assert mean_step(folder) < 0.1 * before


def test_clouds_in_one_of_two_pictures_are_left_out(tmp_path: Path) -> None:
    paths = write_tiles(tmp_path / "tiles")
    (data, place) = tiles()[1]
    cloudy = np.clip(np.rint(disturbed(data, 1)), 1, 254).astype(np.uint8)
    # Over a third of the overlap with the first tile.
    cloudy[:, 20:75, :40] = 240
    write_raster(paths[1], cloudy, CRS, place)
    folder = definition_of(tmp_path / "d.isdef", paths)
    balance_definition(folder)
    products = gains_of(folder) * GAINS
    assert np.abs(products / products.mean(axis=0) - 1).max() < 0.03


@pytest.mark.parametrize("method", ["gain-offset", "dodge"])
def test_taking_it_back_restores_the_former_records_to_the_byte(
    folder: DefinitionFolder, method: BalanceMethod
) -> None:
    before = raster_texts(folder)
    balance_definition(folder, BalanceOptions(method=method))
    assert all(text != before[name] for name, text in raster_texts(folder).items())
    assert remove_balance(folder) == 4
    assert raster_texts(folder) == before
    assert remove_balance(folder) == 0
    with folder.table() as table:
        assert balance_summary(table) is None
        lines = [line.text for line in history(table) if line.command == "balance"]
    assert len(lines) == 2
    assert lines[1] == "Took back the balance of 4 items."


def test_what_an_author_did_since_is_kept_when_it_is_taken_back(
    folder: DefinitionFolder,
) -> None:
    before = raster_texts(folder)
    balance_definition(folder)
    raster = raster_of_text(raster_texts(folder)["t0"])
    changed = msgspec.structs.replace(raster, notes=("seen by hand",))
    with folder.table() as table, table.batch():
        table.update(1, {"Raster": msgspec.json.encode(changed).decode()})
    remove_balance(folder)
    assert raster_of_text(raster_texts(folder)["t0"]) == msgspec.structs.replace(
        raster_of_text(before["t0"]), notes=("seen by hand",)
    )


def test_running_again_replaces_and_compares_nothing_anew(folder: DefinitionFolder) -> None:
    first = balance_definition(folder)
    texts = raster_texts(folder)
    again = balance_definition(folder)
    assert (first.measured, again.measured) == (6, 0)
    assert raster_texts(folder) == texts
    build(folder)
    after_build = balance_definition(folder)
    assert (after_build.measured, after_build.step_before) == (0, first.step_before)
    assert raster_texts(folder) == texts
    with folder.table() as table:
        summary = balance_summary(table)
    assert summary is not None
    # Of the service as it was delivered, not as the first balance left it.
    expected = np.mean([disturbed(d, n).mean((1, 2)) for n, (d, _) in enumerate(tiles())], axis=0)
    assert [s.mean for s in summary.statistics_before] == pytest.approx(list(expected), rel=0.01)


def test_an_interrupted_run_goes_on_where_it_stopped(
    folder: DefinitionFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.build.balance.measure._JOB", 2)

    def stop_half_way(stage: str, done: int, total: int) -> None:
        if stage == "comparing overlaps" and done >= total / 2:
            raise KeyboardInterrupt

    before = raster_texts(folder)
    with pytest.raises(KeyboardInterrupt):
        balance_definition(folder, progress=stop_half_way)
    assert raster_texts(folder) == before
    assert balance_definition(folder).measured == 6 - 4
    resumed = raster_texts(folder)
    remove_balance(folder)
    (folder.path / "balance" / "overlaps.sqlite").unlink()
    assert balance_definition(folder).measured == 6
    assert raster_texts(folder) == resumed


def test_chosen_items_follow_their_neighbours(folder: DefinitionFolder) -> None:
    before = raster_texts(folder)
    report = balance_definition(folder, BalanceOptions(where="Name = 't3'"))
    assert (report.items, report.corrected) == (1, 1)
    after = raster_texts(folder)
    assert {name for name in after if after[name] != before[name]} == {"t3"}


def test_items_named_as_target_stay_and_the_others_follow(folder: DefinitionFolder) -> None:
    before = raster_texts(folder)
    balance_definition(folder, BalanceOptions(target="t2"))
    after = raster_texts(folder)
    assert {name for name in after if after[name] == before[name]} == {"t2"}
    found = {
        name: np.array(process[0].arguments.gains)  # type: ignore[union-attr]  # -- GainOffset's
        for name, process in corrections(folder).items()
        if process
    }
    for number, name in ((0, "t0"), (1, "t1"), (3, "t3")):
        assert found[name] == pytest.approx(GAINS[2] / GAINS[number], rel=0.03)
    balance_definition(folder, BalanceOptions(target="3"))
    assert raster_texts(folder) == after


def test_a_raster_as_target_gives_its_colours(tmp_path: Path, folder: DefinitionFolder) -> None:
    truth = ground(STEP + TILE, STEP + TILE)
    place = tiles()[0][1]
    target = write_raster(tmp_path / "truth.tif", truth.astype(np.uint8), CRS, place)
    balance_definition(folder, BalanceOptions(target=str(target)))
    assert gains_of(folder) == pytest.approx(1 / GAINS, rel=0.03)
    build(folder)
    service = service_of(folder)
    side = (STEP + TILE) * PIXEL
    extent = Extent(LEFT, TOP - side, LEFT + side, TOP)
    view = View(extent=extent, width=STEP + TILE, height=STEP + TILE)
    found = read_view(service, view).data
    assert np.abs(found - truth).mean() < 1.5
    service.close()


def test_groups_that_do_not_touch_each_find_their_own_middle(tmp_path: Path) -> None:
    paths = write_tiles(tmp_path / "tiles")
    far = []
    for number, (data, place) in enumerate(tiles()[:2]):
        moved = Affine.translation(50_000, 0) @ place
        made = disturbed(data, number).astype(np.uint8)
        far.append(write_raster(tmp_path / f"far{number}.tif", made, CRS, moved))
    alone = write_raster(
        tmp_path / "alone.tif",
        tiles()[0][0].astype(np.uint8),
        CRS,
        Affine.translation(-90_000, 0) @ place,
    )
    folder = definition_of(tmp_path / "d.isdef", [*paths, *far, alone])
    report = balance_definition(folder)
    assert (report.groups, report.alone, report.corrected) == (2, 1, 6)
    assert corrections(folder)["alone"] == []
    gains = [np.array(p[0].arguments.gains) for p in corrections(folder).values() if p]  # type: ignore[union-attr]  # -- GainOffset's
    for group in (gains[:4], gains[4:]):
        assert np.exp(np.mean(np.log(group), axis=0)) == pytest.approx(np.ones(3), rel=0.02)


def test_what_comes_before_in_the_chain_stays_before(tmp_path: Path) -> None:
    paths = write_tiles(tmp_path / "tiles", "uint16", 100.0)
    folder = definition_of(tmp_path / "d.isdef", paths)
    reflectance = RasterFunctionProcess(
        function="GainOffset",
        arguments=GainOffsetRule(gains=(2e-5,), offsets=(-0.1,)),
        output_pixel_type=PixelType.F32,
        made_by=BY_RASTER_TYPE,
    )
    files = []
    for path in paths:
        entry = RasterEntry(source=str(path), process_chain=(reflectance,))
        definition = RasterProcessDefinition(name=path.stem, rasters=(entry,))
        file = tmp_path / f"{path.stem}.rpdef.json"
        file.write_bytes(write_definition(definition))
        files.append(file)
    import_definitions(folder, files)
    # The type of a service is settled by its first build; this one begins with reflectance.
    with folder.table() as table, table.batch():
        table.set_info("service", "")
    build(folder)
    before, texts = mean_step(folder), raster_texts(folder)
    balance_definition(folder)
    chain = raster_of_text(raster_texts(folder)["t0"]).process.chain_of(0)  # type: ignore[union-attr]  # -- it was imported
    assert [p.made_by for p in chain] == [BY_RASTER_TYPE, BY_BALANCE]  # type: ignore[union-attr]  # -- functions both
    build(folder)
    assert mean_step(folder) < 0.05 * before
    remove_balance(folder)
    assert raster_texts(folder) == texts


def test_bands_that_the_service_does_not_show_stay_as_they_are(tmp_path: Path) -> None:
    paths = []
    for number, (data, place) in enumerate(tiles()):
        four = np.concatenate([disturbed(data, number), data[:1]]).astype(np.uint8)
        path = tmp_path / f"t{number}.tif"
        # Not colours and their mask.
        paths.append(write_raster(path, four, CRS, place, photometric="MINISBLACK"))
    folder = definition_of(tmp_path / "d.isdef", paths)
    text = folder.toml.read_text(encoding="utf-8")
    folder.toml.write_text(text.replace("\nbands = 0", "\nbands = 3"), encoding="utf-8")
    assert "\nbands = 3" in folder.toml.read_text(encoding="utf-8")
    build(folder)
    balance_definition(folder)
    assert gains_of(folder).shape == (4, 4)
    assert (gains_of(folder)[:, 3] == 1.0).all()
    build(folder)
    assert len(service_of(folder).summary.bands) == 3


def test_light_that_changes_across_pictures_is_dodged(tmp_path: Path) -> None:
    shade = 0.75 + 0.5 * np.linspace(0, 1, TILE)
    paths = []
    for number, (data, place) in enumerate(tiles()):
        lit = np.clip(np.rint(data * (shade if number % 2 else shade[::-1])), 1, 254)
        paths.append(write_raster(tmp_path / f"t{number}.tif", lit.astype(np.uint8), CRS, place))
    folder = definition_of(tmp_path / "d.isdef", paths)
    truth = ground(STEP + TILE, STEP + TILE)
    target = write_raster(tmp_path / "truth.tif", truth.astype(np.uint8), CRS, tiles()[0][1])
    balance_definition(folder, BalanceOptions(method="dodge", target=str(target)))
    names = [[p.function for p in found] for found in corrections(folder).values()]
    assert names == [["GainOffset", "GainSurface"]] * 4
    build(folder)
    service = service_of(folder)
    side = (STEP + TILE) * PIXEL
    extent = Extent(LEFT, TOP - side, LEFT + side, TOP)
    view = View(extent=extent, width=STEP + TILE, height=STEP + TILE)
    found = read_view(service, view).data
    # 14 before.
    assert np.abs(found - truth).mean() < 4
    service.close()


def test_dodging_without_a_target_makes_neighbours_alike_everywhere(tmp_path: Path) -> None:
    shade = 0.85 + 0.3 * np.linspace(0, 1, TILE)
    paths = []
    for number, (data, place) in enumerate(tiles()):
        lit = np.clip(np.rint(data * shade), 1, 254).astype(np.uint8)
        paths.append(write_raster(tmp_path / f"t{number}.tif", lit, CRS, place))
    folder = definition_of(tmp_path / "d.isdef", paths)
    before = mean_step(folder)
    balance_definition(folder, BalanceOptions(method="dodge"))
    for found in corrections(folder).values():
        assert isinstance(found[-1].arguments, GainSurfaceRule)
    build(folder)
    assert before > 10
    assert mean_step(folder) < 0.1 * before


def test_the_picture_shows_both_with_their_numbers(
    tmp_path: Path, folder: DefinitionFolder
) -> None:
    wanted = tmp_path / "pictures" / "both.png"
    report = balance_definition(folder, BalanceOptions(picture=wanted))
    assert report.picture == wanted
    picture = np.asarray(Image.open(wanted))
    height, width, _ = picture.shape
    left, right = picture[80:, : width // 2], picture[80:, width // 2 :]
    # Halves differ, and the right one has less of a step in its middle.
    assert left.shape[0] == right.shape[0] == height - 80
    assert np.abs(left[:, 40:400].mean(axis=(0, 1)) - right[:, 40:400].mean(axis=(0, 1))).max() > 1
    assert balance_definition(folder).picture == folder.path / "balance" / "before-after.png"


def test_what_cannot_be_balanced_is_refused(tmp_path: Path, folder: DefinitionFolder) -> None:
    with pytest.raises(ConfigError, match="no item fulfils"):
        balance_definition(folder, BalanceOptions(where="Name = 'nobody'"))
    with pytest.raises(ConfigError, match="no name of an item"):
        balance_definition(folder, BalanceOptions(target="nobody"))
    grey = write_raster(tmp_path / "grey.tif", np.full((1, 9, 9), 7, np.uint8), CRS)
    with pytest.raises(ConfigError, match="has 1 bands; the service has 3"):
        balance_definition(folder, BalanceOptions(target=str(grey)))
    text = folder.toml.read_text(encoding="utf-8")
    folder.toml.write_text(text.replace("# thematic =", "thematic = true"), encoding="utf-8")
    build(folder)
    with pytest.raises(ConfigError, match="classes"):
        balance_definition(folder)


def test_what_was_never_built_is_refused(tmp_path: Path) -> None:
    write_scene(tmp_path / "a.tif", 0, 0, 1)
    folder = DefinitionFolder.create(tmp_path / "new.isdef")
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[tmp_path / "a.tif"]))
    with pytest.raises(ConfigError, match="swath definition build"):
        balance_definition(folder)


def test_a_balance_taken_back_before_a_build_leaves_nothing_unbuilt(
    folder: DefinitionFolder,
) -> None:
    assert balance_definition(folder).corrected == 4
    assert remove_balance(folder) == 4
    build(folder)
    with folder.table() as table:
        assert {row.status for row in table.rows()} == {ItemStatus.READY}


def test_what_waits_for_another_reason_is_built_first(folder: DefinitionFolder) -> None:
    with folder.table() as table:
        table.update(1, {"StatusId": int(ItemStatus.ADDED), "StatusMessage": "Build again."})
    assert balance_definition(folder).built == 1
    assert balance_definition(folder).built == 0
